-- Lmod's hooks of this image (LMOD_PACKAGE_PATH).
local hook = require("Hook")

-- Lmod ends `module avail` with ten lines of advice on lists that are too long; ours has one line.
hook.register("msgHook", function(_, lines)
   return lines
end)

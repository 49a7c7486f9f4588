// Texts that the console makes of numbers and names.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import * as words from "../../hub_config/classdesk_hub/console/static/words.js";

test("lengths of time are said as people say them", () => {
  const told = { 0: "0 s", 59: "59 s", 60: "1 min", 3599: "59 min", 3600: "1 h 00 min", 3900: "1 h 05 min" };
  for (const [seconds, text] of Object.entries(told)) {
    assert.equal(words.duration(Number(seconds)), text);
  }
  assert.equal(words.duration(86_400 + 7200), "1 d 2 h");
});

test("memory is told in binary units, as the form asks for it", () => {
  assert.equal(words.memory(512), "512 MiB");
  assert.equal(words.memory(1536), "1.5 GiB");
});

test("many names are cut, and one other is not", () => {
  const names = Array.from({ length: 14 }, (_, number) => `n${number}`);
  assert.equal(words.names(names.slice(0, 3), 2), "n0, n1 and n2");
  assert.match(words.names(names), /n11 and 2 others$/);
  assert.equal(words.names(["n0"]), "n0");
});

test("times are told by one clock of 24 hours, whatever the language", () => {
  const module = new URL("../../hub_config/classdesk_hub/console/static/words.js", import.meta.url);
  const moment = Date.UTC(2026, 10, 27, 15, 48, 27) / 1000;
  const program = `
    const { clock, exactClock } = await import("${module}");
    console.log(clock(${moment}), exactClock(${moment}));`;
  for (const LANG of ["en_US.UTF-8", "en_GB.UTF-8", "de_DE.UTF-8"]) {
    const options = { encoding: "utf8", env: { TZ: "UTC", LANG } };
    const said = execFileSync(process.execPath, ["--no-warnings", "--input-type=module", "--eval", program], options);
    assert.equal(said.trim(), "15:48 15:48:27");
  }
});

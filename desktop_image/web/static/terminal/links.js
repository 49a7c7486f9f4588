// What programs of the session serve, dask's dashboard above all, is a link in the terminal: its address has no host, as
// the session does not know by which name the browser came.

import { sessionUrl } from "../common/page.js";

/** @param {Terminal} terminal xterm.js's terminal */
export function setUpLinks(terminal) {
  const { origin, pathname } = sessionUrl("proxy/");
  const address = new RegExp(`(?:${escaped(origin)})?${escaped(pathname)}\\d+/[\\w./-]*`, "g");
  terminal.registerLinkProvider({
    provideLinks(line, tell) {
      const first = firstOf(terminal, line);
      const text = textFrom(terminal, first);
      const at = (index) => ({ x: (index % terminal.cols) + 1, y: first + Math.floor(index / terminal.cols) });
      tell(
        [...text.matchAll(address)].map(({ 0: found, index }) => ({
          text: found,
          range: { start: at(index), end: at(index + found.length - 1) },
          activate: () => window.open(new URL(found, window.location.href), "_blank", "noopener"),
        })),
      );
    },
  });
}

/** The number of the line that this one continues; lines are counted from 1. */
function firstOf(terminal, line) {
  let first = line;
  while (first > 1 && terminal.buffer.active.getLine(first - 1)?.isWrapped) first -= 1;
  return first;
}

/** A line with all that continues it. */
function textFrom(terminal, first) {
  const { active } = terminal.buffer;
  let text = active.getLine(first - 1)?.translateToString() ?? "";
  for (let next = first; active.getLine(next)?.isWrapped; next += 1) text += active.getLine(next).translateToString();
  return text;
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

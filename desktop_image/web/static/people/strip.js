// The strip above all else on the page. It says who is watching and asks what must be answered; nothing of the page can
// cover it, and it pushes the desktop down instead of hiding a part of it.

import { makeButton, makeText } from "./elements.js";

const strip = document.getElementById("watched");
const title = document.title;

// What is fixed to the window's upper edge keeps clear of it.
new ResizeObserver(() => {
  document.body.style.setProperty("--strip", `${strip.hidden ? 0 : strip.offsetHeight}px`);
}).observe(strip);

/**
 * Shows lines in the place of those before, only if something is new: a live region speaks at each change, and a
 * button that is replaced under the mouse loses the click.
 *
 * @param {Array<{text: string, tone?: string, actions?: Array<{label: string, run: () => void}>}>} lines `tone`:
 *   "question" for what waits for an answer, "control" for what should not be forgotten
 */
export function showStrip(lines) {
  const mark = JSON.stringify(lines);
  if (strip.dataset.mark === mark) return;
  strip.dataset.mark = mark;
  strip.replaceChildren(...lines.map(makeLine));
  strip.hidden = lines.length === 0;
  // Somebody at another tab sees a question by the tab's name.
  const question = lines.find(({ tone }) => tone === "question");
  document.title = question ? `● ${question.text}` : title;
}

function makeLine({ text, tone = "", actions = [] }) {
  const line = document.createElement("p");
  line.className = tone;
  line.append(makeText(text), ...actions.map(({ label, run }) => makeButton(label, run)));
  return line;
}

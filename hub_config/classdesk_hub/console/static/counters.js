// The counters on top: how many learners are in each state. Pressing one filters the list.
import { STATES } from "./learner.js";
import { setText } from "./row.js";

const ORDER = ["", "hand", "running", "idle", "starting", "queued", "failed", "not started", "stopping"];
const NAMES = { "": "All", hand: "Ask for help", ...STATES };
const ALWAYS = new Set(["", "hand", "running", "failed", "not started"]);

export class Counters {
  /** @param {HTMLElement} box  @param {function(string): void} onpress Gets the state, "" for all. */
  constructor(box, onpress) {
    this.state = "";
    this.buttons = new Map(
      ORDER.map((state) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "counter";
        button.dataset.state = state || "all";
        button.append(document.createElement("b"), document.createElement("span"));
        button.lastChild.textContent = NAMES[state];
        button.setAttribute("aria-pressed", String(state === ""));
        button.addEventListener("click", () => onpress(this.state === state ? "" : state));
        return [state, button];
      }),
    );
    box.append(...this.buttons.values());
  }

  show(counts, total) {
    for (const [state, button] of this.buttons) {
      const n = state ? (counts[state] ?? 0) : total;
      setText(button.firstChild, String(n));
      button.classList.toggle("none", n === 0);
      button.hidden = n === 0 && !ALWAYS.has(state) && this.state !== state;
    }
  }

  press(state) {
    this.state = state;
    for (const [other, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(other === state));
    }
  }
}

// The counters on top: how many learners are in each state. Pressing one filters the list.
import { STATES } from "./learner.js";
import { setText } from "./row.js";

// All of them always, each at its place: one that came and went would move its neighbours beneath the pointer.
const ORDER = ["", "hand", "failed", "frozen", "running", "idle", "away", "starting", "queued", "not started"];
const NAMES = { "": "All", hand: "Ask for help", away: "No page open", ...STATES };

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
      const n = state ? counts[state] : total;
      setText(button.firstChild, String(n));
      button.classList.toggle("none", n === 0);
    }
  }

  press(state) {
    this.state = state;
    for (const [other, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(other === state));
    }
  }
}

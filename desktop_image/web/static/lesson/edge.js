// The edge between desktop and lesson, which is moved with the mouse, a finger, or the arrow keys.

import { remember, remembered } from "../common/remember.js";

const LEAST = 260;
const USUAL = 380;
const STEP = 24;

export class Edge {
  #edge;
  #pane;
  #wished = USUAL; // what the learner has chosen
  #width = USUAL; // what there is room for

  /** @param {HTMLElement} edge; @param {HTMLElement} pane whose width it changes */
  constructor(edge, pane) {
    this.#edge = edge;
    this.#pane = pane;
  }

  setUp() {
    this.#wish(Number(remembered("lesson-width", "0")) || USUAL);
    this.#edge.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.#edge.setPointerCapture(event.pointerId);
      this.#edge.classList.add("moves");
    });
    this.#edge.addEventListener("pointermove", (event) => {
      if (this.#edge.hasPointerCapture(event.pointerId)) this.#wish(window.innerWidth - event.clientX);
    });
    this.#edge.addEventListener("lostpointercapture", () => this.#edge.classList.remove("moves"));
    this.#edge.addEventListener("keydown", (event) => {
      const more = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
      if (!more) return;
      event.preventDefault();
      this.#wish(this.#width + more);
    });
    window.addEventListener("resize", () => this.#fit());
  }

  #wish(width) {
    this.#wished = width;
    this.#fit();
    remember("lesson-width", String(this.#width));
  }

  /** As wide as it was wished, where the window has room: at most half of it. */
  #fit() {
    const most = Math.max(LEAST, Math.round(window.innerWidth / 2));
    this.#width = Math.round(Math.min(most, Math.max(LEAST, this.#wished)));
    this.#pane.style.setProperty("--lesson-width", `${this.#width}px`);
    this.#edge.setAttribute("aria-valuemin", String(LEAST));
    this.#edge.setAttribute("aria-valuemax", String(most));
    this.#edge.setAttribute("aria-valuenow", String(this.#width));
  }
}

// Waiting between tries: longer and longer, and at once when there is a reason to hope.

const LONGEST_SECONDS = 5;
const FIRST_SECONDS = 0.25;

export class Retry {
  #seconds = FIRST_SECONDS;
  #wake = () => {};

  constructor() {
    // A laptop that wakes up or finds its Wi-Fi again should not wait for a timer.
    window.addEventListener("online", () => this.#wake());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#wake();
    });
  }

  /** It worked: the next failure is the first one again. */
  reset() {
    this.#seconds = FIRST_SECONDS;
  }

  async wait(seconds = this.#seconds) {
    this.#seconds = Math.min(2 * this.#seconds, LONGEST_SECONDS);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, 1000 * seconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

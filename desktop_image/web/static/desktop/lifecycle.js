// From the first second to the end of the session: keeps the channel and the screen connected, and knows why not.

import { onLogIn, reopen, watchLogIn } from "../common/log_in.js";
import { askSession } from "../common/page.js";
import { Retry } from "../common/retry.js";

// States in which there is a screen to connect to.
const WITH_SCREEN = ["starting MATE", "painted"];
// A desktop whose panel is late (an unusual home) is shown all the same.
const LONGEST_CURTAIN_SECONDS = 15;
// A proxy that has just started does not know the session until the hub has told it.
const SURELY_OVER_SECONDS = 4;
// A channel that is cut and comes back at once (a proxy's time limit) is nothing to tell of.
const AWAY_SECONDS = 1.5;

/** Sends the event `change` when one of its facts is new; they are those that `notice()` takes. */
export class Lifecycle extends EventTarget {
  known = {
    trouble: "",
    reopening: false,
    state: null,
    ended: null,
    isShown: false,
    wasShown: false,
  };
  #channel;
  #screen;
  #waiting = new Set(); // what waits for a fact
  #away = 0; // the timer that tells of a lost link
  #overSince = 0;

  constructor(channel, screen) {
    super();
    this.#channel = channel;
    this.#screen = screen;
    channel.addEventListener("state", ({ detail }) => {
      clearTimeout(this.#away);
      this.#learn({ state: detail, trouble: "" });
    });
    channel.addEventListener("ended", ({ detail }) => this.#learn({ ended: detail }));
    // The link is dead, and with it the desktop's socket, which cannot know by itself.
    channel.addEventListener("dead", () => {
      screen.disconnect();
      this.#learn({ trouble: "away" });
    });
  }

  run() {
    this.#keepChannel();
    this.#keepScreen();
    watchLogIn(() => this.#shut());
    onLogIn(() => {
      if (this.known.trouble === "log-in") this.#openAgain();
    });
  }

  /** The log-in has ended: nobody types into the session from here any more. */
  async #shut() {
    if (this.known.trouble === "log-in") return;
    this.#learn({ trouble: "log-in" });
    this.#screen.disconnect();
    this.#channel.close();
    await this.#openAgain();
  }

  async #openAgain() {
    this.#learn({ reopening: true });
    const trouble = await reopen();
    if (trouble) this.#learn({ trouble, reopening: false });
  }

  #learn(facts) {
    this.known = { ...this.known, ...facts };
    for (const look of this.#waiting) look();
    this.dispatchEvent(new Event("change"));
  }

  #until(condition) {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition(this.known)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  async #keepChannel() {
    const retry = new Retry();
    for (;;) {
      if (await this.#channel.connect()) {
        retry.reset();
        this.#overSince = 0;
        this.#learn({ ended: null });
        await this.#channel.closed();
        if (this.known.trouble === "log-in") continue;
        this.#away = setTimeout(() => this.#learn({ trouble: "away" }), 1000 * AWAY_SECONDS);
      } else {
        await this.#findTrouble();
      }
      await retry.wait();
    }
  }

  async #findTrouble() {
    const { kind } = await askSession();
    if (kind !== "over") {
      this.#overSince = 0;
      if (kind === "log-in") await this.#shut();
      else this.#learn({ trouble: "away" });
      return;
    }
    this.#overSince ||= Date.now();
    if (Date.now() - this.#overSince > 1000 * SURELY_OVER_SECONDS) this.#learn({ trouble: kind });
  }

  async #keepScreen() {
    const retry = new Retry();
    for (;;) {
      await this.#until(({ trouble, ended, state }) => !trouble && !ended && WITH_SCREEN.includes(state?.state));
      if (await this.#screen.connect()) {
        retry.reset();
        const gone = this.#screen.closed();
        const painted = this.#until(({ state }) => state.state === "painted");
        await Promise.race([gone, painted.then(() => this.#screen.picture()), late()]);
        if (this.#screen.isConnected) this.#learn({ isShown: true, wasShown: true });
        await gone;
        this.#learn({ isShown: false });
      }
      await retry.wait();
    }
  }
}

function late() {
  return new Promise((resolve) => {
    setTimeout(resolve, 1000 * LONGEST_CURTAIN_SECONDS);
  });
}

// The two connections of the watching page: the channel, which tells how the visit stands, and the picture.

import RFB from "../node_modules/@novnc/novnc/core/rfb.js";
import { socketAddress } from "./api.js";
import { keyOf } from "./keyboard/keysyms.js";
import { takeKeysFrom } from "./keyboard/upstream.js";

const NOT_ALLOWED = 4403; // the session's own code, and the console's, for a refusal
const PING_MS = 5000;
const DEAD_MS = 15_000;
const PICTURE_PAUSE_MS = 1000;
const PAUSES_MS = [300, 1000, 2000, 4000];
// States of the desktop in which there is a screen to look at.
const WITH_SCREEN = new Set(["starting MATE", "painted"]);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Keeps both connected as long as `wanted()`; tells facts to `learn`. The picture begins when the channel has spoken.
 * Sends the event `focus` (`detail.terminal`: whether a terminal has the keyboard) when that was asked.
 */
export class WatchLink extends EventTarget {
  #screen;
  #keyboard;
  #learner;
  #wanted;
  #learn;
  #socket = null;
  #rfb = null;
  #heard = 0;
  #control = false;
  #desktop = "";
  #refused = false;

  /**
   * @param {HTMLElement} screen Where the picture goes.
   * @param {HTMLElement} keyboard Where the picture's keys come from.
   * @param {string} learner
   * @param {function(): boolean} wanted Whether to be connected.
   * @param {function(object): void} learn Gets facts: `lost`, `visit`, `reason`, `desktop`, `control`, `asksForControl`,
   *   `isShown`, `hasEnded`.
   */
  constructor(screen, keyboard, learner, wanted, learn) {
    super();
    this.#screen = screen;
    this.#keyboard = keyboard;
    this.#learner = encodeURIComponent(learner);
    this.#wanted = wanted;
    this.#learn = learn;
  }

  async run() {
    setInterval(() => this.#beat(), PING_MS);
    for (let failures = 0; ; failures += 1) {
      while (!this.#wanted()) {
        await sleep(PAUSES_MS[0]);
      }
      if (await this.#follow()) {
        failures = 0;
      }
      this.close();
      if (this.#wanted()) {
        this.#learn({ lost: true });
      }
      await sleep(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)]);
    }
  }

  /** Ends both connections; they come again if they are wanted. */
  close() {
    this.#socket?.close();
    this.#desktop = "";
    const rfb = this.#rfb;
    this.#rfb = null;
    if (rfb) {
      rfb.disconnect();
      this.#learn({ isShown: false });
    }
  }

  /** Asks for the picture anew after a refusal. */
  askAgain() {
    this.#refused = false;
    this.#learn({ visit: "", reason: "" });
    this.#beginPicture();
  }

  /** Asks for control, or gives it back. */
  wantControl(want) {
    this.send({ type: "control", want });
  }

  focus() {
    this.#rfb?.focus({ preventScroll: true });
  }

  /** Types a text, character by character: neither clipboard takes part. */
  type(text) {
    if (!this.#control || !this.#rfb) {
      return;
    }
    for (const [keysym, code] of MODIFIERS) {
      this.#rfb.sendKey(keysym, code, false); // those of the keystroke that pasted are still down there
    }
    for (const character of text.replaceAll("\r\n", "\n")) {
      this.sendKey(...keyOf(character));
    }
  }

  /** Presses or lets go a key; without `down` both. */
  sendKey(keysym, code, down) {
    this.#rfb?.sendKey(keysym, code, down);
  }

  /** Follows the channel until it ends; returns whether it had begun. */
  #follow() {
    return new Promise((resolve) => {
      const socket = new WebSocket(socketAddress(`channel/${this.#learner}`));
      let hasBegun = false;
      this.#socket = socket;
      this.#heard = performance.now();
      socket.addEventListener("message", ({ data }) => {
        hasBegun = true;
        this.#heard = performance.now();
        this.#take(JSON.parse(data));
      });
      socket.addEventListener("close", () => resolve(hasBegun), { once: true });
      socket.addEventListener("dead", () => resolve(hasBegun), { once: true });
    });
  }

  #take(message) {
    if (message.type === "visit") {
      this.#learn({ visit: message.state, reason: message.reason });
    } else if (message.type === "focus") {
      this.dispatchEvent(new CustomEvent("focus", { detail: message }));
    } else if (message.type === "ended") {
      this.#learn({ hasEnded: true });
    } else if (message.type === "state") {
      const { desktop, asking, control, asks_for_control: asksForControl } = message;
      this.#control = control;
      this.#desktop = desktop;
      if (this.#rfb) {
        this.#rfb.viewOnly = !control;
      }
      this.#learn({ lost: false, desktop, control, asksForControl, ...(asking && { visit: "asking" }) });
      this.#beginPicture();
    }
  }

  #beginPicture() {
    if (this.#rfb || this.#refused || !WITH_SCREEN.has(this.#desktop) || !this.#wanted()) {
      return;
    }
    const socket = new WebSocket(socketAddress(`picture/${this.#learner}`));
    let code = 0;
    socket.addEventListener("close", (event) => (code = event.code)); // before noVNC, which tells of it at once
    const rfb = new RFB(this.#screen, socket, { shared: true });
    takeKeysFrom(rfb, this.#keyboard);
    this.#rfb = rfb;
    rfb.scaleViewport = true;
    rfb.background = "transparent";
    rfb.viewOnly = !this.#control;
    rfb.addEventListener("connect", () => this.#learn({ isShown: true, visit: "watching", reason: "" }));
    rfb.addEventListener("disconnect", () => {
      if (this.#rfb !== rfb) {
        return; // it was ended from here
      }
      this.#rfb = null;
      this.#refused = code === NOT_ALLOWED;
      this.#learn({ isShown: false, ...(this.#refused && { visit: "refused" }) });
      setTimeout(() => this.#beginPicture(), PICTURE_PAUSE_MS);
    });
  }

  #beat() {
    if (!this.isOpen) {
      return;
    }
    if (performance.now() - this.#heard > DEAD_MS) {
      // The link died in silence: its sockets may take minutes to close.
      this.#socket.dispatchEvent(new Event("dead"));
    } else {
      this.send({ type: "ping", t: performance.now() });
    }
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  send(message) {
    if (this.isOpen) {
      this.#socket.send(JSON.stringify(message));
    }
  }
}

const MODIFIERS = [
  [0xffe3, "ControlLeft"],
  [0xffe4, "ControlRight"],
  [0xffe1, "ShiftLeft"],
  [0xffe2, "ShiftRight"],
  [0xffe7, "MetaLeft"],
  [0xffe8, "MetaRight"],
];

// The channel to the session: the session tells what changes, and pings find a link that has died in silence.

const PING_SECONDS = 5;
// While the link is busy its delay is interesting.
const BUSY_PING_SECONDS = 0.5;
// Together with a ping's interval: a dead link is known within 20 s.
const DEAD_SECONDS = 14;
const OPEN_SECONDS = 8;
// A timer that comes this late has slept: the laptop was closed, or the tab was frozen.
const SLEPT_SECONDS = 20;
const AWAKE_SECONDS = 4;

/**
 * Sends an event for each message, with the message's type as its name and the message as its `detail`;
 * `delay` (`detail`: milliseconds) for each answered ping, and `dead` when a link has died in silence.
 */
export class Channel extends EventTarget {
  #url;
  #socket = null;
  #end = Promise.resolve();
  #timer = 0;
  #asked = 0; // when the ping that waits for its answer was sent, or 0
  #patience = DEAD_SECONDS;
  #looked = 0;
  #busy = () => false;

  /** @param {string} url the websocket's address */
  constructor(url) {
    super();
    this.#url = url;
    window.addEventListener("online", () => this.#askNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#askNow();
    });
  }

  get isOpen() {
    return this.#socket !== null;
  }

  /** @param {() => boolean} busy tells whether to ask more often */
  watchDelayWhile(busy) {
    this.#busy = busy;
  }

  /** @returns {Promise<boolean>} whether the session has told its state */
  async connect() {
    const socket = new WebSocket(this.#url);
    const closed = new Promise((resolve) => {
      socket.addEventListener("close", resolve, { once: true });
    });
    const first = new Promise((resolve) => {
      socket.addEventListener("message", resolve, { once: true });
    });
    const tooLate = new Promise((resolve) => {
      setTimeout(resolve, 1000 * OPEN_SECONDS);
    });
    const open = await Promise.race([first, closed.then(() => null), tooLate.then(() => null)]);
    if (!open) {
      socket.close();
      return false;
    }
    this.#socket = socket;
    this.#asked = 0;
    this.#looked = performance.now();
    this.#patience = DEAD_SECONDS;
    const dead = new Promise((resolve) => {
      this.addEventListener("dead", resolve, { once: true });
    });
    // A dead socket may take minutes to close; nobody waits for it.
    this.#end = Promise.race([closed, dead]).then(() => this.#forget(socket));
    socket.addEventListener("message", (event) => this.#hear(socket, event.data));
    this.#hear(socket, open.data);
    this.#watch();
    return true;
  }

  /** Resolves when the connection that `connect()` made has ended. */
  closed() {
    return this.#end;
  }

  /** Ends the connection from this side. */
  close() {
    this.#socket?.close();
  }

  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #hear(socket, text) {
    if (socket !== this.#socket) return;
    const message = JSON.parse(text);
    if (message.type === "pong") {
      const delay = performance.now() - message.t;
      this.#asked = 0;
      this.#patience = DEAD_SECONDS;
      this.dispatchEvent(new CustomEvent("delay", { detail: delay }));
    } else {
      this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
    }
  }

  #forget(socket) {
    clearTimeout(this.#timer);
    socket.close();
    this.#socket = null;
  }

  #watch() {
    clearTimeout(this.#timer);
    const now = performance.now();
    if (now - this.#looked > 1000 * SLEPT_SECONDS) {
      // What was asked before the sleep may never be answered; ask again and be impatient.
      this.#asked = 0;
      this.#patience = AWAKE_SECONDS;
    }
    this.#looked = now;
    if (this.#asked && now - this.#asked > 1000 * this.#patience) {
      this.dispatchEvent(new Event("dead"));
      return;
    }
    if (!this.#asked) this.#ask(now);
    const next = this.#busy() ? BUSY_PING_SECONDS : PING_SECONDS;
    const dead = this.#asked + 1000 * this.#patience - now + 10;
    this.#timer = setTimeout(() => this.#watch(), Math.min(1000 * next, dead));
  }

  #ask(now) {
    this.#asked = now;
    this.send({ type: "ping", t: now });
  }

  /** There is a reason to doubt the link, or to hope for it. */
  #askNow() {
    if (!this.#socket) return;
    this.#patience = AWAKE_SECONDS;
    this.#asked = 0;
    this.#watch();
  }
}

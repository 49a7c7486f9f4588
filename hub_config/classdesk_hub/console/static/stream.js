// The service's event stream, with recovery. It is read by fetch: an EventSource cannot send the header that JupyterHub
// wants, does not tell 403 from 503, and does not notice a link that went dead without a word.
import { CUT, consoleAnswers, headers, hubAnswers, meaning, statusOf } from "./api.js";

const SILENCE_MS = 12_000; // the service sends a comment every 5 s
const LOOK_MS = 1000;
const PAUSES_MS = [500, 1000, 2000, 3000];
const LOGIN_PAUSE_MS = 60_000;

/** Cuts a stream's text into events; what is incomplete waits for the next piece. */
export class EventParser {
  #rest = "";

  /** Returns the events that a piece of text completes, as `{type, data}`. */
  feed(text) {
    const blocks = (this.#rest + text.replaceAll("\r\n", "\n")).split("\n\n");
    this.#rest = blocks.pop();
    return blocks.map(EventParser.#event).filter((event) => event.data);
  }

  static #event(block) {
    const event = { type: "message", data: "" };
    for (const line of block.split("\n")) {
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (field === "event") {
        event.type = value;
      } else if (field === "data") {
        event.data += (event.data && "\n") + value;
      }
    }
    return event;
  }
}

/** Follows the stream for as long as the page is open. */
export class Stream {
  /**
   * @param {string} address
   * @param {{event: function(string, object): void, state: function(object): void}} on `event` gets the type and the
   *   data; `state` gets `{live}` and, when it is not, `{sentence, retryAt, login}`.
   */
  constructor(address, on) {
    this.address = address;
    this.on = on;
    this.failures = 0;
    this.heard = 0; // when the service last said anything, in milliseconds
    this.wake = () => {};
    addEventListener("online", () => this.again());
    addEventListener("offline", () => this.abort?.abort("offline"));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.again());
  }

  /** Tries at once instead of at the end of the pause. */
  again() {
    this.wake();
  }

  async run() {
    for (;;) {
      let status = await this.#follow();
      let login = status === 401 || status === 403;
      if (login && !(await consoleAnswers())) {
        login = false;
        status = 503;
      }
      if (login) {
        await logInAgain();
      }
      const pause = login ? 4000 : PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)];
      this.failures += 1;
      this.on.state({ live: false, sentence: meaning(status), retryAt: Date.now() + pause, login });
      await new Promise((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, pause * (0.8 + 0.4 * Math.random()));
      });
      this.wake = () => {};
    }
  }

  /** Reads until the stream ends; returns the status that says why, CUT where it was lost while it was read. */
  async #follow() {
    this.abort = new AbortController();
    const { abort } = this;
    const began = Date.now();
    let status = 0;
    // By the clock, so that a laptop that wakes up does not wait for what was missed in its sleep.
    const watch = setInterval(() => {
      if (Date.now() - Math.max(began, this.heard) > SILENCE_MS) {
        abort.abort("silence");
      }
    }, LOOK_MS);
    try {
      const answer = await fetch(this.address, {
        headers,
        cache: "no-store",
        redirect: "manual",
        signal: abort.signal,
      });
      if (!answer.ok) {
        return statusOf(answer);
      }
      status = CUT;
      const parser = new EventParser();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) {
          return 503; // it was ended on purpose
        }
        this.heard = Date.now();
        for (const { type, data } of parser.feed(value)) {
          this.failures = 0;
          this.on.event(type, JSON.parse(data));
        }
      }
    } catch {
      return status;
    } finally {
      clearInterval(watch);
      abort.abort("over");
    }
  }
}

/**
 * Loads the page anew, which logs in again without a question while the hub knows the browser: a restarted service
 * has forgotten its own cookies. Not more than once a minute, and not into a hub that is away.
 */
async function logInAgain() {
  const last = Number(sessionStorage.getItem("classdesk-login") ?? 0);
  const isBusy = Boolean(document.querySelector("dialog[open]"));
  if (isBusy || Date.now() - last < LOGIN_PAUSE_MS || !(await hubAnswers())) {
    return;
  }
  sessionStorage.setItem("classdesk-login", String(Date.now()));
  location.reload();
}

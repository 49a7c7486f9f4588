// Whether what the page shows is live; if not, why, and from when it is.
import { setText } from "./row.js";
import { exactClock } from "./words.js";

const find = (id) => document.getElementById(id);

export class Status {
  /** @param {function(): void} again Tries to connect at once. */
  constructor(again) {
    find("notice-again").addEventListener("click", again);
    find("notice-login").href = location.href;
    setInterval(() => this.#count(), 1000);
  }

  /** News has come. `notice` is the service's own sentence, as when the hub does not answer it. */
  fresh(notice, time) {
    this.state = null;
    this.#show(notice ? "old" : "live", notice ? `As of ${exactClock(time)}` : "Live");
    this.#tell(notice);
    find("notice-again").hidden = true;
    find("notice-login").hidden = true;
  }

  /** The connection is lost: what is shown is old. */
  away({ sentence, retryAt, login }, time) {
    this.state = { sentence, retryAt, time };
    this.#show("old", time ? `As of ${exactClock(time)}` : "Not connected");
    find("notice-again").hidden = login;
    find("notice-login").hidden = !login;
    this.#count();
  }

  #count() {
    if (!this.state) {
      return;
    }
    const { sentence, retryAt, time } = this.state;
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    const old = time ? ` What you see is from ${exactClock(time)}.` : "";
    this.#tell(`${sentence}${old} ${seconds ? `Trying again in ${seconds} s.` : "Trying again…"}`);
  }

  #tell(text) {
    find("notice").hidden = !text;
    setText(find("notice-text"), text);
  }

  #show(kind, text) {
    document.body.classList.toggle("old", kind === "old");
    find("live").dataset.kind = kind;
    setText(find("live-text"), text);
  }
}

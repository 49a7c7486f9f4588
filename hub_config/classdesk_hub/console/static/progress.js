// Acts that run: how far each one is, what failed and why, and once more for those.
import { get } from "./api.js";
import { title } from "./learner.js";
import { setText } from "./row.js";
import { clock, count } from "./words.js";

const STAY_MS = 12_000; // a success goes away by itself; a failure stays until somebody has read it
const LOST =
  "The console was restarted in the meantime; whether this was done is not known. The learner's state is up to date.";

export const TITLES = JSON.parse(document.body.dataset.titles);

const STATUS = { waiting: "waiting", running: "under way", done: "done", partly: "done in part", failed: "failed" };
const OVER = new Set(["done", "partly", "failed"]);

/** Counts results by what became of them. */
export function tally(results) {
  const counts = { waiting: 0, running: 0, done: 0, partly: 0, failed: 0 };
  for (const { status } of results) {
    counts[status] += 1;
  }
  return counts;
}

/** What came of an act for a learner, with the session's new end by the reader's clock. */
const said = ({ message, end }) => (end ? `${message} It ends at ${clock(end)}.` : message);

export function sumSentence(counts, total) {
  const parts = [`${counts.done} of ${total} done`];
  if (counts.partly) {
    parts.push(`${counts.partly} in part`);
  }
  if (counts.failed) {
    parts.push(`${counts.failed} failed`);
  }
  if (counts.running) {
    parts.push(`${counts.running} under way`);
  }
  if (counts.waiting) {
    parts.push(`${counts.waiting} waiting`);
  }
  return `${parts.join(", ")}.`;
}

class Card {
  constructor(act, onagain, onaway) {
    this.node = document.getElementById("act-template").content.firstElementChild.cloneNode(true);
    this.node.dataset.id = act.id;
    this.lines = new Map();
    this.act = { ...act, results: [] };
    this.again = this.node.querySelector(":scope > .again");
    this.again.addEventListener("click", () => onagain(this));
    this.node.querySelector(".btn-close").addEventListener("click", () => onaway(this));
  }

  /** Takes an act as the service tells it; results may be those alone that have changed. */
  merge(act, nameOf) {
    const results = new Map(this.act.results.map((result) => [result.learner, result]));
    for (const result of act.results) {
      results.set(result.learner, result);
    }
    this.act = { ...this.act, ...act, results: [...results.values()] };
    this.#show(nameOf);
  }

  /** Whether somebody has to read it before it goes. */
  get needsEye() {
    return this.act.results.some(({ status }) => status === "failed" || status === "partly");
  }

  /** Those for whom trying again can help: what was refused would be refused again. */
  get hopeful() {
    return this.act.results.filter(({ status, final }) => status === "failed" && !final).map(({ learner }) => learner);
  }

  #show(nameOf) {
    const { act, results, by, began, done } = this.act;
    const counts = tally(results);
    const total = results.length;
    const whom = total === 1 ? nameOf(results[0].learner) : count(total, "learner");
    setText(this.node.querySelector("h2"), `${TITLES[act]}: ${whom}`);
    this.node.querySelector("h2").title = `${by ? `by ${by}, ` : ""}${began ? clock(began) : ""}`;
    const [only] = results;
    setText(
      this.node.querySelector(".sum"),
      total === 1 ? said(only) || `${STATUS[only.status]}.` : sumSentence(counts, total),
    );
    this.node.querySelector("details").hidden = total === 1;
    const share = (n) => `${(100 * n) / (total || 1)}%`;
    this.node.querySelector(".progress-bar.done").style.width = share(counts.done);
    this.node.querySelector(".progress-bar.partly").style.width = share(counts.partly);
    this.node.querySelector(".progress-bar.failed").style.width = share(counts.failed);
    const bar = this.node.querySelector(".progress");
    bar.setAttribute("aria-valuemax", String(total));
    bar.setAttribute("aria-valuenow", String(counts.done + counts.partly + counts.failed));
    this.node.classList.toggle("over", Boolean(done));
    this.node.classList.toggle("with-failures", counts.failed > 0);
    this.node.classList.toggle("in-part", counts.partly > 0);
    if ((counts.failed || counts.partly) && !this.opened) {
      this.opened = this.node.querySelector("details").open = true;
    }
    const again = this.hopeful.length;
    setText(
      this.again,
      total === 1
        ? "Try again"
        : `Try ${again === counts.failed ? "the" : ""} ${again} that failed again`.replace("  ", " "),
    );
    this.again.hidden = !done || again === 0;
    this.#lines(results, nameOf);
  }

  #lines(results, nameOf) {
    const list = this.node.querySelector(".results");
    for (const { learner, status, message, end } of results) {
      if (!this.lines.has(learner)) {
        this.lines.set(learner, list.appendChild(document.createElement("li")));
      }
      const line = this.lines.get(learner);
      if (line.dataset.status !== status) {
        line.dataset.status = status;
        if (status === "failed" || status === "partly") {
          list.prepend(line); // what needs an eye is on top
        }
      }
      setText(line, `${nameOf(learner)}: ${said({ message, end }) || STATUS[status]}`);
    }
  }
}

export class Progress {
  /**
   * @param {HTMLElement} box
   * @param {Store} store
   * @param {function(object): void} repeat Sends an act once more, for the learners it is given.
   */
  constructor(box, store, repeat) {
    this.box = box;
    this.store = store;
    this.repeat = repeat;
    this.cards = new Map();
    this.sent = new Map(); // what was asked for, to ask it again
    this.away = new Set();
    box.addEventListener("pointerenter", () => (this.isRead = true));
    box.addEventListener("pointerleave", () => (this.isRead = false));
  }

  /** Remembers what was asked for under an id. */
  asked(id, request) {
    this.sent.set(id, request);
    // News of it may have come before the answer, of some learners or of all.
    const act = this.cards.get(id)?.act ?? { id, act: request.act, began: this.store.now(), done: false, results: [] };
    const known = new Set(act.results.map(({ learner }) => learner));
    const waiting = request.learners.filter((learner) => !known.has(learner));
    this.take({ ...act, results: waiting.map((learner) => ({ learner, status: "waiting", message: "" })) });
  }

  /** Shows that the service did not take an act at all. */
  refused(request, sentence) {
    const id = `refused-${Date.now()}`;
    this.sent.set(id, request);
    const results = request.learners.map((learner) => ({ learner, status: "failed", message: sentence }));
    this.take({ id, act: request.act, began: this.store.now(), done: true, results });
  }

  /** Takes news of an act, this instructor's or another's. */
  take(act) {
    if (this.away.has(act.id)) {
      return;
    }
    let card = this.cards.get(act.id);
    if (!card) {
      // What went well before makes room for what comes.
      for (const old of [...this.cards.values()].filter((old) => old.act.done && !old.needsEye)) {
        this.#putAway(old);
      }
      card = new Card(
        act,
        (again) => this.#again(again),
        (old) => this.#putAway(old),
      );
      this.cards.set(act.id, card);
      this.box.prepend(card.node);
    }
    card.merge(act, (name) => title(this.store.learners.get(name) ?? { name }));
    if (card.act.done && !card.needsEye && !card.leaving) {
      card.leaving = setTimeout(() => this.#leave(card), STAY_MS);
    }
  }

  #leave(card) {
    if (this.isRead || card.node.contains(document.activeElement)) {
      card.leaving = setTimeout(() => this.#leave(card), STAY_MS / 4);
    } else {
      this.#putAway(card);
    }
  }

  #putAway(card) {
    this.away.add(card.act.id);
    this.cards.delete(card.act.id);
    card.node.remove();
  }

  #again(card) {
    const { act, text, minutes } = { ...card.act, ...this.sent.get(card.act.id) };
    this.#putAway(card);
    this.repeat({ act, text, minutes, learners: card.hopeful });
  }

  /** After the connection was lost: asks what has become of the acts that were under way. */
  async askAgain() {
    for (const card of [...this.cards.values()].filter(({ act }) => !act.done)) {
      try {
        this.take(await get(`acts/${encodeURIComponent(card.act.id)}`));
      } catch (error) {
        if (error.status === 404) {
          const lost = ({ learner, status, message }) =>
            OVER.has(status) ? { learner, status, message } : { learner, status: "failed", message: LOST };
          this.take({ id: card.act.id, done: true, results: card.act.results.map(lost) });
        }
      }
    }
  }
}

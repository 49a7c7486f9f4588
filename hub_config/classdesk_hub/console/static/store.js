// What is known of the class: the learners by name, and when they were last told.
import { isAway } from "./learner.js";

export class Store {
  constructor() {
    this.learners = new Map();
    this.policy = {};
    this.time = 0;
    this.lead = 0; // seconds that the service's clock is ahead of this one
    this.changed = new Set();
  }

  /** The service's time now, in Unix seconds. */
  now() {
    return Date.now() / 1000 + this.lead;
  }

  /** Takes everything anew; learners that the snapshot lacks have left the class. */
  snapshot({ learners, policy, time }) {
    this.policy = policy ?? this.policy;
    this.#heard(time);
    const names = new Set(learners.map((learner) => learner.name));
    this.#remove([...this.learners.keys()].filter((name) => !names.has(name)));
    this.#put(learners);
  }

  /** Takes what has changed. */
  change({ learners = [], gone = [], time }) {
    this.#heard(time);
    this.#remove(gone);
    this.#put(learners);
  }

  #heard(time) {
    this.time = time || this.now();
    this.lead = time ? time - Date.now() / 1000 : this.lead;
  }

  #put(learners) {
    for (const learner of learners) {
      this.learners.set(learner.name, learner);
      this.changed.add(learner.name);
    }
  }

  #remove(names) {
    for (const name of names) {
      this.learners.delete(name);
      this.changed.add(name);
    }
  }

  /** Learners by name; those who have left the class are left out. */
  find(names) {
    return names.map((name) => this.learners.get(name)).filter(Boolean);
  }

  /** How many learners are in each state; `hand` counts those who ask for help, `away` those who have no page open. */
  counts() {
    const counts = {};
    const add = (key, isSo) => {
      counts[key] = (counts[key] ?? 0) + Number(isSo);
    };
    for (const learner of this.learners.values()) {
      add(learner.state, true);
      add("hand", Boolean(learner.hand));
      add("away", isAway(learner));
    }
    return counts;
  }
}

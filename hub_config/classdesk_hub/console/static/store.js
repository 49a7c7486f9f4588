// What is known of the class: the learners by name, how many are in each state, and when they were last told.

export class Store {
  constructor() {
    this.learners = new Map();
    this.counts = {}; // by state; `hand` counts those who ask for help, `away` those who have no page open
    this.time = 0;
    this.lead = 0; // seconds that the service's clock is ahead of this one
    this.changed = new Set();
  }

  /** The service's time now, in Unix seconds. */
  now() {
    return Date.now() / 1000 + this.lead;
  }

  /** Takes everything anew; learners that the snapshot lacks have left the class. */
  snapshot({ learners, counts, time }) {
    this.#heard(counts, time);
    const names = new Set(learners.map((learner) => learner.name));
    this.#remove([...this.learners.keys()].filter((name) => !names.has(name)));
    this.#put(learners);
  }

  /** Takes what has changed. */
  change({ learners, gone, counts, time }) {
    this.#heard(counts, time);
    this.#remove(gone);
    this.#put(learners);
  }

  #heard(counts, time) {
    this.counts = counts;
    this.time = time;
    this.lead = time - Date.now() / 1000;
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
}

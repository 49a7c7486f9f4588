// Who is selected: names, so that a selection survives each update. Tells listeners when it changes.
export class Selection extends EventTarget {
  #names = new Set();

  has(name) {
    return this.#names.has(name);
  }

  get size() {
    return this.#names.size;
  }

  get names() {
    return [...this.#names];
  }

  set(names, on = true) {
    const before = this.#names.size;
    for (const name of names) {
      if (on) {
        this.#names.add(name);
      } else {
        this.#names.delete(name);
      }
    }
    if (this.#names.size !== before) {
      this.#tell();
    }
  }

  only(names) {
    this.#names = new Set(names);
    this.#tell();
  }

  /** Forgets those who have left the class. */
  keep(isThere) {
    this.set(
      this.names.filter((name) => !isThere(name)),
      false,
    );
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

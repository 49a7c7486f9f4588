// The list of learners: rows in their order, filtered, and the keys that go through them.
import { comparison, matches } from "./learner.js";
import { Row } from "./row.js";

const REST_MS = 1500; // rows do not change places under a hand that is about to press one

/** Puts nodes into an order with few moves, and takes out those that are not in it. */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...parent.children]) {
    if (!wanted.has(node)) {
      node.remove();
    }
  }
  let cursor = parent.firstElementChild;
  for (const node of nodes) {
    if (node === cursor) {
      cursor = cursor.nextElementSibling;
    } else if (cursor?.nextElementSibling === node) {
      // The one before it goes down the list: it is put where it belongs when its turn comes.
      const later = cursor;
      cursor = node.nextElementSibling;
      move(parent, later, null);
    } else {
      move(parent, node, cursor);
    }
  }
}

// moveBefore keeps focus and scroll; where it is missing, the caller gives the focus back.
const move = (parent, node, before) =>
  parent.moveBefore && node.isConnected ? parent.moveBefore(node, before) : parent.insertBefore(node, before);

export class List {
  /**
   * @param {HTMLElement} body Holds the rows.
   * @param {Store} store
   * @param {Selection} selection
   */
  constructor(body, store, selection) {
    this.body = body;
    this.store = store;
    this.selection = selection;
    this.rows = new Map();
    this.shown = [];
    this.view = { state: "", search: "", sort: { key: "name", down: false } };
    this.anchor = null;
    this.current = null;
    this.moved = 0;
    body.addEventListener("pointermove", () => (this.moved = performance.now()));
    body.addEventListener("focusin", ({ target }) => this.#makeCurrent(target.closest("tr")?.dataset.name));
    body.addEventListener("keydown", (event) => this.#key(event));
    body.addEventListener("click", (event) => this.#click(event));
    selection.addEventListener("change", () => this.showSelection());
  }

  /** Shows what has changed in the store. */
  update(names, now) {
    for (const name of names) {
      const learner = this.store.learners.get(name);
      if (learner) {
        if (!this.rows.has(name)) {
          const row = new Row(name);
          row.pick(this.selection.has(name));
          this.rows.set(name, row);
        }
        this.rows.get(name).update(learner, now);
      } else {
        this.rows.get(name)?.node.remove();
        this.rows.delete(name);
      }
    }
    this.order();
  }

  tick(now) {
    for (const row of this.rows.values()) {
      row.tick(now);
    }
  }

  /** Takes another filter or order, at once. */
  look(view) {
    this.view = { ...this.view, ...view };
    this.moved = -Infinity;
    this.order();
  }

  /** Puts the rows into their order, or a little later while the mouse moves over them. */
  order() {
    const learners = [...this.store.learners.values()].filter((learner) => matches(learner, this.view));
    learners.sort(comparison(this.view.sort));
    const names = learners.map((learner) => learner.name);
    const rest = this.moved + REST_MS - performance.now();
    // A raised hand does not wait, and neither does who comes or goes.
    const isUrgent =
      names.length !== this.shown.length || learners.filter((l) => l.hand).some((l, i) => this.shown[i] !== l.name);
    if (rest > 0 && !isUrgent) {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.order(), rest);
      return;
    }
    this.#put(names);
  }

  #put(names) {
    const focused = document.activeElement;
    const hadFocus = this.body.contains(focused);
    arrange(
      this.body,
      names.map((name) => this.rows.get(name).node),
    );
    this.shown = names;
    if (hadFocus && document.activeElement !== focused) {
      (focused.isConnected ? focused : this.rows.get(names[0])?.node)?.focus({ preventScroll: true });
    }
    if (!this.current || !this.rows.get(this.current)?.node.isConnected) {
      this.#makeCurrent(names[0]);
    }
    this.onorder?.();
  }

  showSelection() {
    for (const [name, row] of this.rows) {
      row.pick(this.selection.has(name));
    }
  }

  // Keyboard and mouse -----------------------------------------------------------------------------------------------

  #makeCurrent(name) {
    if (name === this.current) {
      return;
    }
    this.rows.get(this.current)?.current(false);
    this.current = name;
    this.rows.get(name)?.current(true);
  }

  /** Gives the keyboard to a learner's row. */
  focus(name) {
    this.#makeCurrent(name);
    this.rows.get(name)?.node.focus();
  }

  #key(event) {
    const row = event.target.closest("tr");
    const index = this.shown.indexOf(row?.dataset.name);
    if (index < 0 || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const onRow = event.target === row;
    const places = {
      ArrowUp: index - 1,
      ArrowDown: index + 1,
      Home: 0,
      End: this.shown.length - 1,
      PageUp: index - 10,
      PageDown: index + 10,
    };
    if (event.key in places) {
      const place = Math.min(Math.max(places[event.key], 0), this.shown.length - 1);
      this.focus(this.shown[place]);
      if (event.shiftKey) {
        this.#pickTo(this.shown[place], true);
      }
    } else if (event.key === " " && (onRow || event.target.type === "checkbox")) {
      this.#toggle(row.dataset.name, event.shiftKey);
    } else if (event.key === "Enter" && onRow) {
      this.ondo?.("more", row.dataset.name);
    } else {
      return;
    }
    event.preventDefault();
  }

  #click(event) {
    const row = event.target.closest("tr");
    if (!row) {
      return;
    }
    const { name } = row.dataset;
    const button = event.target.closest("button");
    if (event.target.closest(".c-pick")) {
      event.preventDefault(); // the selection says what the box shows
      setTimeout(() => this.#toggle(name, event.shiftKey));
    } else if (button) {
      const kind = ["first", "again", "more", "take", "lower"].find((word) => button.classList.contains(word));
      this.ondo?.(kind === "first" ? button.dataset.do : kind, name);
    }
  }

  #toggle(name, isRange) {
    if (isRange && this.anchor) {
      this.#pickTo(name, true);
    } else {
      this.selection.set([name], !this.selection.has(name));
      this.anchor = name;
    }
  }

  /** Selects all between the last one that was pressed and this one. */
  #pickTo(name, on) {
    const [from, to] = [this.shown.indexOf(this.anchor ?? name), this.shown.indexOf(name)].sort((a, b) => a - b);
    this.selection.set(this.shown.slice(Math.max(from, 0), to + 1), on);
    this.anchor ??= name;
  }
}

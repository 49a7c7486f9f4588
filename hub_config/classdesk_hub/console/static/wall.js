// The wall: small pictures of the desktops, at a low rate, of those tiles alone that somebody looks at.
import { headers } from "./api.js";
import { isLive, label, title } from "./learner.js";
import { arrange } from "./list.js";
import { setText } from "./row.js";

const EACH_MS = 10_000; // a tile's picture is renewed so often, at most
const AT_ONCE = 4;
const template = document.getElementById("tile-template");

export class Wall {
  /**
   * @param {HTMLElement} box
   * @param {Store} store
   * @param {function(string): string} addressOf A learner's desktop page.
   * @param {function(string): string} pictureOf The address of a learner's small picture.
   */
  constructor(box, store, addressOf, pictureOf) {
    Object.assign(this, { box, store, addressOf, pictureOf });
    this.on = false;
    this.tiles = new Map();
    this.under = 0;
    this.eye = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        this.tiles.get(target.dataset.name).seen = isIntersecting;
      }
      this.#look();
    });
    document.addEventListener("visibilitychange", () => this.#look());
  }

  /** Switches the wall on or off. While it is off, or nobody looks at this tab, no picture is asked for. */
  toggle(on) {
    this.on = on;
    this.box.hidden = !on;
    clearInterval(this.timer);
    if (on) {
      this.timer = setInterval(() => this.#look(), 1000);
      this.#look();
    }
  }

  /** Shows tiles in the order of the list. */
  update(names) {
    if (!this.on) {
      return;
    }
    for (const name of names) {
      const tile = this.tiles.get(name) ?? this.#make(name);
      const learner = this.store.learners.get(name);
      setText(tile.name, title(learner));
      setText(tile.state, learner.hand ? "asks for help" : label(learner));
      tile.node.dataset.state = learner.state;
      tile.node.classList.toggle("asks", Boolean(learner.hand));
      if (!isLive(learner)) {
        tile.picture.hidden = true;
        setText(tile.none, label(learner));
      }
    }
    arrange(
      this.box,
      names.map((name) => this.tiles.get(name).node),
    );
  }

  #make(name) {
    const node = template.content.firstElementChild.cloneNode(true);
    const find = (selector) => node.querySelector(selector);
    const tile = {
      node,
      picture: find("img"),
      none: find(".no-picture"),
      name: find(".name"),
      state: find(".state"),
      seen: false,
      at: -EACH_MS,
    };
    node.dataset.name = name;
    find("a").href = this.addressOf(name);
    tile.picture.hidden = true;
    this.tiles.set(name, tile);
    this.eye.observe(node);
    return tile;
  }

  /** Asks for pictures that are old, a few at once, the oldest first. */
  #look() {
    if (!this.on || document.visibilityState !== "visible") {
      return;
    }
    const now = performance.now();
    const due = [...this.tiles.values()].filter((tile) => this.#isDue(tile, now)).sort((a, b) => a.at - b.at);
    for (const tile of due.slice(0, AT_ONCE - this.under)) {
      this.#renew(tile, now);
    }
  }

  #isDue(tile, now) {
    const learner = this.store.learners.get(tile.node.dataset.name);
    return tile.seen && !tile.waits && tile.node.isConnected && now - tile.at >= EACH_MS && learner && isLive(learner);
  }

  async #renew(tile, now) {
    tile.waits = true;
    tile.at = now;
    this.under += 1;
    const name = tile.node.dataset.name;
    try {
      const answer = await fetch(this.pictureOf(name), { headers, signal: AbortSignal.timeout(EACH_MS) });
      const has = answer.status === 200;
      if (has) {
        const old = tile.picture.src;
        tile.picture.src = URL.createObjectURL(await answer.blob());
        URL.revokeObjectURL(old);
      }
      tile.picture.hidden = !has;
      setText(tile.none, has ? "" : "no picture");
      tile.node.classList.toggle("old", false);
    } catch {
      tile.node.classList.toggle("old", true); // the last one stays, and looks old
    } finally {
      tile.waits = false;
      this.under -= 1;
      this.#look();
    }
  }
}

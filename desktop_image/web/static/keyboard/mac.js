// A Mac's keyboard. Cmd is the desktop's Ctrl, and in a terminal Ctrl + Shift for letters, so that Cmd + C copies there,
// too, and does not interrupt. Option writes signs, as on the Mac, or is Alt.

import { CONTROL, isModifier, keyOf, SHIFT } from "./keysyms.js";
import { getKeysym } from "./upstream.js";

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

// A link that answers later is as good as dead; then a key counts as in most programs.
const ANSWER_MS = 1000;

export class MacKeyboard {
  #keyboard;
  #channel;
  #optionIsAlt;

  /**
   * @param {HTMLElement} keyboard what noVNC takes its keys from
   * @param {object} channel by which the session tells whether a terminal has the keyboard: `send()`, `isOpen`, and the
   *   event `focus`
   * @param {function(): boolean} optionIsAlt
   */
  constructor(keyboard, channel, optionIsAlt = () => false) {
    this.#keyboard = keyboard;
    this.#channel = channel;
    this.#optionIsAlt = optionIsAlt;
  }

  /** To be called before others listen to the keyboard. */
  setUp() {
    if (!isMac) return;
    for (const type of ["keydown", "keyup"]) {
      window.addEventListener(
        type,
        (event) => {
          if (event.isTrusted) this.#onKey(event);
        },
        { capture: true },
      );
    }
  }

  /** Has Cmd count, for keys that nobody else has taken: to be called when the others listen. */
  setUpCmd(turns) {
    if (!isMac) return;
    window.addEventListener(
      "keydown",
      async (event) => {
        if (event.target !== this.#keyboard || !event.metaKey || isModifier(event.key)) return;
        event.stopImmediatePropagation();
        event.preventDefault();
        turns.begin();
        turns.press(await this.keysFor(event));
        turns.end();
      },
      { capture: true },
    );
  }

  /** The keys that the desktop's programs expect for a key with Cmd. */
  async keysFor(event) {
    const letter = letterOf(event);
    const key = [getKeysym(event), event.code];
    if (!/^[a-z]$/i.test(letter)) return event.shiftKey ? [CONTROL, SHIFT, key] : [CONTROL, key];
    return event.shiftKey || (await this.isInTerminal())
      ? [CONTROL, SHIFT, keyOf(letter.toUpperCase())]
      : [CONTROL, keyOf(letter)];
  }

  /** Whether a terminal has the desktop's keyboard. */
  isInTerminal() {
    return new Promise((resolve) => {
      this.#channel.addEventListener("focus", ({ detail }) => resolve(detail.terminal), { once: true });
      setTimeout(() => resolve(false), this.#channel.isOpen ? ANSWER_MS : 0);
      this.#channel.send({ type: "focus" });
    });
  }

  #onKey(event) {
    const { key, code, location } = event;
    if (key === "Meta") {
      // noVNC would press Alt, which opens menus.
      event.stopImmediatePropagation();
    } else if (event.target !== this.#keyboard) {
      return;
    } else if (this.#optionIsAlt() && key === "Alt") {
      // What noVNC takes for a Mac's Alt.
      this.#replace(event, { key: "Meta", code: "MetaLeft", location: 1 });
    } else if (this.#optionIsAlt() && event.altKey && letterOf(event)) {
      this.#replace(event, { key: letterOf(event), code });
    } else if (event.metaKey && isModifier(key)) {
      // With Cmd, noVNC would let it go at once.
      this.#replace(event, { key, code, location });
    }
  }

  #replace(event, other) {
    event.stopImmediatePropagation();
    event.preventDefault();
    this.#keyboard.dispatchEvent(new KeyboardEvent(event.type, { ...other, bubbles: true, cancelable: true }));
  }
}

/**
 * The letter or digit of a key: as the keyboard's layout has it, and where Option makes a sign of it or the layout has
 * other letters, by its place.
 */
function letterOf({ key, code, shiftKey }) {
  const letter = /^[a-z]$/i.test(key) ? key : code.match(/^(?:Key|Digit)(.)$/)?.[1];
  return shiftKey ? letter : letter?.toLowerCase();
}

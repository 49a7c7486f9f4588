// Keys in the order in which they were typed, also where the desktop gets one of them only later.

/** What is typed while a key is still under way waits for it. */
export class Turns {
  #keyboard;
  #sendKey;
  #waiting = null; // the events that wait for the end of the key under way
  #held = new Set(); // the codes of the modifiers that are down

  /**
   * @param {HTMLElement} keyboard what noVNC takes its keys from
   * @param {function(number, string, boolean): void} sendKey presses a key in the desktop, or lets it go
   */
  constructor(keyboard, sendKey) {
    this.#keyboard = keyboard;
    this.#sendKey = sendKey;
  }

  /** To be called before others listen to the keyboard, but for a Mac's. */
  setUp() {
    for (const type of ["keydown", "keyup"]) {
      window.addEventListener(type, (event) => this.#onKey(event), { capture: true });
    }
    // A key that is let go in another window is never heard of.
    window.addEventListener("blur", () => this.#held.clear());
  }

  get areTaken() {
    return this.#waiting !== null;
  }

  /** Has all keys wait from now on, until `end()`. */
  begin() {
    this.#waiting = [];
  }

  end() {
    const waiting = this.#waiting;
    this.#waiting = null;
    for (const event of waiting) this.#keyboard.dispatchEvent(event);
  }

  /** Presses keys in order and lets them go in the opposite one, but for modifiers that a finger holds. */
  press(keys) {
    for (const [keysym, code] of keys) this.#sendKey(keysym, code, true);
    for (const [keysym, code] of keys.toReversed()) {
      const held = [...this.#held].some((other) => other.replace(/Right$/, "Left") === code);
      if (!held) this.#sendKey(keysym, code, false);
    }
  }

  #onKey(event) {
    if (/^(Control|Shift)/.test(event.code)) this.#held[event.type === "keydown" ? "add" : "delete"](event.code);
    if (this.#waiting) {
      event.stopImmediatePropagation();
      event.preventDefault();
      this.#waiting.push(copyOf(event));
    }
  }
}

/** The same key event once more; noVNC keeps the desktop's lock keys in step with the event's. */
function copyOf(event) {
  const { type, key, code, location, ctrlKey, shiftKey, altKey, metaKey } = event;
  return new KeyboardEvent(type, {
    key,
    code,
    location,
    ctrlKey,
    shiftKey,
    altKey,
    metaKey,
    bubbles: true,
    cancelable: true,
    modifierCapsLock: event.getModifierState("CapsLock"),
    modifierNumLock: event.getModifierState("NumLock"),
    modifierAltGraph: event.getModifierState("AltGraph"),
  });
}

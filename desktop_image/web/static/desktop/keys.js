// Keys that a browser or a tablet does not hand over: a panel of them, and modifiers that stay down for one key.

import { remember, remembered } from "../common/remember.js";
import { ALT, CONTROL, isModifier, SHIFT, TAB } from "../keyboard/keysyms.js";
import { isMac } from "../keyboard/mac.js";

const SUPER = [0xffeb, "MetaLeft"];

const STICKY = { Ctrl: CONTROL, Alt: ALT, Shift: SHIFT, Super: SUPER };
const SINGLE = {
  Esc: [[0xff1b, "Escape"]],
  Tab: [TAB],
  "Alt + Tab": [ALT, TAB],
  "Alt + F4": [ALT, [0xffc1, "F4"]],
  "Ctrl + Alt + Del": [CONTROL, ALT, [0xffff, "Delete"]],
  "Ctrl + W": [CONTROL, [0x77, "KeyW"]],
  "Ctrl + T": [CONTROL, [0x74, "KeyT"]],
  "Ctrl + N": [CONTROL, [0x6e, "KeyN"]],
  "Ctrl + Shift + T": [CONTROL, SHIFT, [0x54, "KeyT"]],
  Print: [[0xff61, "PrintScreen"]],
  "←": [[0xff51, "ArrowLeft"]],
  "↑": [[0xff52, "ArrowUp"]],
  "↓": [[0xff54, "ArrowDown"]],
  "→": [[0xff53, "ArrowRight"]],
};
const SPOKEN = { "←": "Left", "↑": "Up", "↓": "Down", "→": "Right" };

export class Keys {
  #screen;
  #held = new Map(); // the sticky keys that are down, with their buttons
  #optionIsAlt = document.getElementById("option-is-alt");

  setUp(screen) {
    this.#screen = screen;
    for (const [label, key] of Object.entries(STICKY)) {
      const button = addKey("sticky-keys", label, () => this.#toggle(label, key, button));
      button.setAttribute("aria-pressed", "false");
    }
    for (const [label, keys] of Object.entries(SINGLE)) addKey("single-keys", label, () => this.press(keys));
    for (let number = 1; number <= 12; number++) {
      addKey("function-keys", `F${number}`, () => this.press([[0xffbd + number, `F${number}`]]));
    }
    // A key of the real keyboard ends what was held for it, once it is up.
    window.addEventListener(
      "keyup",
      (event) => {
        if (event.target === screen.keyboard && !isModifier(event.key)) this.release();
      },
      { capture: true },
    );
    screen.addEventListener("down", () => this.#forget());
    this.#setUpOption();
  }

  /** Whether the learner wants a Mac's Option to be the desktop's Alt. */
  get optionIsAlt() {
    return this.#optionIsAlt.checked;
  }

  #setUpOption() {
    document.getElementById("option-row").hidden = !isMac;
    this.#optionIsAlt.checked = remembered("option-is-alt") === "yes";
    this.#optionIsAlt.addEventListener("change", () => {
      remember("option-is-alt", this.#optionIsAlt.checked ? "yes" : "no");
      this.#screen.focus();
    });
  }

  /** Presses keys in order and lets them go in the opposite one, with the sticky ones that are down. */
  press(keys) {
    for (const [keysym, code] of keys) this.#screen.sendKey(keysym, code, true);
    for (const [keysym, code] of keys.toReversed()) this.#screen.sendKey(keysym, code, false);
    this.release();
  }

  /** Lets go the sticky keys. */
  release() {
    for (const [[keysym, code]] of this.#held.values()) this.#screen.sendKey(keysym, code, false);
    this.#forget();
  }

  #toggle(label, key, button) {
    const down = !this.#held.has(label);
    this.#screen.sendKey(...key, down);
    if (down) this.#held.set(label, [key, button]);
    else this.#held.delete(label);
    button.setAttribute("aria-pressed", String(down));
  }

  #forget() {
    for (const [, button] of this.#held.values()) button.setAttribute("aria-pressed", "false");
    this.#held.clear();
  }
}

function addKey(place, label, run) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  if (SPOKEN[label]) button.setAttribute("aria-label", SPOKEN[label]);
  // The keyboard stays where it is: on the desktop, or on a tablet's own keyboard.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("mousedown", (event) => event.preventDefault());
  button.addEventListener("click", run);
  document.getElementById(place).append(button);
  return button;
}

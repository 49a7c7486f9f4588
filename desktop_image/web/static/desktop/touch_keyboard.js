// A tablet's own keyboard: a text field that nobody sees gets the focus, and what changes in it is typed in the desktop.

import { keyOf, RETURN, TAB } from "../keyboard/keysyms.js";

const BACKSPACE = [0xff08, "Backspace"];
const NAMED = {
  Enter: RETURN,
  Backspace: BACKSPACE,
  Tab: TAB,
  Escape: [0xff1b, "Escape"],
  Delete: [0xffff, "Delete"],
  Home: [0xff50, "Home"],
  End: [0xff57, "End"],
  ArrowLeft: [0xff51, "ArrowLeft"],
  ArrowUp: [0xff52, "ArrowUp"],
  ArrowRight: [0xff53, "ArrowRight"],
  ArrowDown: [0xff54, "ArrowDown"],
};
// Something to delete: keyboards of tablets tell of Backspace by a text that became shorter alone.
const FILLER = " ".repeat(64);

export class TouchKeyboard {
  #screen;
  #keys;
  #field = document.getElementById("touch-text");
  #button = document.getElementById("keyboard-button");
  #before = FILLER;

  setUp(screen, keys) {
    this.#screen = screen;
    this.#keys = keys;
    // A press on a button would take the focus from the field, and a second press should close the keyboard.
    this.#button.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#button.addEventListener("mousedown", (event) => event.preventDefault());
    this.#button.addEventListener("click", () => this.toggle());
    document.getElementById("keyboard-item").addEventListener("click", () => this.toggle());
    this.#field.addEventListener("focus", () => this.#tell(true));
    this.#field.addEventListener("blur", () => this.#tell(false));
    this.#field.addEventListener("input", (event) => this.#type(event));
    this.#field.addEventListener("keydown", (event) => {
      const key = NAMED[event.key];
      if (!key || event.isComposing) return;
      event.preventDefault();
      this.#keys.press([key]);
    });
    this.#refill();
    // Where the keyboard only covers the page, the page ends where the keyboard begins.
    window.visualViewport?.addEventListener("resize", () => {
      document.body.style.height = `${window.visualViewport.height}px`;
      window.scrollTo(0, 0);
    });
  }

  toggle() {
    if (document.activeElement === this.#field) this.#screen.focus();
    else this.#field.focus({ preventScroll: true });
  }

  #tell(open) {
    this.#button.setAttribute("aria-pressed", String(open));
  }

  #type(event) {
    const after = this.#field.value;
    let same = 0;
    while (same < after.length && after[same] === this.#before[same]) same++;
    for (let gone = this.#before.length - same; gone > 0; gone--) this.#keys.press([BACKSPACE]);
    for (const character of after.slice(same)) this.#keys.press([keyOf(character)]);
    this.#before = after;
    // A word that is still being composed must stay in the field.
    if (!event.isComposing) this.#refill();
  }

  #refill() {
    this.#field.value = FILLER;
    this.#before = FILLER;
    this.#field.setSelectionRange(FILLER.length, FILLER.length);
  }
}

// What a keyboard composes: letters of dead keys, and texts of input methods.
//
// A browser composes only in a text field: over a canvas a dead key is lost and the next letter comes bare. So the
// keyboard's events go to a field that nobody sees. noVNC takes the keys from there; those that compose are left to the
// browser, and what becomes of them is typed in the desktop.

import { keyOf } from "./keysyms.js";

export class Composer {
  #field;
  #press;

  /**
   * @param {HTMLTextAreaElement} field what noVNC takes its keys from
   * @param {function(Array): void} press presses keys in the desktop, one upon the other
   */
  constructor(field, press) {
    this.#field = field;
    this.#press = press;
  }

  setUp() {
    for (const type of ["keydown", "keyup"]) {
      this.#field.addEventListener(
        type,
        (event) => {
          if (composes(event)) event.stopImmediatePropagation();
        },
        { capture: true },
      );
    }
    this.#field.addEventListener("input", (event) => {
      if (!event.isComposing) this.#type();
    });
    this.#field.addEventListener("compositionend", () => this.#type());
  }

  #type() {
    const text = this.#field.value;
    this.#field.value = "";
    for (const character of text) this.#press([keyOf(character)]);
  }
}

function composes(event) {
  // 229 is what browsers say of keys that an input method has taken.
  return event.isComposing || event.keyCode === 229 || event.key === "Dead" || event.key === "Process";
}

// The menu, the panels and the dialogs: one at a time, with the keyboard as with the mouse. When the last one closes,
// the keyboard goes back to the desktop.

const menu = document.getElementById("menu");
const menuButton = document.getElementById("menu-button");

export class Panels extends EventTarget {
  #panels = [...document.querySelectorAll(".panel")];
  #onDone;

  /** @param {() => void} onDone called when the keyboard should go back to the desktop */
  constructor(onDone) {
    super();
    this.#onDone = onDone;
    for (const button of document.querySelectorAll("[data-panel]")) {
      // A click without a pointer is a press of Enter or Space.
      button.addEventListener("click", (event) => this.toggle(button.dataset.panel, event.detail === 0));
    }
    for (const panel of this.#panels) {
      panel.querySelector(".close").addEventListener("click", () => this.close());
      panel.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.close();
      });
    }
    for (const button of document.querySelectorAll("[data-dialog]")) {
      button.addEventListener("click", () => this.ask(button.dataset.dialog));
    }
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.addEventListener("close", onDone);
    }
    if (menu) this.#setUpMenu();
  }

  /** The id of the panel that is open, or null. */
  get open() {
    return this.#panels.find((panel) => !panel.hidden)?.id ?? null;
  }

  /** Opens a panel in the place of another one, or closes it; sends the event `opened` (`detail`: its id). */
  toggle(id, byKeyboard = false) {
    this.#show(this.open === id ? null : id);
    const panel = document.getElementById(id);
    if (this.open && (byKeyboard || !panel.classList.contains("beside"))) {
      // The panel itself, so that Escape and Tab work, and no tablet's keyboard comes up for a text.
      panel.tabIndex = -1;
      panel.focus({ preventScroll: true });
      this.dispatchEvent(new CustomEvent("opened", { detail: id }));
    } else {
      this.#onDone();
    }
  }

  close() {
    this.#show(null);
    this.#onDone();
  }

  /** Closes whatever is open, as there is nothing behind it any more. */
  closeAll() {
    this.#show(null);
    if (menu) menu.hidden = true;
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  }

  /** Opens a dialog, which the browser keeps the keyboard in until it is answered. */
  ask(id) {
    this.#show(null);
    const dialog = document.getElementById(id);
    for (const said of dialog.querySelectorAll(".rule")) said.hidden = true;
    // What was chosen before, and perhaps cancelled, must not be done now.
    dialog.querySelector("form").reset();
    dialog.showModal();
  }

  #show(id) {
    for (const panel of this.#panels) {
      panel.hidden = panel.id !== id;
      if (!panel.hidden) place(panel);
    }
    for (const button of document.querySelectorAll("[data-panel][aria-expanded]")) {
      button.setAttribute("aria-expanded", String(button.dataset.panel === id));
    }
  }

  #setUpMenu() {
    const setOpen = (open) => {
      menu.hidden = !open;
      menuButton.setAttribute("aria-expanded", String(open));
    };
    menuButton.addEventListener("click", (event) => {
      setOpen(menu.hidden);
      if (menu.hidden) this.#onDone();
      // By the keyboard: go on in the menu.
      else if (event.detail === 0) items()[0].focus();
    });
    menuButton.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") {
        event.preventDefault();
        setOpen(true);
        items()[0].focus();
      }
    });
    menu.addEventListener("click", (event) => {
      if (event.target.closest('[role="menuitem"]')) setOpen(false);
    });
    // Wherever the keyboard is: a menu that was opened with the mouse leaves it on the button.
    window.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape" || menu.hidden) return;
        event.stopImmediatePropagation();
        setOpen(false);
        if (event.target === menuButton || menu.contains(event.target)) menuButton.focus();
      },
      { capture: true },
    );
    menu.addEventListener("keydown", (event) => {
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const all = items();
      if (move) {
        event.preventDefault();
        all.at((all.indexOf(document.activeElement) + move) % all.length).focus();
      } else if (event.key === "Home" || event.key === "End") {
        event.preventDefault();
        all.at(event.key === "Home" ? 0 : -1).focus();
      } else if (event.key === "Tab") {
        setOpen(false);
      }
    });
    // A press anywhere else closes it; also on the desktop, which keeps its events to itself.
    window.addEventListener(
      "pointerdown",
      (event) => {
        if (!menu.contains(event.target) && !menuButton.contains(event.target)) setOpen(false);
      },
      { capture: true },
    );
  }
}

/** Puts a panel below its button in the bar. One that is opened from the menu stays at the menu's edge of the page. */
function place(panel) {
  const button = document.querySelector(`.bar [data-panel="${panel.id}"]`);
  const isSeen = button?.checkVisibility() ?? false;
  panel.classList.toggle("at-button", isSeen);
  if (isSeen) panel.style.setProperty("--button", `${button.getBoundingClientRect().left}px`);
}

function items() {
  return [...menu.querySelectorAll('[role="menuitem"]')].filter((item) => item.checkVisibility());
}

// Copy and paste between the learner's computer and the desktop, without a permission prompt, also over HTTP.
//
// Paste: Ctrl + V is caught before noVNC sees it, and the focus goes to a hidden text area for a moment, so that
// the browser itself hands over the text in a paste event. Then the desktop gets the text and the key.
// Copy: the X server sends what was copied; it is written to the browser's clipboard.

const KEYS = {
  control: [0xffe3, "ControlLeft"],
  shift: [0xffe1, "ShiftLeft"],
  insert: [0xff63, "Insert"],
  v: [0x0076, "KeyV"],
  V: [0x0056, "KeyV"],
};
// Without a paste event (an empty clipboard, an image) the key goes to the desktop all the same.
const PASTE_EVENT_MS = 150;
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

export class Clipboard {
  #screen = null;
  #target = document.getElementById("paste-target");
  #panel = document.getElementById("clipboard-panel");
  #text = document.getElementById("clipboard-text");
  #button = document.getElementById("clipboard-button");
  #pending = null; // the paste under way
  #desktopText = ""; // what was copied last in the desktop
  #exported = true; // whether the learner's computer has got it
  #lastPasted = ""; // what the learner's computer offered last

  setUp(screen) {
    this.#screen = screen;
    screen.addEventListener("clipboard", (event) => this.#take(event.detail));
    window.addEventListener("keydown", (event) => this.#onKeyDown(event), { capture: true });
    window.addEventListener("keyup", (event) => this.#onKeyUp(event), { capture: true });
    // A copy that the browser refused for want of a gesture is tried again with the next one.
    window.addEventListener("pointerup", () => this.#export(), { capture: true });
    this.#target.addEventListener("paste", (event) => this.#onPaste(event));
    this.#target.addEventListener("input", () => { this.#target.value = ""; });
    this.#setUpPanel();
  }

  #setUpPanel() {
    const setOpen = (open) => {
      this.#panel.hidden = !open;
      this.#button.setAttribute("aria-expanded", String(open));
      if (open) {
        this.#text.focus();
        this.#text.select();
      } else {
        this.#screen.focus();
      }
    };
    this.#button.addEventListener("click", () => setOpen(this.#panel.hidden));
    document.getElementById("clipboard-close").addEventListener("click", () => setOpen(false));
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") setOpen(false);
    });
    this.#text.addEventListener("input", () => this.#offer(this.#text.value));
  }

  #onKeyDown(event) {
    if (event.target !== this.#screen.canvas) return;
    const keys = pasteKeys(event);
    if (keys) {
      // The browser must see this key as its own paste: nobody else may, and nothing prevents its default.
      event.stopImmediatePropagation();
      this.#beginPaste(keys);
    } else if (isMac && event.metaKey && /^Key[A-Z]$/.test(event.code)) {
      // A Mac's keyboard says Cmd where the desktop's programs expect Ctrl.
      event.stopImmediatePropagation();
      event.preventDefault();
      this.#releaseMeta();
      const letter = event.code[3].toLowerCase();
      const key = event.shiftKey ? letter.toUpperCase() : letter;
      this.#press([KEYS.control, [key.codePointAt(0), event.code]]);
      this.#export();
    } else {
      this.#export();
    }
  }

  #onKeyUp(event) {
    // A key that was let go while the text area had the focus: noVNC must learn of it, or it stays down.
    if (event.target === this.#target) {
      this.#screen.canvas?.dispatchEvent(new KeyboardEvent("keyup", event));
    }
  }

  #beginPaste(keys) {
    if (!this.#pending) {
      const timer = setTimeout(() => this.#endPaste(null), PASTE_EVENT_MS);
      this.#pending = { keys, timer };
      this.#target.value = "";
      this.#target.focus({ preventScroll: true });
    }
  }

  #onPaste(event) {
    event.preventDefault();
    this.#endPaste(event.clipboardData.getData("text/plain"));
  }

  #endPaste(text) {
    if (!this.#pending) return;
    const { keys, timer } = this.#pending;
    this.#pending = null;
    clearTimeout(timer);
    this.#screen.focus();
    // The browser's clipboard is older than the desktop's where the last export failed; and what came from
    // the desktop is there already, perhaps with more than its text.
    const stale = !this.#exported && text === this.#lastPasted;
    if (text && text !== this.#desktopText && !stale) {
      this.#lastPasted = text;
      this.#offer(text);
    }
    if (keys.meta) this.#releaseMeta();
    this.#press(keys.send);
  }

  #offer(text) {
    this.#desktopText = text;
    this.#exported = true;
    if (this.#text.value !== text) this.#text.value = text;
    // VNC and X have lines end with LF alone.
    this.#screen.offerText(text.replaceAll("\r\n", "\n"));
  }

  /** Presses keys in order and lets them go in the opposite one. */
  #press(keys) {
    for (const [keysym, code] of keys) this.#screen.sendKey(keysym, code, true);
    for (const [keysym, code] of keys.toReversed()) this.#screen.sendKey(keysym, code, false);
  }

  #releaseMeta() {
    for (const code of ["MetaLeft", "MetaRight"]) {
      this.#screen.canvas?.dispatchEvent(new KeyboardEvent("keyup", { key: "Meta", code }));
    }
  }

  #take(text) {
    if (!text || text === this.#desktopText) return;
    this.#desktopText = text;
    this.#exported = false;
    this.#text.value = text;
    this.#export();
  }

  async #export() {
    if (this.#exported) return;
    const text = this.#desktopText;
    const done = await writeToBrowser(text, this.#target);
    if (done && text === this.#desktopText) this.#exported = true;
    if (document.activeElement === this.#target && !this.#pending) this.#screen.focus();
  }
}

async function writeToBrowser(text, area) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Over plain HTTP there is no navigator.clipboard, and without a gesture it refuses.
  }
  const before = document.activeElement;
  area.value = text;
  area.select();
  const done = document.execCommand("copy");
  area.value = "";
  before?.focus?.({ preventScroll: true });
  return done;
}

/** The keys to send for a keystroke that pastes, or null. noVNC has seen Ctrl and Shift go down already. */
function pasteKeys(event) {
  if (event.altKey || event.isComposing) return null;
  if (event.code === "KeyV" && isMac && event.metaKey && !event.ctrlKey) {
    const v = event.shiftKey ? KEYS.V : KEYS.v;
    return { meta: true, send: [KEYS.control, v] };
  }
  if (event.metaKey) return null;
  if (event.key.toLowerCase() === "v" && event.ctrlKey) {
    return { meta: false, send: [event.shiftKey ? KEYS.V : KEYS.v] };
  }
  if (event.key === "Insert" && event.shiftKey && !event.ctrlKey) {
    return { meta: false, send: [KEYS.insert] };
  }
  return null;
}

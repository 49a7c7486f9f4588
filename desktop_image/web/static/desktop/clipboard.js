// Copy and paste between the learner's computer and the desktop, without a permission prompt, also over HTTP.
//
// Paste: Ctrl + V is caught before noVNC sees it, and the focus goes to a hidden text area for a moment, so that
// the browser itself hands over the text in a paste event. Then the desktop gets the text, and a moment later the
// key; what is typed in between waits.
// Copy: the X server sends what was copied; it is written to the browser's clipboard.

import { CONTROL, SHIFT } from "../keyboard/keysyms.js";
import { isMac } from "../keyboard/mac.js";

const INSERT = [0xff63, "Insert"];
// Without a paste event (an empty clipboard, an image) the key goes to the desktop all the same.
const PASTE_EVENT_MS = 150;
// Programs learn of a new clipboard by themselves and a little late; until then mate-terminal ignores the key.
const SETTLE_MS = 100;
// The program that pastes asks for the text over the network; keys typed after it must not overtake the answer.
const FETCH_MS = 250;
// What the X server takes (-MaxCutText). It ignores more, and the program that pastes would wait for it.
const LARGEST_BYTES = 1 << 20;

export class Clipboard {
  #screen = null;
  #target = document.getElementById("paste-target");
  #text = document.getElementById("clipboard-text");
  #policy;
  #tell;
  #mac;
  #turns;
  #paste = null; // what waits for the browser to hand over a text: the keys that paste it, and a timer
  #desktopText = ""; // what was copied last in the desktop
  #exported = true; // whether the learner's computer has got it
  #lastPasted = ""; // what the learner's computer offered last

  /**
   * @param {object} policy `clipboard_in`, `clipboard_out`: what the site allows; the X server sees to it
   * @param {MacKeyboard} mac which knows the keys for those with Cmd
   * @param {Turns} turns in which what is typed after a paste waits for it
   * @param {(sentence: string) => void} tell shows a sentence to the learner
   */
  constructor(policy, mac, turns, tell) {
    this.#policy = policy;
    this.#mac = mac;
    this.#turns = turns;
    this.#tell = tell;
  }

  setUp(screen, panels) {
    this.#screen = screen;
    screen.addEventListener("clipboard", (event) => this.#take(event.detail));
    window.addEventListener(
      "keydown",
      (event) => {
        if (event.target === screen.keyboard) this.#onKeyDown(event);
      },
      { capture: true },
    );
    // A copy that the browser refused for want of a gesture is tried again with the next one.
    window.addEventListener("pointerup", () => this.#export(), { capture: true });
    this.#target.addEventListener("paste", (event) => this.#onPaste(event));
    this.#target.addEventListener("input", () => {
      this.#target.value = "";
    });
    this.#setUpPanel(panels);
  }

  #setUpPanel(panels) {
    const rule = document.getElementById("clipboard-rule");
    rule.textContent = clipboardRules(this.#policy);
    rule.hidden = !rule.textContent;
    this.#text.readOnly = !this.#policy.clipboard_in;
    this.#text.hidden = !this.#policy.clipboard_in && !this.#policy.clipboard_out;
    this.#text.addEventListener("input", () => this.#offer(this.#text.value));
    panels.addEventListener("opened", ({ detail }) => {
      if (detail !== "clipboard-panel") return;
      this.#text.focus();
      this.#text.select();
    });
  }

  #onKeyDown(event) {
    if (this.#policy.clipboard_in && pastes(event)) {
      // The browser must see this key as its own paste: nobody else may, and nothing prevents its default.
      event.stopImmediatePropagation();
      this.#beginPaste(this.#keysFor(event));
    } else {
      this.#export();
    }
  }

  /** What the desktop gets for a key that pastes. */
  async #keysFor(event) {
    if (event.metaKey) return this.#mac.keysFor(event);
    if (event.key === "Insert") return [SHIFT, INSERT];
    return event.shiftKey ? [CONTROL, SHIFT, [0x56, "KeyV"]] : [CONTROL, [0x76, "KeyV"]];
  }

  #beginPaste(keys) {
    const timer = setTimeout(() => this.#endPaste(""), PASTE_EVENT_MS);
    this.#paste = { keys, timer };
    this.#turns.begin();
    this.#target.value = "";
    this.#target.focus({ preventScroll: true });
  }

  #onPaste(event) {
    event.preventDefault();
    this.#endPaste(event.clipboardData.getData("text/plain"));
  }

  async #endPaste(text) {
    if (!this.#paste) return;
    const { keys, timer } = this.#paste;
    this.#paste = null;
    clearTimeout(timer);
    this.#screen.focus();
    // The browser's clipboard is older than the desktop's where the last export failed; and what came from
    // the desktop is there already, perhaps with more than its text.
    const stale = !this.#exported && text === this.#lastPasted;
    let isThere = true;
    if (text && text !== this.#desktopText && !stale) {
      this.#lastPasted = text;
      isThere = this.#offer(text);
      await sleep(SETTLE_MS);
    }
    const wanted = await keys;
    if (isThere) {
      const fetched = this.#screen.textFetched();
      this.#turns.press(wanted);
      await Promise.race([fetched, sleep(FETCH_MS)]);
    }
    this.#turns.end();
  }

  /** Gives the desktop a text to paste, and tells the learner where that cannot be. Returns whether it was given. */
  #offer(text) {
    if (isTooLong(text)) {
      this.#tell(
        "This text is too long for the clipboard (more than 1 MiB). Send it as a file: drop the file on this page.",
      );
      return false;
    }
    this.#desktopText = text;
    this.#exported = true;
    if (this.#text.value !== text) this.#text.value = text;
    // VNC and X have lines end with LF alone.
    this.#screen.offerText(text.replaceAll("\r\n", "\n"));
    return true;
  }

  #take(text) {
    if (!text || text === this.#desktopText || !this.#policy.clipboard_out) return;
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
    if (document.activeElement === this.#target && !this.#turns.areTaken) this.#screen.focus();
  }
}

/** Whether the X server would ignore a text: VNC sends each end of a line as two bytes, and one at the end. */
function isTooLong(text) {
  return text.length * 3 >= LARGEST_BYTES && new Blob([text.replace(/\r?\n/g, "\r\n")]).size >= LARGEST_BYTES;
}

function sleep(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Puts a text on the learner's computer; returns whether it could. @param {HTMLTextAreaElement} area for older ways */
export async function writeToBrowser(text, area) {
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

/** What the site forbids, in a sentence; empty where it is nothing. */
function clipboardRules({ clipboard_in: into, clipboard_out: out }) {
  if (into && out) return "";
  if (into) return "You can copy text into the desktop, but not out of it: your site has switched that off.";
  if (out) return "You can copy text out of the desktop, but not into it: your site has switched that off.";
  return "You cannot copy text into the desktop or out of it: your site has switched both off.";
}

/** Whether a key pastes, in the learner's system or in the desktop's programs. */
function pastes(event) {
  const { key, code, altKey, ctrlKey, metaKey, shiftKey, isComposing } = event;
  if (altKey || isComposing) return false;
  if (metaKey) return isMac && !ctrlKey && code === "KeyV";
  return ctrlKey ? key.toLowerCase() === "v" : shiftKey && key === "Insert";
}

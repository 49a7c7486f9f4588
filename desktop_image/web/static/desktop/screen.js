// One noVNC connection after the other, in one element.

import RFB from "../../node_modules/@novnc/novnc/core/rfb.js";

// noVNC answers the desktop's requests for the clipboard's text by itself, and has no event for it.
const requests = new EventTarget();
const provide = RFB.messages.extendedClipboardProvide;
RFB.messages.extendedClipboardProvide = (...args) => {
  provide(...args);
  requests.dispatchEvent(new Event("answered"));
};

export class Screen extends EventTarget {
  #element;
  #url;
  #rfb = null;
  #end = null;

  /**
   * @param {HTMLElement} element where the desktop is shown
   * @param {string} url the websocket's address
   */
  constructor(element, url) {
    super();
    this.#element = element;
    this.#url = url;
  }

  get isConnected() {
    return this.#rfb !== null;
  }

  /** @returns {Promise<boolean>} whether the desktop is there now */
  async connect() {
    const rfb = new RFB(this.#element, this.#url, { shared: true });
    // The desktop takes the window's size, pixel for pixel; then there is nothing to scale or to clip.
    rfb.resizeSession = true;
    rfb.scaleViewport = false;
    rfb.clipViewport = false;
    rfb.background = "transparent";
    rfb.addEventListener("clipboard", (event) => {
      this.dispatchEvent(new CustomEvent("clipboard", { detail: event.detail.text }));
    });
    this.#end = new Promise((resolve) => { rfb.addEventListener("disconnect", resolve, { once: true }); });
    const start = new Promise((resolve) => { rfb.addEventListener("connect", resolve, { once: true }); });
    const connected = await Promise.race([start.then(() => true), this.#end.then(() => false)]);
    if (connected) {
      this.#rfb = rfb;
      this.#end = this.#end.then(() => { this.#rfb = null; });
    }
    return connected;
  }

  /** Resolves when the connection that `connect()` made has ended. */
  closed() {
    return this.#end;
  }

  focus() {
    this.#rfb?.focus({ preventScroll: true });
  }

  /** The element that has the desktop's keyboard, or null. */
  get canvas() {
    return this.#element.querySelector("canvas");
  }

  offerText(text) {
    this.#rfb?.clipboardPasteFrom(text);
  }

  /** Resolves when the text that `offerText()` offered is on its way to a program that pastes it. */
  textFetched() {
    return new Promise((resolve) => { requests.addEventListener("answered", resolve, { once: true }); });
  }

  sendKey(keysym, code, down) {
    this.#rfb?.sendKey(keysym, code, down);
  }
}

// One noVNC connection after the other, in one element.

import { letGoOnLeaving } from "../keyboard/held_keys.js";
import { takeKeysFrom } from "../keyboard/upstream.js";
import { SessionRFB, textRequests } from "./upstream.js";

// A server that accepts the connection and then says nothing must not be waited for.
const CONNECT_SECONDS = 15;
// A session that does not take the window's size is shown all the same.
const PICTURE_SECONDS = 3;

/** Sends the events `clipboard` (`detail`: a text), `up` and `down`. */
export class Screen extends EventTarget {
  /** The field that has the desktop's keyboard. */
  keyboard = document.getElementById("keyboard");
  #element;
  #url;
  #rfb = null;
  #end = Promise.resolve();
  #stop = () => {};
  #still = document.getElementById("last-picture");
  #levels = null;
  #density = 1;
  #bytes = 0;

  /**
   * @param {HTMLElement} element where the desktop is shown
   * @param {string} url the websocket's address
   */
  constructor(element, url) {
    super();
    this.#element = element;
    this.#url = url;
    letGoOnLeaving(this.keyboard, document.getElementById("paste-target"));
  }

  get isConnected() {
    return this.#rfb !== null;
  }

  /** How many bytes have come from the desktop since the page was opened. */
  get bytes() {
    return this.#bytes;
  }

  /** @returns {Promise<boolean>} whether the desktop is there now */
  async connect() {
    const socket = new WebSocket(this.#url);
    socket.addEventListener("message", (event) => {
      this.#bytes += event.data.byteLength;
    });
    let rfb;
    try {
      rfb = new SessionRFB(this.#element, socket, { shared: true });
      takeKeysFrom(rfb, this.keyboard);
    } catch (error) {
      console.error("noVNC does not start:", error);
      socket.close();
      this.#element.replaceChildren();
      return false;
    }
    // The desktop takes the size of the window, pixel for pixel; then there is nothing to scale or to clip.
    rfb.resizeSession = true;
    rfb.scaleViewport = false;
    rfb.clipViewport = false;
    rfb.background = "transparent";
    rfb.density = this.#density;
    rfb.addEventListener("clipboard", (event) => {
      this.dispatchEvent(new CustomEvent("clipboard", { detail: event.detail.text }));
    });
    const ended = new Promise((resolve) => {
      rfb.addEventListener("disconnect", resolve, { once: true });
    });
    // A socket of a dead link may take minutes to close: `disconnect()` need not wait for it.
    const stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
    const start = new Promise((resolve) => {
      rfb.addEventListener("connect", resolve, { once: true });
    });
    const tooLate = new Promise((resolve) => {
      setTimeout(resolve, 1000 * CONNECT_SECONDS);
    });
    const end = Promise.race([ended, stopped]);
    const connected = await Promise.race([start.then(() => true), end.then(() => false), tooLate.then(() => false)]);
    if (!connected) {
      close(rfb);
      return false;
    }
    this.#rfb = rfb;
    const canvas = this.canvas;
    this.#end = end.then(() => {
      this.#rfb = null;
      this.#keepPicture(canvas);
      close(rfb);
      this.dispatchEvent(new Event("down"));
    });
    if (this.#levels) this.setLevels(this.#levels);
    this.dispatchEvent(new Event("up"));
    return true;
  }

  /** What was seen last stays in view until the desktop is back. */
  #keepPicture(canvas) {
    this.#still.width = canvas.width;
    this.#still.height = canvas.height;
    this.#still.style.width = canvas.style.width;
    this.#still.style.height = canvas.style.height;
    if (canvas.width && canvas.height) this.#still.getContext("2d").drawImage(canvas, 0, 0);
  }

  /** Resolves when the desktop is seen as it is now, in the window's size; or after a while. */
  async picture() {
    const tooLate = new Promise((resolve) => {
      setTimeout(resolve, 1000 * PICTURE_SECONDS);
    });
    await Promise.race([this.#rfb?.nextPicture(), tooLate]);
  }

  /** Resolves when the connection that `connect()` made has ended. */
  closed() {
    return this.#end;
  }

  /** Gives up the connection, also one that no longer answers. */
  disconnect() {
    this.#stop();
  }

  /** @param {{quality: number, compression: number}} levels noVNC's, from 0 to 9 */
  setLevels(levels) {
    this.#levels = levels;
    if (!this.#rfb) return;
    this.#rfb.qualityLevel = levels.quality;
    this.#rfb.compressionLevel = levels.compression;
  }

  /** @param {number} density how many of the desktop's pixels, in each direction, one of the page's shows */
  set density(density) {
    if (density === this.#density) return;
    this.#density = density;
    if (this.#rfb) this.#rfb.density = density;
  }

  focus() {
    if (this.#rfb) this.keyboard.focus({ preventScroll: true });
  }

  /** The desktop's picture, or null. */
  get canvas() {
    return this.#element.querySelector("canvas");
  }

  offerText(text) {
    this.#rfb?.clipboardPasteFrom(text);
  }

  /** Resolves when the text that `offerText()` offered is on its way to a program that pastes it. */
  textFetched() {
    return new Promise((resolve) => {
      textRequests.addEventListener("answered", resolve, { once: true });
    });
  }

  /** Presses or lets go a key; without `down` both. */
  sendKey(keysym, code, down) {
    this.#rfb?.sendKey(keysym, code, down);
  }
}

function close(rfb) {
  try {
    rfb.disconnect();
  } catch (error) {
    console.warn("noVNC does not end properly:", error);
  }
}

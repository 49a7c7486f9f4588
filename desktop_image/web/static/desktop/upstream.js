// What the page touches of noVNC that noVNC does not promise to keep, for noVNC 1.7.0, which the lock file pins; what is
// about its keyboard is in ../keyboard/upstream.js. The browser tests look at the result.

import RFB from "../../node_modules/@novnc/novnc/core/rfb.js";

import { LEAST_WIDTH } from "./density.js";

/** Sends `answered` when a text that the page has offered is on its way to the desktop. */
export const textRequests = new EventTarget();

// noVNC answers the desktop's requests for the clipboard's text by itself, and has no event for it.
const provide = RFB.messages.extendedClipboardProvide;
RFB.messages.extendedClipboardProvide = (...args) => {
  provide(...args);
  textRequests.dispatchEvent(new Event("answered"));
};

/** noVNC's class for screens of any density: noVNC knows one kind of pixel. */
function sharpened(RFB) {
  return class extends RFB {
    constructor(...given) {
      super(...given);
      showCursorsAt(this._cursor, this._canvas, () => this._factor);
    }

    // noVNC's own constructor asks already.
    get _factor() {
      if (this._scaleViewport) return 1;
      return (this._density ?? 1) * Math.max(1, LEAST_WIDTH / super._screenSize().w);
    }

    /** How many of the desktop's pixels, in each direction, one of the page's shows from now on. */
    set density(density) {
      this._density = density;
      this._updateScale();
      this._requestRemoteResize();
    }

    _screenSize() {
      const { w, h } = super._screenSize();
      return { w: Math.floor(w * this._factor), h: Math.floor(h * this._factor) };
    }

    _updateScale() {
      if (this._factor === 1) {
        super._updateScale();
      } else {
        this._display.scale = 1 / this._factor;
        this._fixScrollbars();
      }
    }
  };
}

/** noVNC shows a cursor of the desktop pixel by pixel as well: as the page's cursor, and under fingers as a picture. */
function showCursorsAt(cursor, canvas, density) {
  const change = cursor.change.bind(cursor);
  cursor.change = (pixels, hotX, hotY, width, height) => {
    change(pixels, hotX, hotY, width, height);
    cursor._canvas.style.transformOrigin = `${hotX}px ${hotY}px`;
    cursor._canvas.style.scale = 1 / density();
    const url = canvas.style.cursor.match(/url\((["']?)(data:[^"')]*)\1\)/)?.[2];
    if (!url || density() === 1) return;
    const factor = density();
    const spot = `${Math.round(hotX / factor)} ${Math.round(hotY / factor)}`;
    canvas.style.cursor = `image-set(url("${url}") ${factor}x) ${spot}, default`;
  };
}

/** It is connected before anything of its picture has come, and the first one may have another size than the window. */
function pictured(RFB) {
  return class extends RFB {
    #hasDrawn = false;

    /** Resolves when what the desktop shows now is on the canvas, in the size that was asked for. */
    nextPicture() {
      // A picture that is on its way may be older; what is asked for comes after it.
      RFB.messages.fbUpdateRequest(this._sock, false, 0, 0, 1, 1);
      return new Promise((resolve) => {
        this.addEventListener("picture", resolve, { once: true });
      });
    }

    _handleDataRect() {
      const isDone = super._handleDataRect();
      this.#hasDrawn ||= isDone;
      return isDone;
    }

    _framebufferUpdate() {
      const isDone = super._framebufferUpdate();
      if (!isDone) return false;
      // Browsers decode JPEG in their own time.
      if (this.#hasDrawn && this.#hasSize())
        this._display.flush().then(() => this.dispatchEvent(new CustomEvent("picture")));
      this.#hasDrawn = false;
      return true;
    }

    #hasSize() {
      const { w, h } = this._screenSize();
      return !this._resizeSession || (this._fbWidth === Math.floor(w) && this._fbHeight === Math.floor(h));
    }
  };
}

/** noVNC's class with what the page needs: density, and when there is something to see. */
export const SessionRFB = pictured(sharpened(RFB));

// Whether the desktop is to be seen: noVNC is connected before anything of its picture has come, and the first one may
// have another size than the window.

export function pictured(RFB) {
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

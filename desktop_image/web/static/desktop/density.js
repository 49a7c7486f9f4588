// Sharp letters on screens with two or more pixels for each of the page's: the desktop gets twice the size, is told to
// draw everything twice as large, and is shown at half the scale. On a phone the desktop is wider than the window, and is
// shown smaller.
//
// noVNC knows one kind of pixel. What differs is added here to the version that the lock file pins; the browser tests
// look at the result.

// Between 1 and 2 there is nothing to win: the desktop's programs know whole factors alone.
const DENSE = 1.75;
// The panel has room for its menu, launchers and clock beside each other, and dialogs for their buttons.
const LEAST_WIDTH = 640;

/** How many of the desktop's pixels, in each direction, are shown in one of the page's. */
export function density() {
  return window.devicePixelRatio >= DENSE ? 2 : 1;
}

/** Calls a function when the window may have come to a screen of another density. */
export function onDensityChange(tell) {
  const screen = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
  screen.addEventListener(
    "change",
    () => {
      onDensityChange(tell);
      tell();
    },
    { once: true },
  );
}

/** noVNC's class for screens of any density. */
export function sharpened(RFB) {
  return class extends RFB {
    constructor(...given) {
      super(...given);
      showCursorsAt(this._cursor, this._canvas, () => this._factor);
    }

    /** Take keys from an element in the place of the canvas; to be called before the connection is there. */
    takeKeysFrom(element) {
      this._keyboard._target = element;
      this.focus = (options) => element.focus(options);
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

// Sharp letters on screens with two or more pixels for each of the page's: the desktop gets twice the size, is told to
// draw everything twice as large, and is shown at half the scale. On a phone the desktop is wider than the window, and is
// shown smaller.
// How noVNC is brought to it is in upstream.js.

// Between 1 and 2 there is nothing to win: the desktop's programs know whole factors alone.
const DENSE = 1.75;
// The panel has room for its menu, launchers and clock beside each other, and dialogs for their buttons.
export const LEAST_WIDTH = 640;

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

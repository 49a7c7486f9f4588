// Keys that are down when the keyboard leaves the desktop, for the bar or a panel, are let go in the desktop: noVNC
// would never hear of their end, and Ctrl would stay down there.

/**
 * @param {HTMLElement} keyboard what noVNC takes its keys from
 * @param {HTMLElement} [exception] what may take the keyboard for a moment and gives it back: keys stay as they are
 */
export function letGoOnLeaving(keyboard, exception) {
  const down = new Map();
  keyboard.addEventListener("keydown", ({ key, code, location }) => down.set(code, { key, code, location }), {
    capture: true,
  });
  keyboard.addEventListener("keyup", ({ code }) => down.delete(code), { capture: true });
  keyboard.addEventListener("focusout", (event) => {
    if (event.relatedTarget === exception) return;
    for (const which of [...down.values()].toReversed()) keyboard.dispatchEvent(new KeyboardEvent("keyup", which));
    down.clear();
  });
}

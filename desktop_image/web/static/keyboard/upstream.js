// What touches of noVNC's keyboard what noVNC does not promise to keep, for noVNC 1.7.0, which the lock files pin.

/** The number of the key that a browser's event is about. */
export { getKeysym } from "../../node_modules/@novnc/novnc/core/input/util.js";

/**
 * Has noVNC take keys from an element in the place of its canvas; to be called before the connection is there.
 *
 * @param {RFB} rfb
 * @param {HTMLElement} element
 */
export function takeKeysFrom(rfb, element) {
  rfb._keyboard._target = element;
  rfb._canvas.tabIndex = -1;
  rfb.focus = (options) => element.focus(options);
}

// Keys and characters as X knows them: a keysym, and the key's place on the keyboard.

export const CONTROL = [0xffe3, "ControlLeft"];
export const ALT = [0xffe9, "AltLeft"];
export const SHIFT = [0xffe1, "ShiftLeft"];

export const RETURN = [0xff0d, "Enter"];
export const TAB = [0xff09, "Tab"];

const NAMED = { "\n": RETURN, "\t": TAB };

/** The keysym of a character: its number in Latin 1, and Unicode above (X11R7.7, "X Window System Protocol", A). */
export function keyOf(character) {
  const number = character.codePointAt(0);
  return NAMED[character] ?? [number < 0x100 ? number : 0x01000000 + number, undefined];
}

/** Whether a key, as browsers name it, only changes what others do. */
export function isModifier(key) {
  return ["Control", "Alt", "AltGraph", "Shift", "Meta", "CapsLock", "NumLock"].includes(key);
}

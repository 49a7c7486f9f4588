// Characters as X knows them.

/** Enter, and its place on the keyboard. */
export const RETURN = [0xff0d, "Enter"];

/** The keysym of a character: its number in Latin 1, and Unicode above (X11R7.7, "X Window System Protocol", A). */
export function keyOf(character) {
  if (character === "\n") return RETURN;
  const number = character.codePointAt(0);
  return [number < 0x100 ? number : 0x01000000 + number, undefined];
}

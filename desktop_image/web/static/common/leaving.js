// Ctrl + W is for the shell and for nano, but the browser takes it: it asks before it closes what is in use.

/** @param {() => boolean} isInUse whether the page shows something that its keys go to */
export function askBeforeLeaving(isInUse) {
  // Somebody who presses a link wants to go.
  let leaves = false;
  window.addEventListener(
    "click",
    (event) => {
      leaves = Boolean(event.target.closest?.("a[href]:not([target])"));
    },
    { capture: true },
  );
  window.addEventListener("beforeunload", (event) => {
    if (!leaves && isInUse()) event.preventDefault();
  });
}

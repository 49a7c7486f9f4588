// Small elements that several parts make. Texts of other people are only ever set as text.

/** @param {string} label what it says; @param {() => void} run what it does */
export function makeButton(label, run, className = "") {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.className = className;
  button.addEventListener("click", run);
  return button;
}

export function makeText(text, className = "") {
  const span = document.createElement("span");
  span.textContent = text;
  span.className = className;
  return span;
}

/** A text in which web addresses can be pressed; nothing else of it is more than text. */
export function linked(text) {
  const fragment = document.createDocumentFragment();
  for (const part of text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'])/)) {
    if (!/^https?:\/\//.test(part)) {
      fragment.append(part);
      continue;
    }
    const link = document.createElement("a");
    link.href = part;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.textContent = part;
    fragment.append(link);
  }
  return fragment;
}

/** How long ago something was, in words. */
export function ago(since, now = Date.now() / 1000) {
  const minutes = Math.floor(Math.max(0, now - since) / 60);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min ago`;
}

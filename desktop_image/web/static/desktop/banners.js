// Messages above the desktop that do not stop the work: warnings, what was lost, why a desktop is a safe one.

const place = document.getElementById("banners");

/**
 * Shows a message until it is closed or taken away; one of the same name takes the place of the other.
 *
 * @param {string} name which message this is
 * @param {string|Node} text the message; it may come from another person and is never taken for HTML
 * @param {object} options `actions`: `[{label, run}]`, `tone`: "" or "warning", `from`: who says it,
 *   `onClose`: called when the learner has closed it
 */
export function showBanner(name, text, { actions = [], tone = "", from = "", onClose = () => {} } = {}) {
  const banner = document.createElement("div");
  banner.className = `banner ${tone}`.trim();
  banner.dataset.name = name;
  if (from) {
    const who = document.createElement("strong");
    who.textContent = from;
    banner.append(who, " ");
  }
  const words = document.createElement("span");
  words.className = "words";
  words.append(text);
  banner.append(words);
  const acts = document.createElement("span");
  acts.className = "acts";
  acts.append(...actions.map(({ label, run }) => makeButton(label, () => run())));
  acts.append(
    makeButton("OK", () => {
      banner.remove();
      onClose();
    }),
  );
  banner.append(acts);
  find(name)?.remove();
  // The newest is the first: where there are many, the place scrolls.
  place.prepend(banner);
}

export function hideBanner(name) {
  find(name)?.remove();
}

function find(name) {
  return [...place.children].find((banner) => banner.dataset.name === name);
}

function makeButton(label, run) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", run);
  return button;
}

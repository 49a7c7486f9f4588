// The curtain before the stage: it says in plain words what happens, and what the learner can do.

const curtain = document.getElementById("curtain");
const spinner = document.getElementById("spinner");
const title = document.getElementById("notice-title");
const text = document.getElementById("notice-text");
const choices = document.getElementById("notice-choices");

/**
 * @param {string} heading what is happening
 * @param {string} sentence why, or what comes next
 * @param {object} options `busy`: something is under way; `thin`: what is behind may shine through;
 *   `actions`: `[{label, href}]` or `[{label, run}]`, with `isMain` for the likeliest one
 */
export function showNotice(heading, sentence, { busy = true, thin = false, actions = [] } = {}) {
  // Live regions speak at each change: change only what differs.
  if (title.textContent !== heading) title.textContent = heading;
  if (text.textContent !== sentence) text.textContent = sentence;
  spinner.hidden = !busy;
  curtain.classList.toggle("thin", thin);
  const labels = actions.map((action) => action.label).join("\n");
  if (choices.dataset.labels !== labels) {
    choices.dataset.labels = labels;
    choices.replaceChildren(...actions.map(makeChoice));
  }
  choices.hidden = actions.length === 0;
  curtain.hidden = false;
}

/** @returns {boolean} whether there was one */
export function hideNotice() {
  const was = !curtain.hidden;
  curtain.hidden = true;
  return was;
}

function makeChoice({ label, href, run, isMain }) {
  const element = document.createElement(href ? "a" : "button");
  element.textContent = label;
  element.classList.toggle("main", Boolean(isMain));
  if (href) {
    element.href = href;
  } else {
    element.type = "button";
    element.addEventListener("click", run);
  }
  return element;
}

// The dialogs that ask before an act: what it does, for how many, for whom.
import { can, title } from "./learner.js";
import { clock, count, names } from "./words.js";

const WORDS = {
  start: ["Start", "session"],
  stop: ["Stop", "session"],
  "reset-lesson": ["Restore the files of", "learner"],
  "reset-desktop": ["Reset", "desktop"],
  restart: ["Restart", "session"],
  reset: ["Reset", "learner"],
  extend: ["Extend", "session"],
  message: ["Send a message to", "learner"],
};

const heading = (act, learners) => {
  const [verb, noun] = WORDS[act];
  if (learners.length !== 1) {
    return `${verb} ${count(learners.length, noun)}`;
  }
  const name = title(learners[0]);
  return noun === "learner" ? `${verb} ${name}` : `${verb} ${name}’s ${noun}`;
};

/** Opens a dialog and returns its form's values when it is sent; null when it is closed. */
export function open(dialog) {
  // What was chosen or written for somebody else, and perhaps cancelled, must not be there for the next one.
  dialog.querySelector("form").reset();
  dialog.showModal();
  return new Promise((resolve) => {
    const form = dialog.querySelector("form");
    let values = null;
    const send = () => (values = Object.fromEntries(new FormData(form)));
    form.addEventListener("submit", send);
    dialog.addEventListener(
      "close",
      () => {
        form.removeEventListener("submit", send);
        resolve(values);
      },
      { once: true },
    );
  });
}

function fill(dialog, act, learners) {
  dialog.querySelector("h2").textContent = `${heading(act, learners)}${act === "stop" || act === "reset" ? "?" : ""}`;
  dialog.querySelector(".go").textContent = heading(act, learners);
  dialog.querySelector(".who").textContent = learners.length > 1 ? names(learners.map(title)) : "";
}

/** Asks which reset it shall be, of those that make sense for anybody, and counts for whom. */
async function askReset(dialog, learners) {
  const form = dialog.querySelector("form");
  const kinds = [...form.elements.kind];
  const able = (kind = form.elements.kind.value) => learners.filter((learner) => can(learner, kind));
  const show = () => {
    const act = form.elements.kind.value;
    dialog.querySelector(".go").textContent = heading(act, able());
    dialog.querySelector(".go").classList.toggle("btn-danger", act !== "reset-lesson");
    dialog.querySelector(".go").classList.toggle("btn-primary", act === "reset-lesson");
    dialog.querySelector(".who").textContent = learners.length > 1 ? names(able().map(title)) : "";
  };
  fill(dialog, "reset", learners);
  form.addEventListener("change", show);
  for (const kind of kinds) {
    kind.disabled = able(kind.value).length === 0;
  }
  const sent = open(dialog);
  const first = kinds.find((kind) => !kind.disabled);
  first.checked = true;
  // Only the first of all loses nothing.
  (first === kinds[0] ? first : dialog.querySelector(".close")).focus();
  show();
  const values = await sent;
  form.removeEventListener("change", show);
  return values && { act: values.kind, learners: able(values.kind) };
}

/** Says at which time the sessions would end: that is what a timetable has. */
function followMinutes(dialog, learners) {
  const minutes = dialog.querySelector("[name=minutes]");
  const ends = learners.map(({ end }) => end).filter(Boolean);
  const show = () => {
    const [first, last] = [Math.min(...ends), Math.max(...ends)].map((end) => clock(end + 60 * Number(minutes.value)));
    const until = first === last ? `at ${first}` : `between ${first} and ${last}`;
    dialog.querySelector("output").textContent = ends.length && minutes.validity.valid ? `Would end ${until}.` : "";
  };
  minutes.oninput = show;
  show();
}

/**
 * Asks what has to be known before an act; resolves to `{act, learners, text?, minutes?}`, or to null.
 *
 * @param {string} act
 * @param {object[]} learners For whom it makes sense; at least one.
 */
export async function ask(act, learners) {
  if (act === "lower-hand" || act === "take-hand" || (act === "start" && learners.length === 1)) {
    return { act, learners };
  }
  const dialog = document.getElementById(`ask-${act}`);
  if (act === "reset") {
    return askReset(dialog, learners);
  }
  fill(dialog, act, learners);
  const sent = open(dialog);
  if (act === "extend") {
    followMinutes(dialog, learners);
  }
  const values = await sent;
  if (!values) {
    return null;
  }
  if (act === "message") {
    return { act, learners, text: values.text.trim() };
  }
  return act === "extend" ? { act, learners, minutes: Number(values.minutes) } : { act, learners };
}

/** Sets up what is the same in all dialogs. */
export function setUpDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest(".close")) {
        dialog.close(); // a press beside the dialog, or on its close button
      }
    });
  }
  const text = document.getElementById("text");
  const left = document.getElementById("text-left");
  const look = () => {
    left.textContent = String(text.maxLength - text.value.length);
    text.setCustomValidity(text.value.trim() ? "" : "The message is empty.");
  };
  text.addEventListener("input", look);
  // The form is empty only after the event.
  text.form.addEventListener("reset", () => queueMicrotask(look));
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      text.form.requestSubmit();
    }
  });
}

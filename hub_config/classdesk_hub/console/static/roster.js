// Import of a roster: first what would change, line by line what is wrong, then the import.
import { base, post } from "./api.js";
import { count, names } from "./words.js";

const dialog = document.getElementById("roster");
const file = document.getElementById("roster-file");
const text = document.getElementById("roster-text");
const look = document.getElementById("roster-look");
const bring = document.getElementById("roster-import");
const preview = document.getElementById("roster-preview");
const trouble = dialog.querySelector(".trouble");

function paragraph(words, kind = "") {
  const node = document.createElement("p");
  node.textContent = words;
  node.className = kind;
  return node;
}

function show({ add, remove, rename, keep, fixed, errors }, isDone) {
  const parts = [];
  if (errors.length) {
    const list = document.createElement("ul");
    list.className = "errors";
    for (const { line, message } of errors) {
      list.appendChild(document.createElement("li")).textContent = line ? `Line ${line}: ${message}` : message;
    }
    parts.push(
      paragraph(
        `${count(errors.length, "error")}; nothing is imported until the list is right.`,
        "text-danger-emphasis",
      ),
      list,
    );
  } else {
    const [joined, left] = isDone ? ["joined", "left"] : ["will join", "will leave"];
    parts.push(
      paragraph(
        `${count(add.length, "learner")} ${joined}${add.length ? `: ${names(add, 20)}` : ""}.`,
        "text-success-emphasis",
      ),
      paragraph(
        `${count(remove.length, "learner")} ${left}${remove.length ? `: ${names(remove, 20)}` : ""}.`,
        remove.length ? "text-danger-emphasis" : "",
      ),
      paragraph(
        `${keep} stay${keep === 1 ? "s" : ""}${rename.length ? `, ${rename.length} with another name` : ""}` +
          `${fixed ? `, ${fixed} because the site file names them` : ""}.`,
      ),
    );
  }
  preview.replaceChildren(...parts);
}

/** Sends the text, to look or to import; the button for the import is there for what was looked at alone. */
async function send(isPreview) {
  trouble.hidden = true;
  bring.disabled = true;
  look.disabled = true;
  try {
    const answer = await post("roster", { csv: text.value, preview: isPreview });
    show(answer, !isPreview);
    const changes = [answer.add, answer.remove, answer.rename].some((list) => list.length);
    bring.disabled = !isPreview || answer.errors.length > 0 || !changes;
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  } finally {
    look.disabled = false;
  }
}

/** A file's text: UTF-8, UTF-16 as Excel's "Unicode text", or else Windows' western characters. */
function decode(data) {
  const [first, second] = new Uint8Array(data, 0, Math.min(2, data.byteLength));
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return new TextDecoder(first === 0xff ? "utf-16le" : "utf-16be").decode(data);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    return new TextDecoder("windows-1252").decode(data);
  }
}

function reset() {
  bring.disabled = true;
  preview.replaceChildren();
  trouble.hidden = true;
}

export function setUpRoster() {
  const mayImport = document.body.dataset.mayImport === "yes";
  bring.hidden = !mayImport;
  document.getElementById("roster-rule").hidden = mayImport;
  document.getElementById("roster-export").href = `${base}roster.csv`;
  file.addEventListener("change", async () => {
    reset();
    if (file.files[0]) {
      text.value = decode(await file.files[0].arrayBuffer());
      await send(true);
    }
  });
  text.addEventListener("input", reset);
  look.addEventListener("click", () => send(true));
  bring.addEventListener("click", () => send(false));
}

export function showRoster() {
  reset();
  dialog.showModal();
}

// Choosing an interface sets its presets and limits; choosing a partition sets its limits. Without JavaScript the
// server does the same for empty fields.
import { byOwnClock } from "./moments.js";

const ui = document.getElementById("classdesk-ui");
const partition = document.getElementById("classdesk-partition");
const form = document.getElementById("spawn_form");

function limit(field) {
  const id = `classdesk-${field.key}`;
  const input = document.getElementById(id);
  if (!input) return;
  document.getElementById(`${id}-row`).hidden = field.show === "hidden";
  Object.assign(input, { min: field.min, max: field.max, step: field.step, placeholder: field.preset });
  input.readOnly = field.show === "fixed";
  input.classList.toggle("form-control", !input.readOnly);
  input.classList.toggle("form-control-plaintext", input.readOnly);
  input.classList.toggle("classdesk-fixed", input.readOnly);
  input.disabled = field.show === "hidden";
  document.getElementById(`${id}-range`).textContent = field.range;
  // What was typed stays where it can.
  if (field.show !== "shown" || !input.validity.valid) input.value = field.preset;
}

function apply(field) {
  const id = `classdesk-${field.key}`;
  const input = document.getElementById(id);
  if (!input) return;
  if (field.type === "number") {
    input.value = field.preset;
    limit(field);
  } else {
    document.getElementById(`${id}-row`).hidden = field.show === "hidden";
    input.replaceChildren(...Object.entries(field.choices).map(([value, text]) => new Option(text, value)));
    sayMoments(input);
    input.value = field.preset;
    input.disabled = field.show !== "shown";
  }
}

function sayMoments(select) {
  const moments = JSON.parse(select.dataset.moments ?? "{}");
  for (const option of select.options) option.text = byOwnClock(option.text, moments);
}

form?.querySelectorAll("select").forEach(sayMoments);

// What was refused a moment ago is another value now.
form?.addEventListener("input", ({ target }) => {
  target.removeAttribute("aria-invalid");
  target.classList.remove("is-invalid");
});

ui?.addEventListener("change", () => {
  document.getElementById("classdesk-ui-about").textContent = ui.selectedOptions[0].dataset.about;
  Object.values(JSON.parse(ui.selectedOptions[0].dataset.fields)).forEach(apply);
});

partition?.addEventListener("change", () => {
  (JSON.parse(ui.selectedOptions[0].dataset.partitions)[partition.value] ?? []).forEach((field) => {
    if (field.type === "number") limit(field);
    else apply(field);
  });
});

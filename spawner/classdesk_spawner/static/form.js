// Choosing an interface sets its presets and limits. Without JavaScript the server does the same for empty fields.
const ui = document.getElementById("classdesk-ui");

function apply(field) {
  const id = `classdesk-${field.key}`;
  const input = document.getElementById(id);
  document.getElementById(`${id}-row`).hidden = field.show === "hidden";
  if (field.type === "number") {
    Object.assign(input, { min: field.min, max: field.max, step: field.step, value: field.preset });
    input.readOnly = field.show === "fixed";
    input.disabled = field.show === "hidden";
    document.getElementById(`${id}-range`).textContent = field.range;
  } else {
    input.replaceChildren(...Object.entries(field.choices).map(([value, text]) => new Option(text, value)));
    input.value = field.preset;
    input.disabled = field.show !== "shown";
  }
}

ui?.addEventListener("change", () => {
  Object.values(JSON.parse(ui.selectedOptions[0].dataset.fields)).forEach(apply);
});

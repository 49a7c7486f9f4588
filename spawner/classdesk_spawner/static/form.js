// Choosing an interface sets its preset cores and hours. Without JavaScript the server does the same for empty fields.
const ui = document.getElementById("classdesk-ui");

ui?.addEventListener("change", () => {
  const { cores, hours } = ui.selectedOptions[0].dataset;
  document.getElementById("classdesk-cores").value = cores;
  document.getElementById("classdesk-hours").value = hours;
});

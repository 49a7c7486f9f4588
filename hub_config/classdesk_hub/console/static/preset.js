// The class's preset, in words, for the dialog that asks before a start.
import { get } from "./api.js";
import { count } from "./words.js";

const { classes, class: className } = document.body.dataset;

function words({ interface: ui, cores, hours, reservation }) {
  const parts = [];
  if (ui) {
    parts.push(ui[0].toUpperCase() + ui.slice(1));
  }
  if (cores) {
    parts.push(count(Number(cores), "core"));
  }
  if (hours) {
    parts.push(count(Number(hours), "hour"));
  }
  if (reservation) {
    parts.push(`reservation ${reservation}`);
  }
  return parts.join(", ");
}

/** Writes the preset into the dialog. Without an answer the dialog just does not name it. */
export async function tellPreset() {
  try {
    const known = await get(classes);
    const mine = known.find(({ name }) => name === className);
    const text = mine?.preset ? words({ ...mine.preset, interface: mine.preset.interface ?? mine.preset.ui }) : "";
    document.getElementById("preset").textContent = text && `: ${text}`;
  } catch {
    // The stream tells what is wrong with the connection.
  }
}

// The class's preset, in words, for the dialog that asks before a start.
import { get } from "./api.js";
import { count } from "./words.js";

const { classes, class: className } = document.body.dataset;

function words({ interface: kind, cores, hours, reservation }) {
  const parts = [];
  if (kind) {
    parts.push(kind[0].toUpperCase() + kind.slice(1));
  }
  if (cores) {
    parts.push(count(cores, "core"));
  }
  if (hours) {
    parts.push(count(hours, "hour"));
  }
  if (reservation) {
    parts.push(`reservation ${reservation}`);
  }
  return parts.join(", ");
}

/** Writes the preset into the dialog. Without an answer the dialog just does not name it. */
export async function tellPreset() {
  try {
    const mine = (await get(classes)).find(({ name }) => name === className);
    const text = words(mine.preset);
    document.getElementById("preset").textContent = text && `: ${text}`;
  } catch {
    // The stream tells what is wrong with the connection.
  }
}

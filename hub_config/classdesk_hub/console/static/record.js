// The record of the class: what instructors did, from the service's audit log.
import { get } from "./api.js";
import { TITLES } from "./progress.js";
import { dayAndClock, names } from "./words.js";

const MOST = 200;
const dialog = document.getElementById("record");
const rows = document.getElementById("record-rows");
const search = document.getElementById("record-search");
const trouble = dialog.querySelector(".trouble");

function row(event, now) {
  const line = document.createElement("tr");
  const when = dayAndClock(event.time, now);
  const result = [event.result, event.detail].filter(Boolean).join(": ");
  for (const text of [when, event.who, TITLES[event.act] ?? event.act, names(event.whom, 6), result]) {
    line.appendChild(document.createElement("td")).textContent = text;
  }
  line.classList.toggle("table-danger", event.result === "failed" || event.result === "refused");
  return line;
}

function filter() {
  const words = search.value.toLowerCase().split(/\s+/);
  for (const line of rows.children) {
    const text = line.textContent.toLowerCase();
    line.hidden = !words.every((word) => text.includes(word));
  }
}

/** Opens the record as it is now. */
export async function showRecord() {
  dialog.showModal();
  trouble.hidden = true;
  search.value = "";
  try {
    const events = await get(`audit?limit=${MOST}`);
    const now = Date.now() / 1000;
    rows.replaceChildren(...events.map((event) => row(event, now)));
    filter();
    if (events.length === 0) {
      trouble.textContent = "Nothing has been done yet.";
      trouble.hidden = false;
    }
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
}

export const setUpRecord = () => search.addEventListener("input", filter);

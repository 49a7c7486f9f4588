// The record of the class: what instructors did, from the service's audit log.
import { get } from "./api.js";
import { TITLES } from "./progress.js";
import { dayAndClock, names } from "./words.js";

const MOST = 200;
const dialog = document.getElementById("record");
const rows = document.getElementById("record-rows");
const search = document.getElementById("record-search");
const trouble = dialog.querySelector(".trouble");

const listOf = (whom) => (Array.isArray(whom) ? names(whom, 6) : (whom ?? ""));

function row(event, now) {
  const line = document.createElement("tr");
  const time = typeof event.time === "number" ? event.time : Date.parse(event.time) / 1000;
  const result = [event.result, event.detail].filter((text) => typeof text === "string" && text).join(": ");
  for (const text of [dayAndClock(time, now), event.who, TITLES[event.act] ?? event.act, listOf(event.whom), result]) {
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
    const answer = await get(`audit?limit=${MOST}`);
    const events = Array.isArray(answer) ? answer : answer.events;
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

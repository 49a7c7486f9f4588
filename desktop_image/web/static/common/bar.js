// The bar: time left, full screen, hiding it and getting it back.

import { clock, sessionClock } from "./clock.js";
import { remember, remembered } from "./remember.js";

const bar = document.getElementById("bar");
const showButton = document.getElementById("show-bar-button");
const hideButton = document.getElementById("hide-bar-button");
const fullScreenButton = document.getElementById("full-screen-button");
const fullScreenItem = document.querySelector("#full-screen-item");
const timeLeft = document.getElementById("time-left");
const until = document.getElementById("until");
const looks = [];

const SOON_SECONDS = 600;

let end = 0;
let ahead = 0; // by how many seconds the session's clock is before this computer's

/**
 * @param {string|number} seconds Unix time of the session's end; empty where it is not known
 * @param {number} now the session's own clock: those of laptops are wrong surprisingly often
 */
export function setEnd(seconds, now = Date.now() / 1000) {
  end = Number(seconds) || 0;
  ahead = now - Date.now() / 1000;
  tellTime();
}

/** The minutes that are left; infinitely many where the end is not known. */
export function minutesLeft() {
  return end ? secondsLeft() / 60 : Infinity;
}

/** When the session ends, in Unix seconds; 0 where it is not known. */
export function sessionEnd() {
  return end;
}

/** @param {() => void} look called each second, and when the end has moved */
export function onTime(look) {
  looks.push(look);
}

/** Ctrl + Alt + Shift + B leads to the bar, from wherever the keyboard is. */
export function comeToBar(event) {
  if (event.code !== "KeyB" || !event.ctrlKey || !event.altKey || !event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  setHidden(false);
  [...bar.querySelectorAll("button, a")].find((button) => button.checkVisibility())?.focus();
}

/** @param {() => void} onDone called when the keyboard should go back to the session */
export function setUpBar(onDone) {
  hideButton.addEventListener("click", () => {
    setHidden(true);
    onDone();
  });
  showButton.addEventListener("click", () => {
    setHidden(false);
    onDone();
  });
  show(isWanted());

  for (const button of [fullScreenButton, fullScreenItem]) {
    if (!button) continue;
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener("click", async () => {
      await toggleFullScreen();
      onDone();
    });
  }
  document.addEventListener("fullscreenchange", () => {
    const on = document.fullscreenElement !== null;
    fullScreenButton.setAttribute("aria-pressed", String(on));
    fullScreenButton.textContent = on ? "Leave full screen" : "Full screen";
    show(!on && isWanted());
  });

  // In the capture phase: the session takes every key that reaches it.
  window.addEventListener("keydown", comeToBar, { capture: true });

  // On a narrow page the bar has two lines; what opens below it keeps clear of them.
  new ResizeObserver(() => document.body.style.setProperty("--bar-height", `${bar.offsetHeight}px`)).observe(bar);
  setEnd(document.body.dataset.end);
  setInterval(tellTime, 1000);
}

async function toggleFullScreen() {
  try {
    if (document.fullscreenElement) {
      await document.exitFullscreen();
    } else {
      await document.documentElement.requestFullscreen({ navigationUI: "hide" });
      // Where the browser can, keys such as Escape and Alt + Tab go to the session as well.
      await navigator.keyboard?.lock?.();
    }
  } catch (error) {
    console.warn("Full screen is not possible:", error);
  }
}

function setHidden(hidden) {
  show(!hidden);
  remember("bar-hidden", hidden ? "yes" : "no");
}

function show(shown) {
  bar.hidden = !shown;
  showButton.hidden = shown;
}

/** Whether the bar is there, but for full screen, which is the session's alone. */
function isWanted() {
  return remembered("bar-hidden") !== "yes";
}

function secondsLeft() {
  return Math.max(0, Math.round(end - ahead - Date.now() / 1000));
}

function tellTime() {
  timeLeft.hidden = !end;
  const seconds = secondsLeft();
  until.hidden = !end || !seconds;
  if (end) {
    setText(timeLeft, seconds ? `${inWords(seconds)} left` : "Time is up");
    setText(until, `until ${clock(end, end - seconds)}`);
    until.title = sessionClock(end);
    timeLeft.classList.toggle("soon", seconds <= SOON_SECONDS);
  }
  for (const look of looks) look();
}

function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function inWords(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours) return `${hours} h ${minutes} min`;
  if (minutes >= SOON_SECONDS / 60) return `${minutes} min`;
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

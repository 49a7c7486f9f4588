// The bar: time left, full screen, hiding it and getting it back.

const bar = document.getElementById("bar");
const showButton = document.getElementById("show-bar-button");
const hideButton = document.getElementById("hide-bar-button");
const fullScreenButton = document.getElementById("full-screen-button");
const timeLeft = document.getElementById("time-left");

const REMEMBERED = "classdesk-bar-hidden";
const SOON_SECONDS = 600;

let end = 0;

/** @param {string|number} seconds Unix time of the session's end; empty where it is not known */
export function setEnd(seconds) {
  end = Number(seconds) || 0;
  tellTime();
}

/** @param {() => void} onDone called when the keyboard should go back to the session */
export function setUpBar(onDone) {
  hideButton.addEventListener("click", () => { setHidden(true); onDone(); });
  showButton.addEventListener("click", () => { setHidden(false); onDone(); });
  setHidden(remembered() === "yes");

  fullScreenButton.hidden = !document.fullscreenEnabled;
  fullScreenButton.addEventListener("click", async () => { await toggleFullScreen(); onDone(); });
  document.addEventListener("fullscreenchange", () => {
    const on = document.fullscreenElement !== null;
    fullScreenButton.setAttribute("aria-pressed", String(on));
    fullScreenButton.textContent = on ? "Leave full screen" : "Full screen";
  });

  // In the capture phase: the session takes every key that reaches it.
  window.addEventListener("keydown", (event) => {
    if (event.code === "KeyB" && event.ctrlKey && event.altKey && event.shiftKey) {
      event.preventDefault();
      event.stopImmediatePropagation();
      setHidden(false);
      bar.querySelector(".actions button:not([hidden])").focus();
    }
  }, { capture: true });

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
  bar.hidden = hidden;
  showButton.hidden = !hidden;
  try {
    localStorage.setItem(REMEMBERED, hidden ? "yes" : "no");
  } catch {
    // A browser without storage forgets the choice, and nothing else.
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

function tellTime() {
  timeLeft.hidden = !end;
  if (!end) return;
  const seconds = Math.max(0, Math.round(end - Date.now() / 1000));
  const words = seconds ? `${inWords(seconds)} left` : "Time is up";
  if (timeLeft.textContent !== words) timeLeft.textContent = words;
  timeLeft.classList.toggle("soon", seconds <= SOON_SECONDS);
}

function inWords(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours) return `${hours} h ${minutes} min`;
  if (minutes >= SOON_SECONDS / 60) return `${minutes} min`;
  return `${minutes}:${String(seconds % 60).padStart(2, "0")} min`;
}

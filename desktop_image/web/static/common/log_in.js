// The log-in, which others can end: a log-out in another tab, or a new session, which does not know the old one's cookies.

import { clock } from "./clock.js";
import { askSession, hubHome } from "./page.js";

// Messages between the hub's pages and those of sessions, which are all of one origin.
const news = "BroadcastChannel" in window ? new BroadcastChannel("classdesk-log-in") : new EventTarget();
const LOOK_SECONDS = 4;
// A page that has just been opened again and is refused again needs a person.
const REOPENED = "classdesk-reopened";
const REOPEN_SECONDS = 20;

/** @returns {Promise<boolean>} whether the hub knows who uses this browser; false where it does not answer */
export async function isLoggedIn() {
  try {
    const answer = await fetch(hubHome, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(8000) });
    return answer.ok;
  } catch {
    return false;
  }
}

/**
 * Opens the page again where that leads to the session without a person: the hub knows who asks, and only the session does not.
 *
 * @returns {Promise<boolean>} whether it does
 */
export async function reopen() {
  const last = Number(sessionStorage.getItem(REOPENED)) || 0;
  if (Date.now() - last < 1000 * REOPEN_SECONDS || !(await isLoggedIn())) return false;
  sessionStorage.setItem(REOPENED, String(Date.now()));
  window.location.reload();
  return true;
}

/**
 * Watches whether the session still takes this page for its learner's; an open socket would never tell.
 *
 * @param {() => void} refused called when it does not
 */
export function watchLogIn(refused) {
  let asking = false;
  async function look() {
    if (asking) return;
    asking = true;
    if ((await askSession()).kind === "log-in") refused();
    asking = false;
  }
  setInterval(look, 1000 * LOOK_SECONDS);
  news.addEventListener("message", look);
  window.addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
}

/** @param {() => void} changed called when somebody has logged in or out in another tab */
export function onLogIn(changed) {
  news.addEventListener("message", changed);
}

/** What somebody reads who is logged out while the session runs. */
export function stillRunning(end) {
  const until = end ? ` until ${clock(end)}` : "";
  return `Your session still runs${until}, with all that is open in it.`;
}

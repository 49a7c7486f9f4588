// The log-in, which others can end: a log-out in another tab, or a new session, which does not know the old one's cookies.

import { clock } from "./clock.js";
import { askSession, hubUrl, user } from "./page.js";

// Messages between the hub's pages and those of sessions, which are all of one origin.
const news = "BroadcastChannel" in window ? new BroadcastChannel("classdesk-log-in") : new EventTarget();
const LOOK_SECONDS = 4;
// When a tab of this browser was last opened again: of two that log in to a session at the same moment one is refused.
const REOPENED = "classdesk-reopened";
const TURN_SECONDS = 5;
const ASK_SECONDS = 1;

/**
 * How the hub sees the session of who uses this browser.
 *
 * @returns {Promise<string>} "running", "waiting", "stopping", "none"; empty where the hub does not know who asks,
 *   knows somebody else, or does not answer
 */
async function ownSession() {
  try {
    const answer = await fetch(hubUrl("classdesk/session"), {
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(8000),
    });
    const own = answer.ok ? await answer.json() : {};
    return own.user === user ? own.state : "";
  } catch {
    return "";
  }
}

/**
 * Opens the page again where that leads to the session without a person: the hub knows who asks, and only the session
 * does not. A session that is just being closed does not, either: then a new one is waited for.
 *
 * @returns {Promise<string>} "" where the page is being opened again, or the trouble: "log-in" where a person is needed,
 *   "over" where there is no session
 */
export async function reopen() {
  for (;;) {
    const state = await ownSession();
    if (!state) return "log-in";
    if (state === "none" || state === "waiting") return "over";
    if (state === "running" && isOurTurn()) {
      localStorage.setItem(REOPENED, String(Date.now()));
      window.location.reload();
      return "";
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 1000 * ASK_SECONDS);
    });
  }
}

function isOurTurn() {
  return Math.abs(Date.now() - Number(localStorage.getItem(REOPENED))) > 1000 * TURN_SECONDS;
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
  return `Your session is still running${until}, with everything that is open in it.`;
}

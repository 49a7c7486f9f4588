// What the curtain says: from what is known of the link and the session to words, and nothing else.

import { stillRunning } from "../common/log_in.js";
import { hubHome, sessionUrl, startAgainUrl } from "../common/page.js";

/**
 * @param {object} known `trouble`: "", "away", "log-in" or "over"; `state`: the session's last state, or null;
 *   `ended`: the session's last words, or null; `isShown`: the desktop is on the screen; `wasShown`: it was before
 * @param {object} acts what buttons do: `restart()`, `end()`
 * @returns {object|null} the notice's `title`, `text` and options, or null where the desktop is to be seen
 */
export function notice({ trouble, reopening, state, ended, isShown, wasShown }, acts) {
  if (trouble === "over") return over(ended, state);
  if (trouble === "log-in") return reopening ? again(ended) : loggedOut(ended, state?.end);
  if (ended) return closing(ended);
  if (trouble === "away") return away(wasShown);
  return inSession(state, isShown, wasShown, acts);
}

/** The hub knows who asks, but the session does not: it is another one, it was started anew, or it is just being closed. */
function again(ended) {
  return ended
    ? closing(ended)
    : { title: "Opening your session again", text: "This takes a few seconds.", busy: true };
}

function closing(ended) {
  const title = TITLES[ended.reason] || "Your session is being closed";
  return { title, text: `${ended.sentence} One moment, please.`.trim(), busy: true };
}

function loggedOut(ended, end) {
  return {
    title: "You are logged out",
    text: ended ? `${endedTitle(ended)}. ${ended.sentence}` : stillRunning(end),
    actions: [{ label: "Log in again", run: () => window.location.reload(), isMain: true }],
  };
}

function over(ended, state) {
  const isUp = !ended && state?.end && state.end - 60 < state.now;
  const title = ended ? endedTitle(ended) : isUp ? "This session's time is up" : "Your session has ended";
  const why = ended ? ended.sentence : isUp ? "" : "It was stopped, or its job was cancelled.";
  const again = startAgainUrl();
  return {
    title,
    text: `${why} Your files are saved in your home.`.trim(),
    actions: [...(again ? [{ label: "Start a new session", href: again, isMain: true }] : []), ...home()],
  };
}

const TITLES = { "time-limit": "This session's time is up", logout: "You ended this session" };

function endedTitle({ reason }) {
  return TITLES[reason] || "Your session was stopped";
}

function away(wasShown) {
  if (wasShown) {
    return {
      title: "Reconnecting",
      text: "The connection was lost. Your session is still running, and nothing in it is lost.",
      busy: true,
      thin: true,
    };
  }
  return {
    title: "Connecting to your session",
    text: "It does not answer yet. The page keeps trying.",
    busy: true,
  };
}

function inSession(session, isShown, wasShown, acts) {
  if (!session) return { title: "Opening your desktop", text: "This takes a few seconds.", busy: true };
  if (isShown) return null;
  const { state, detail, starts } = session;
  const terminal = { label: "Open a terminal", href: sessionUrl("terminal/") };
  switch (state) {
    case "no desktop":
      return {
        title: "This session has no desktop",
        text: "It was started with another interface.",
        actions: [terminal, ...home()],
      };
    case "failed":
      return {
        title: "The desktop did not start",
        text: `${detail} Your files are safe. An instructor can help; the session's log says more.`.trim(),
        actions: [{ label: "Try again", run: acts.restart, isMain: true }, terminal, ...home()],
      };
    case "logged out":
      return {
        title: "You logged out of the desktop",
        text: "Your session is still running. A new desktop starts without windows; your files are all there.",
        actions: [
          { label: "New desktop", run: acts.restart, isMain: true },
          { label: "End session", run: acts.end },
        ],
      };
    case "painted":
      return wasShown
        ? { title: "Reconnecting", text: "Your session is still running.", busy: true, thin: true }
        : { title: "Opening your desktop", text: "It is ready and will appear in a moment.", busy: true };
    case "starting MATE":
      return {
        title: starts > 1 ? "Starting a new desktop" : "Starting your desktop",
        text: starts > 1 ? lost(detail) : "The screen is ready; the panel and icons will follow.",
        busy: true,
      };
    default:
      return {
        title: starts > 1 || state === "restarting" ? "Starting a new desktop" : "Starting your desktop",
        text: starts > 1 || state === "restarting" ? lost(detail) : "The screen is being prepared.",
        busy: true,
      };
  }
}

function lost(detail) {
  const why = detail || "The last one ended.";
  return `${why} Its windows were lost; your files are all there.`;
}

function home() {
  return hubHome ? [{ label: "Hub home", href: hubHome }] : [];
}

// The desktop's page: from the first second to the end of the session it shows the desktop or says why not.

import { setEnd, setUpBar } from "../common/bar.js";
import { hideNotice, showNotice } from "../common/notice.js";
import { askSession, hubHome, post, sessionUrl, socketUrl } from "../common/page.js";
import { Retry } from "../common/retry.js";
import { Clipboard } from "./clipboard.js";
import { Screen } from "./screen.js";

// A desktop whose panel is late (an unusual home) is shown all the same.
const LONGEST_CURTAIN_SECONDS = 15;
const STATE_POLL_SECONDS = 0.2;
// The end can move while the session runs.
const END_POLL_SECONDS = 60;

const retry = new Retry();
const clipboard = new Clipboard();
const screen = new Screen(document.getElementById("screen"), socketUrl("desktop-websockify"));
let seen = false; // whether the desktop was on the screen before

setUpBar(() => screen.focus());
clipboard.setUp(screen);
setInterval(async () => {
  const answer = await askSession();
  if (answer.kind === "answer") setEnd(answer.end);
}, 1000 * END_POLL_SECONDS);
run();

async function run() {
  for (;;) {
    const answer = await askSession();
    if (answer.kind === "answer") {
      setEnd(answer.end);
      if (await follow(answer)) continue;
    } else {
      tellTrouble(answer.kind);
    }
    await retry.wait();
  }
}

/** Shows the desktop for as long as it lasts; returns whether to ask again at once. */
async function follow(answer) {
  if (answer.state === "failed" || answer.state === "no desktop") {
    tellState(answer);
    return false;
  }
  if (answer.state !== "starting MATE" && answer.state !== "painted") {
    tellState(answer);
    await retry.wait(STATE_POLL_SECONDS);
    return true;
  }
  if (answer.state !== "painted" || !seen) tellState(answer);
  const connected = await screen.connect();
  if (!connected) return false;
  retry.reset();
  liftCurtain();
  await screen.closed();
  tellTrouble("away");
  return true;
}

async function liftCurtain() {
  const deadline = Date.now() + 1000 * LONGEST_CURTAIN_SECONDS;
  while (screen.isConnected && Date.now() < deadline) {
    const answer = await askSession();
    if (answer.state === "painted") break;
    if (answer.kind === "answer") tellState(answer);
    await new Promise((resolve) => { setTimeout(resolve, 1000 * STATE_POLL_SECONDS); });
  }
  if (!screen.isConnected) return;
  seen = true;
  hideNotice();
  screen.focus();
}

function tellState({ state, detail, starts }) {
  if (state === "no desktop") {
    showNotice("This session has no desktop", "It was started with another interface.", {
      busy: false,
      actions: [{ label: "Open a terminal", href: sessionUrl("terminal/") }, ...home()],
    });
  } else if (state === "failed") {
    showNotice("The desktop does not start", `${detail} Your files are safe. A teacher can help; the session's log says more.`, {
      busy: false,
      actions: [
        { label: "Try again", run: startAgain },
        { label: "Open a terminal", href: sessionUrl("terminal/") },
        ...home(),
      ],
    });
  } else if (starts > 1) {
    showNotice("Starting a new desktop", "The last one has ended. Your files are all there.");
  } else if (state === "starting MATE") {
    showNotice("Starting your desktop", "The screen is there, its panel and icons are coming.");
  } else {
    showNotice("Starting your desktop", "The screen is being made ready.");
  }
}

function tellTrouble(kind) {
  if (kind === "over") {
    showNotice("Your session has ended", "It was stopped, or its time was up. Your files are saved in your home.", {
      busy: false,
      actions: home("Start a new session"),
    });
  } else if (kind === "log-in") {
    showNotice("Please log in again", "Your session is still running.", {
      busy: false,
      actions: [{ label: "Log in", run: () => window.location.reload() }],
    });
  } else if (seen) {
    showNotice("Connecting again", "The connection was lost. Your session is still running, and nothing in it is lost.", { thin: true });
  } else {
    showNotice("Connecting to your session", "It does not answer yet. The page tries again by itself.");
  }
}

function home(label = "Hub home") {
  return hubHome ? [{ label, href: hubHome }] : [];
}

async function startAgain() {
  showNotice("Starting a new desktop", "This takes a few seconds.");
  await post("desktop/restart").catch(() => {});
  retry.reset();
}

// JupyterLab's page: the bar above it, and what happens to its documents when the session ends.

import { comeToBar, minutesLeft } from "../common/bar.js";
import { Channel } from "../common/channel.js";
import { onLogIn, reopen, stillRunning, watchLogIn } from "../common/log_in.js";
import { hideNotice, showNotice } from "../common/notice.js";
import { askSession, socketUrl } from "../common/page.js";
import { Retry } from "../common/retry.js";
import { setUpSessionBar } from "../common/session_bar.js";
import { notice } from "../desktop/notices.js";

const frame = document.getElementById("lab");
const channel = new Channel(socketUrl("desktop/channel"));
const SAVE_MINUTES = 5;
// In the last minute: JupyterLab itself saves less often, and asks nobody at the end.
const LAST_SAVE_SECONDS = 8;

let state = null;
let ended = null;
let loggedOut = false;

const panels = setUpSessionBar(channel, () => frame.contentWindow.focus());
channel.addEventListener("state", ({ detail }) => {
  state = detail;
});
channel.addEventListener("warning", ({ detail }) => {
  if (detail.minutes <= SAVE_MINUTES) save();
});
setInterval(() => {
  if (minutesLeft() < 1) save();
}, 1000 * LAST_SAVE_SECONDS);
channel.addEventListener("ended", async ({ detail }) => {
  ended = detail;
  tell("");
  await save();
  // The session waits for it, a few seconds.
  channel.send({ type: "saved" });
});
watchLogIn(tellLogOut);
onLogIn(() => {
  if (loggedOut) openAgain();
});
frame.addEventListener("load", () => {
  // A page that the browser has refused to show is nobody's, and has no document for us.
  const inner = frame.contentDocument;
  document.title = inner?.title || document.title;
  inner?.defaultView.addEventListener("keydown", comeToBar, { capture: true });
  if (!ended) hideNotice();
});
run();

/** Keeps the channel, and says why it cannot. */
async function run() {
  const retry = new Retry();
  for (;;) {
    if (await channel.connect()) {
      retry.reset();
      ended = null;
      frame.inert = false;
      channel.send({ type: "saves" });
      hideNotice();
      await channel.closed();
    } else if (!loggedOut) {
      const { kind } = await askSession();
      if (kind === "log-in") tellLogOut();
      else tell(kind);
    }
    await retry.wait();
  }
}

function tell(trouble) {
  if (loggedOut) return;
  const wanted = notice({ trouble, state, ended, isShown: true, wasShown: true }, {});
  if (!wanted) return;
  document.body.classList.toggle("is-over", trouble === "over");
  // JupyterLab asks behind the curtain whether to start its server again.
  frame.inert = trouble === "over";
  showNotice(wanted.title, wanted.text, { busy: false, ...wanted });
}

/** Saves all documents that are open, as far as JupyterLab can. */
async function save() {
  // JupyterLab gives its application to the page (LabApp.expose_app_in_browser).
  const lab = frame.contentDocument?.defaultView.jupyterapp;
  await lab?.commands.execute("docmanager:save-all").catch(() => {});
}

/** Shuts JupyterLab, as its log-in has ended; opens it again where the hub still knows who asks. */
function tellLogOut() {
  if (loggedOut) return;
  loggedOut = true;
  panels.closeAll();
  channel.close();
  frame.hidden = true;
  openAgain();
}

async function openAgain() {
  showNotice("Opening your session again", "This takes a few seconds.");
  const trouble = await reopen();
  if (trouble === "over") {
    loggedOut = false;
    tell(trouble);
  } else if (trouble) {
    showNotice("You are logged out", ended ? ended.sentence : stillRunning(state?.end), {
      busy: false,
      actions: [{ label: "Log in again", run: () => window.location.reload(), isMain: true }],
    });
  }
}

// What the page asks of the session: a new desktop, a reset, more time, the end.

import { policy, request } from "../common/page.js";
import { hideBanner, showBanner } from "./banners.js";

const extendButton = document.getElementById("extend-button");
// Before that nobody needs it, and a button that is always there is pressed by mistake.
const EXTEND_MINUTES_LEFT = 30;
const SAME_END_SECONDS = 60;

export async function restart() {
  await request("desktop/restart").catch(tell);
}

export async function end() {
  await request("desktop/end").catch(tell);
}

function tell(error) {
  showBanner("refused", error.message, { tone: "warning" });
}

/** The dialogs of the menu. */
export function setUpDialogs() {
  setUpDialog("reset", async () => {
    if (document.getElementById("reset-lesson").checked) {
      const { sentence } = await request("desktop/reset", { what: "lesson" });
      showBanner("reset-lesson", sentence);
    }
    const { sentence } = await request("desktop/reset", { what: "desktop" });
    showBanner("reset", sentence);
  });
}

/** The dialog that ends the session. */
export function setUpEnd() {
  setUpDialog("end", () => request("desktop/end"));
}

function setUpDialog(name, run) {
  const dialog = document.getElementById(`${name}-dialog`);
  const confirm = document.getElementById(`${name}-confirm`);
  const said = document.getElementById(`${name}-said`);
  confirm.addEventListener("click", async () => {
    confirm.disabled = true;
    said.hidden = true;
    try {
      await run();
      dialog.close();
    } catch (error) {
      said.textContent = error.message;
      said.hidden = false;
    }
    confirm.disabled = false;
  });
}

async function extend() {
  extendButton.disabled = true;
  try {
    await request("desktop/extend", { minutes: policy.extend_minutes });
    hideBanner("time");
    showBanner("extended", `Your session now has ${policy.extend_minutes} more minutes.`);
  } catch (error) {
    tell(error);
  }
  extendButton.disabled = false;
}

/** More time, where the site gives it: in the bar when it is needed, and in the warnings. */
export function setUpTime(channel, minutesLeft) {
  let end = 0; // of the session, and as it was when the last warning came
  let warned = 0;
  const canExtend = policy.extend_minutes > 0;
  extendButton.replaceChildren(
    makeSpan(`Extend by ${policy.extend_minutes} min`, "long"),
    makeSpan(`+${policy.extend_minutes} min`, "short"),
  );
  extendButton.addEventListener("click", extend);
  channel.addEventListener("state", ({ detail }) => {
    end = Number(detail.end) || 0;
    extendButton.hidden = !canExtend || minutesLeft() > EXTEND_MINUTES_LEFT;
    if (end > warned + SAME_END_SECONDS) hideBanner("time");
  });
  channel.addEventListener("warning", ({ detail }) => {
    extendButton.hidden = !canExtend;
    warned = end;
    const what = canExtend && detail.minutes > 5 ? "Save your work now. You can extend the session." : "Save your work now.";
    showBanner("time", `This session ends in ${detail.minutes} minutes. ${what}`, {
      tone: "warning",
      actions: canExtend ? [{ label: `Extend by ${policy.extend_minutes} min`, run: extend }] : [],
    });
  });
}

function makeSpan(text, className) {
  const span = document.createElement("span");
  span.textContent = text;
  span.className = className;
  return span;
}

// What the page asks of the session: a new desktop, a reset, more time, the end.

import { minutesLeft, onTime, sessionEnd } from "../common/bar.js";
import { clock } from "../common/clock.js";
import { policy, request } from "../common/page.js";
import { hideBanner, showBanner } from "./banners.js";

const extendButton = document.getElementById("extend-button");
// Before that nobody needs it, and a button that is always there is pressed by mistake.
const EXTEND_MINUTES_LEFT = 30;
// The session says a warning when its own clock says so; the page's reckoning may be a moment behind.
const SLACK_MINUTES = 0.1;

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
    const before = sessionEnd();
    const { end } = await request("desktop/extend", { minutes: policy.extend_minutes });
    // A site's limit may leave less than was asked for.
    const more = Math.round((end - before) / 60);
    showBanner("extended", `Your session now has ${more} more ${more === 1 ? "minute" : "minutes"}.`);
  } catch (error) {
    tell(error);
  }
  extendButton.disabled = false;
}

/** More time, where the site gives it: in the bar when it is needed, and in the warnings. */
export function setUpTime(channel) {
  let warned = 0; // the minutes of the warning that is on the page
  let told = ""; // the time that it names
  const canExtend = policy.extend_minutes > 0;
  extendButton.replaceChildren(
    makeSpan(`Extend by ${policy.extend_minutes} min`, "long"),
    makeSpan(`+${policy.extend_minutes} min`, "short"),
  );
  extendButton.addEventListener("click", extend);

  function warn() {
    told = clock(sessionEnd());
    const what = canExtend && warned > 5 ? "Save your work now. You can extend the session." : "Save your work now.";
    showBanner("time", `This session ends at ${told}. ${what}`, {
      tone: "warning",
      actions: canExtend ? [{ label: `Extend by ${policy.extend_minutes} min`, run: extend }] : [],
      onClose: () => {
        warned = 0;
      },
    });
  }

  channel.addEventListener("warning", ({ detail }) => {
    warned = detail.minutes;
    warn();
  });
  // What is said goes when it is no longer true, whoever has given more time.
  onTime(() => {
    extendButton.hidden = !canExtend || minutesLeft() > EXTEND_MINUTES_LEFT;
    if (!warned) return;
    if (minutesLeft() > warned + SLACK_MINUTES) {
      warned = 0;
      hideBanner("time");
    } else if (clock(sessionEnd()) !== told) {
      warn();
    }
  });
}

/** A frozen desktop looks like a quiet one: the session asks its X server every few seconds. */
export function setUpFrozen(channel) {
  channel.addEventListener("state", ({ detail }) => {
    if (!detail.frozen) {
      hideBanner("frozen");
      return;
    }
    showBanner(
      "frozen",
      "The desktop does not answer. A new one starts within seconds, but whatever is open in this one is lost.",
      {
        tone: "warning",
        actions: [{ label: "New desktop", run: restart }],
      },
    );
  });
}

function makeSpan(text, className) {
  const span = document.createElement("span");
  span.textContent = text;
  span.className = className;
  return span;
}

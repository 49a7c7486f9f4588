// The desktop's page: puts its parts together. What is shown when is in notices.js, what happens when in lifecycle.js.

import { setEnd, setUpBar } from "../common/bar.js";
import { Channel } from "../common/channel.js";
import { askBeforeLeaving } from "../common/leaving.js";
import { setUpMemory } from "../common/memory.js";
import { hideNotice, showNotice } from "../common/notice.js";
import { policy, request, socketUrl } from "../common/page.js";
import { remembered } from "../common/remember.js";
import { Composer } from "../keyboard/composer.js";
import { MacKeyboard } from "../keyboard/mac.js";
import { Turns } from "../keyboard/turns.js";
import { end, restart, setUpDialogs, setUpEnd, setUpFrozen, setUpTime } from "./acts.js";
import { hideBanner, showBanner } from "./banners.js";
import { Clipboard } from "./clipboard.js";
import { density, onDensityChange } from "./density.js";
import { Download } from "./download.js";
import { Keys } from "./keys.js";
import { Lifecycle } from "./lifecycle.js";
import { notice } from "./notices.js";
import { Panels } from "./panels.js";
import { Quality } from "./quality.js";
import { Screen } from "./screen.js";
import { TouchKeyboard } from "./touch_keyboard.js";
import { Upload } from "./upload.js";

const USUAL_DENSITY_MS = 4000;

const channel = new Channel(socketUrl("desktop/channel"));
const screen = new Screen(document.getElementById("screen"), socketUrl("desktop-websockify"));
const lifecycle = new Lifecycle(channel, screen);
const panels = new Panels(() => screen.focus());
let starts = 0; // which desktop was told of last, counted by the session

setUpBar(() => screen.focus());
setUpTime(channel);
setUpMemory(channel);
new Quality().setUp(channel, screen);
const keys = new Keys();
const mac = new MacKeyboard(screen.keyboard, channel, () => keys.optionIsAlt);
const turns = new Turns(screen.keyboard, (...key) => screen.sendKey(...key));
mac.setUp();
turns.setUp();
keys.setUp(screen);
new Composer(screen.keyboard, (pressed) => keys.press(pressed)).setUp();
new TouchKeyboard().setUp(screen, keys);
new Clipboard(policy, mac, turns, tellOfClipboard).setUp(screen, panels);
mac.setUpCmd(turns);
const download = new Download();
download.setUp(panels);
new Upload().setUp(
  () => {
    if (panels.open !== "files-panel") panels.toggle("files-panel");
  },
  () => download.refresh(),
);
setUpDialogs();
setUpEnd();
setUpFrozen(channel);
onDensityChange(followDensity);
askBeforeLeaving(() => screen.isConnected);
channel.addEventListener("state", ({ detail }) => {
  setEnd(detail.end, detail.now);
  tellOfDesktop(detail);
});
lifecycle.addEventListener("change", show);
// On a usual screen there is seldom something to do, and a desktop that is just starting has more urgent work.
screen.addEventListener("up", () => {
  setTimeout(followDensity, density() === 1 ? USUAL_DENSITY_MS : 0);
});
// What is typed next would be lost: a button that was pressed keeps the keyboard, also when it is gone soon, and a press
// beside all buttons takes it from the desktop, too.
for (const id of ["banners", "extend-button"]) {
  document.getElementById(id).addEventListener("click", giveKeyboardBack);
}
window.addEventListener("click", () => {
  if (document.activeElement === document.body) giveKeyboardBack();
});
lifecycle.run();
setUpPeople();
let lesson = null;
for (const button of document.querySelectorAll("[data-lesson]")) {
  button.addEventListener("click", (event) => toggleLesson(event.detail === 0));
}
if (remembered("lesson") === "open") toggleLesson();

function show() {
  const { trouble, ended } = lifecycle.known;
  const isOver = trouble === "over";
  document.body.classList.toggle("is-over", isOver);
  document.body.classList.toggle("is-ended", isOver || ended !== null);
  if (isOver || trouble === "log-in") panels.closeAll();
  const wanted = notice(lifecycle.known, { restart, end });
  if (wanted) {
    showNotice(wanted.title, wanted.text, { busy: false, ...wanted });
  } else if (hideNotice()) {
    giveKeyboardBack();
  }
}

/** The keyboard is the desktop's, unless something is open that is typed into. */
function giveKeyboardBack() {
  if (!document.querySelector("dialog[open], .panel:not(.beside, [hidden])")) screen.focus();
}

function tellOfClipboard(sentence) {
  showBanner("clipboard", sentence, { tone: "warning" });
}

/** Says what a learner cannot see: that this is another desktop than before, or a safe one. */
function tellOfDesktop(state) {
  if (state.state !== "painted") return;
  if (state.starts !== starts && state.notice) showBanner("restarted", state.notice);
  starts = state.starts;
  if (state.safe) {
    showBanner("safe", `This desktop is running with safe settings; yours are untouched. ${state.safe_reason}`, {
      tone: "warning",
      actions: [{ label: "Reset my desktop", run: () => panels.ask("reset-dialog") }],
    });
  } else {
    hideBanner("safe");
  }
}

/** Sharp letters where the screen can show them and the desktop's programs can follow. */
async function followDensity() {
  const wanted = density();
  const state = lifecycle.known.state ?? {};
  if (!screen.isConnected) return;
  if (state.scale === wanted) {
    screen.density = wanted;
    return;
  }
  try {
    const { factor } = await request("desktop/scale", { factor: wanted });
    screen.density = factor;
  } catch (error) {
    console.warn("The desktop keeps its scale:", error.message);
  }
}

/** Messages, raised hands and who is watching: a part of its own, without which the desktop still works. */
async function setUpPeople() {
  try {
    const people = await import("../people/main.js");
    people.setUpPeople({ channel, screen, showBanner, hideBanner, panels, policy });
  } catch (error) {
    console.warn("Messages and requests for help are not there:", error);
  }
}

/** The lesson's pane, which nobody waits for who has not opened it. */
async function toggleLesson(byKeyboard = false) {
  if (!lesson) {
    const { Lesson } = await import("../lesson/main.js");
    lesson ??= new Lesson(screen, () => mac.isInTerminal());
  }
  if (lesson.isOpen) lesson.close();
  else await lesson.open(byKeyboard);
}

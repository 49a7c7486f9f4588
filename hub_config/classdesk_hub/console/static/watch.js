// The page on which a learner's desktop is watched. It is the console's own: of the learner's session come a picture,
// which noVNC draws, and a few words that the service has checked.
import { base, post, watchPage } from "./api.js";
import { ask, open, setUpDialogs } from "./asking.js";
import { Composer } from "./keyboard/composer.js";
import { letGoOnLeaving } from "./keyboard/held_keys.js";
import { MacKeyboard } from "./keyboard/mac.js";
import { Turns } from "./keyboard/turns.js";
import { handText, isLive, title } from "./learner.js";
import { setText } from "./row.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";
import { WatchLink } from "./watch_link.js";
import { controlSentence, curtain, isOver, mode } from "./watch_words.js";

const TICK_MS = 1000;
const SAID_MS = 12_000;

const { learner: name, mayPaste } = document.body.dataset;
const find = (id) => document.getElementById(id);
const store = new Store();
const screen = find("screen");
const keyboard = find("keyboard");

let known = {
  name,
  learner: undefined,
  wants: true,
  lost: false,
  visit: "",
  reason: "",
  desktop: "",
  control: false,
  asksForControl: false,
  isShown: false,
  wasShown: false,
  endedJob: "",
  trouble: "",
};
let act = ""; // the id of the last act that was asked for here

const link = new WatchLink(
  screen,
  keyboard,
  name,
  () => known.wants && Boolean(known.learner) && !isOver(known) && !known.trouble,
  learn,
);
const stream = new Stream(new URL("stream", new URL(base, location.href)), {
  event: take,
  state: ({ login, sentence }) => learn({ trouble: login ? sentence : "" }),
});

// News ---------------------------------------------------------------------------------------------------------------

function learn({ hasEnded, ...facts }) {
  const hadControl = known.control || known.asksForControl;
  known = { ...known, ...facts };
  known.wasShown ||= known.isShown;
  if (hasEnded) {
    known.endedJob = known.learner?.job_id || "unknown";
  }
  const sentence = facts.visit === "watching" && controlSentence(title(known.learner), facts.reason);
  if (sentence) {
    say(sentence);
  } else if (facts.control) {
    find("said").hidden = true; // an earlier no
  }
  show();
  if (hadControl && !known.control && document.activeElement === document.body) {
    find("control").focus();
  }
}

function take(type, data) {
  if (type === "act") {
    const result = data.id === act && data.results.find((one) => one.learner === name);
    if (result?.message) {
      say(result.message);
    }
    return;
  }
  store[type](data);
  const learner = store.learners.get(name) ?? null;
  const isOther = known.learner && learner && known.learner.job_id !== learner.job_id;
  if (isOther || (learner && !isLive(learner))) {
    // What is known of a session holds for no other.
    learn({ learner, visit: "", reason: "", desktop: "", control: false, asksForControl: false });
    link.close();
    link.askAgain();
  } else {
    learn({ learner, trouble: "" });
  }
}

// Showing ------------------------------------------------------------------------------------------------------------

function show() {
  const { learner } = known;
  const live = Boolean(learner) && !isOver(known) && !known.trouble;
  document.body.classList.toggle("in-control", known.control && known.isShown);
  setText(find("who"), learner ? title(learner) : name);
  setText(find("mode"), mode(known));
  setText(
    find("control"),
    known.control ? "Give control back" : known.asksForControl ? "Stop asking" : "Ask for control",
  );
  find("control").disabled = !known.isShown;
  find("paste").disabled = !known.control || !known.isShown;
  find("message").disabled = !live;
  find("stop").disabled = !known.wants || !live;
  showCurtain();
  showHands();
}

function showCurtain() {
  const wanted = curtain(known);
  const was = find("curtain").hidden;
  find("curtain").hidden = wanted === null;
  if (wanted === null) {
    if (!was) {
      link.focus();
    }
    return;
  }
  setText(find("curtain-title"), wanted.title);
  setText(find("curtain-text"), wanted.text);
  find("busy").hidden = !wanted.busy;
  find("curtain").classList.toggle("thin", Boolean(wanted.thin));
  const acts = find("curtain-acts");
  const wish = wanted.acts.join(" ");
  if (acts.dataset.acts !== wish) {
    acts.dataset.acts = wish;
    acts.replaceChildren(...wanted.acts.map((kind, index) => choice(kind, index === 0 && kind !== "message")));
  }
}

const CHOICES = {
  back: ["Back to the class", () => find("back").click()],
  start: ["Start it again", () => send({ act: "start", learners: [name] })],
  message: ["Message", message],
  reset: ["Reset", reset],
  again: ["Ask again", () => link.askAgain()],
  look: [
    "Look again",
    () => {
      learn({ wants: true });
      link.askAgain();
    },
  ],
};

function choice(kind, isMain) {
  const [words, run] = CHOICES[kind];
  const button = document.createElement("button");
  button.type = "button";
  button.className = `btn ${isMain ? "btn-primary" : "btn-quiet"}`;
  button.textContent = words;
  button.addEventListener("click", run);
  return button;
}

function showHands() {
  const now = store.now();
  const hand = find("hand");
  hand.hidden = !known.learner?.hand;
  if (!hand.hidden) {
    setText(find("hand-text"), handText(known.learner, now));
  }
  const waiting = [...store.learners.values()].filter((other) => other.hand && other.name !== name);
  const [next] = waiting.sort((a, b) => a.hand.since - b.hand.since);
  find("next").classList.toggle("absent", !next);
  if (next) {
    setText(find("next"), `Next who waits: ${title(next)}`);
    find("next").href = watchPage(next.name);
  }
}

let silence = 0;

/** Says something for a while. */
function say(sentence) {
  setText(find("said"), sentence);
  find("said").hidden = false;
  clearTimeout(silence);
  silence = setTimeout(() => (find("said").hidden = true), SAID_MS);
}

// Acts ---------------------------------------------------------------------------------------------------------------

async function send(request) {
  try {
    act = (await post("acts", request)).id;
  } catch (error) {
    say(error.message);
  }
}

async function message() {
  const wish = await ask("message", [known.learner]);
  if (wish) {
    await send({ act: "message", text: wish.text, learners: [name] });
  }
  link.focus();
}

async function reset() {
  const wish = await ask("reset", [known.learner]);
  if (wish) {
    await send({ act: wish.act, learners: [name] });
  }
}

async function paste() {
  const values = await open(find("ask-paste"));
  link.focus();
  if (values) {
    link.type(values.text);
  }
}

find("control").addEventListener("click", () => {
  link.wantControl(!known.control && !known.asksForControl);
  link.focus();
});
find("paste").addEventListener("click", paste);
find("message").addEventListener("click", message);
find("lower").addEventListener("click", () => send({ act: "lower-hand", learners: [name] }));
find("stop").addEventListener("click", () => {
  learn({ wants: false });
  link.close();
  find("curtain-acts").querySelector("button")?.focus();
});

// Keys ---------------------------------------------------------------------------------------------------------------

const mac = new MacKeyboard(keyboard, link);
const turns = new Turns(keyboard, (...key) => link.sendKey(...key));
mac.setUp();
turns.setUp();
letGoOnLeaving(keyboard);
new Composer(keyboard, (keys) => turns.press(keys)).setUp();

// In the capture phase: noVNC takes every key that reaches the picture.
addEventListener(
  "keydown",
  (event) => {
    if (event.code === "KeyB" && event.ctrlKey && event.altKey && event.shiftKey) {
      event.preventDefault();
      event.stopImmediatePropagation();
      find("back").focus();
    } else if (mayPaste && known.control && event.target === keyboard && isPaste(event)) {
      // The browser must see this key as its own paste: nobody else may, and nothing prevents its default.
      event.stopImmediatePropagation();
    }
  },
  { capture: true },
);

mac.setUpCmd(turns);

const isPaste = (event) => event.code === "KeyV" && (event.ctrlKey || event.metaKey) && !event.altKey;

// Ctrl + W is for the learner's shell, but the browser takes it: it asks first, unless a link was pressed.
let leaves = false;
addEventListener("click", ({ target }) => (leaves = Boolean(target.closest("a[href]"))), { capture: true });
addEventListener("beforeunload", (event) => {
  if (!leaves && known.control && known.isShown) {
    event.preventDefault();
  }
});

keyboard.addEventListener("paste", (event) => {
  event.preventDefault();
  if (mayPaste && known.control) {
    link.type(event.clipboardData.getData("text/plain"));
  }
});

setUpDialogs();
setInterval(showHands, TICK_MS);
stream.run();
link.run();

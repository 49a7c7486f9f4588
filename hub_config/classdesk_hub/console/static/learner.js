// What is shown of one learner: label, sentence, places in an order, and which acts are offered. Pure functions.
import { ago, clock, count, duration, memory, since } from "./words.js";

/** The states in the order in which they ask for an instructor's eye; `hand` and `away` lie over the others. */
export const STATES = {
  failed: "Failed",
  frozen: "Frozen",
  queued: "Queued",
  starting: "Starting",
  "not started": "Not started",
  idle: "Idle",
  running: "Running",
  stopping: "Stopping",
};

const RANK = Object.fromEntries(Object.keys(STATES).map((state, index) => [state, index]));
const LIVE = new Set(["running", "frozen", "idle"]);
// What needs no mark: the desktop is there, there is none to be had, the state says it, or nothing is known.
const COMPLETE = new Set(["painted", "no desktop", "frozen", ""]);
const SOON_OVER_S = 600;
const SILENT_S = 90; // sessions report every 20 s

export const title = (learner) => learner.full_name || learner.name;
export const isLive = (learner) => LIVE.has(learner.state);
/** Whether a session runs before which nobody sits: the learner has closed the page, or gone home. */
const isAway = (learner) => isLive(learner) && learner.pages === 0;
export const label = (learner) => STATES[learner.state];

const RESETS = ["reset-lesson", "reset-desktop", "restart"];

/** Whether an act makes sense for a learner; `reset` is any of the resets. What does not is not offered, and not counted. */
export const can = (learner, act) =>
  act === "reset" ? RESETS.some((kind) => learner.can.includes(kind)) : learner.can.includes(act);

const sentenceCase = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");

function queueSentence(learner, now) {
  const parts = [learner.reason || learner.sentence || "waiting for its turn"];
  if (learner.place) {
    parts.push(`place ${learner.place}`);
  }
  if (learner.start_estimate) {
    const wait = learner.start_estimate - now;
    parts.push(wait > 0 ? `expected at ${clock(learner.start_estimate)}, in ${duration(wait)}` : "expected any moment");
  }
  return sentenceCase(parts.join("; "));
}

/** What the state means for this learner now, beside its label. */
export function sentence(learner, now) {
  switch (learner.state) {
    case "queued":
      return queueSentence(learner, now);
    case "starting":
      return sentenceCase(learner.phase || learner.sentence);
    case "idle":
      return learner.idle_s === null ? "" : `No input for ${duration(idle(learner, now))}`;
    default:
      return sentenceCase(learner.sentence || learner.reason);
  }
}

/** Seconds for which a running session has not told anything; its figures are that old. */
const unheard = (learner, now) => (isLive(learner) && learner.reported ? now - learner.reported : 0);

/** Short marks beside the state: safe start, desktop not there, who watches, figures that are old. */
export function tags(learner, now) {
  const found = [];
  if (unheard(learner, now) > SILENT_S) {
    found.push(`not heard from for ${duration(unheard(learner, now))}`);
  }
  if (learner.safe) {
    found.push("safe desktop");
  }
  if (isAway(learner)) {
    found.push("no page open");
  }
  if (isLive(learner) && !COMPLETE.has(learner.desktop)) {
    found.push(learner.desktop.startsWith("start") ? "desktop is starting" : `desktop: ${learner.desktop}`);
  }
  if (learner.watchers.length) {
    found.push(`watched by ${learner.watchers.join(", ")}`);
  }
  return found.join(" · ");
}

/** Seconds until Slurm ends the session; null where there is no end. */
export const left = (learner, now) =>
  learner.end && (isLive(learner) || learner.state === "starting") ? learner.end - now : null;

export const isSoonOver = (seconds) => seconds !== null && seconds < SOON_OVER_S;

export const leftText = (learner, now) => {
  const seconds = left(learner, now);
  return seconds === null ? "" : seconds > 0 ? duration(seconds) : "over";
};

/** `0.7 of 2`; the cores alone where nothing is known of their use. */
export function cpuText({ cpu, cores }) {
  if (cpu === null) {
    return cores ? count(cores, "core") : "";
  }
  return `${cpu.toFixed(1)}${cores ? ` of ${cores}` : ""}`;
}

const share = (part, whole) => (part === null || !whole ? null : Math.min(1, part / whole));

/** Share of the session's cores that is used, 0 to 1; null where it is not known. */
export const cpuShare = (learner) => (isLive(learner) ? share(learner.cpu, learner.cores) : null);

export const memoryText = (learner) => (learner.memory_mib ? memory(learner.memory_mib) : "");

/** Share of the session's memory that is used, 0 to 1; null where it or its limit is not known. */
export const memoryShare = (learner) => (isLive(learner) ? share(learner.memory_mib, learner.memory_limit_mib) : null);

const idle = (learner, now) => learner.idle_s + Math.max(0, unheard(learner, now));

export const inputText = (learner, now) =>
  !isLive(learner) || learner.idle_s === null ? "" : since(idle(learner, now));

/** What a raised hand says: `Asks for help (12 min): “line 3”. Ines is on it (just now).` */
export function handText({ hand }, now) {
  const asks = `Asks for help (${ago(now - hand.since)})${hand.text ? `: “${hand.text}”` : ""}`;
  return hand.helper ? `${asks}. ${hand.helper} is on it (${ago(now - (hand.helper_since ?? now))}).` : asks;
}

const collator = new Intl.Collator([], { numeric: true, sensitivity: "base" });
const byName = (a, b) => collator.compare(title(a), title(b)) || collator.compare(a.name, b.name);

/** What each column sorts by. Learners without a value come last, in either direction. */
const KEYS = {
  state: (learner) => RANK[learner.state],
  node: (learner) => learner.node || null,
  left: (learner) => (isLive(learner) ? learner.end : null),
  cpu: (learner) => learner.cpu,
  memory: (learner) => learner.memory_mib,
  input: (learner) => (isLive(learner) ? learner.idle_s : null),
};

/** Compares two learners: raised hands first, the oldest at the top, then by the column. */
export function comparison({ key, down }) {
  const turn = down ? -1 : 1;
  const keyOf = KEYS[key];
  return (a, b) => {
    if (a.hand || b.hand) {
      if (!a.hand || !b.hand) {
        return a.hand ? -1 : 1;
      }
      return a.hand.since - b.hand.since || byName(a, b);
    }
    if (!keyOf) {
      return turn * byName(a, b);
    }
    const [x, y] = [keyOf(a), keyOf(b)];
    if (x === null || y === null) {
      return x === y ? byName(a, b) : x === null ? 1 : -1;
    }
    return turn * (typeof x === "string" ? collator.compare(x, y) : x - y) || byName(a, b);
  };
}

/** Whether a learner belongs to what a counter counts. */
export const isIn = (learner, state) =>
  state === "hand" ? Boolean(learner.hand) : state === "away" ? isAway(learner) : learner.state === state;

/** Whether a learner passes the pressed counter and the search field. */
export function matches(learner, { state, search }) {
  if (state && !isIn(learner, state)) {
    return false;
  }
  if (!search) {
    return true;
  }
  const text = [
    learner.name,
    learner.full_name,
    learner.node,
    learner.state,
    learner.sentence,
    learner.reason,
    learner.hand?.text,
  ]
    .filter(Boolean)
    .join("\n")
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

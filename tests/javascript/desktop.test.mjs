// The parts of the session's page that need no browser.
import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "UTC";
const listeners = {};
const on = (name, listener) => {
  listeners[name] = listener;
};
globalThis.document = { body: { dataset: { utcOffset: "3600" } }, addEventListener: on, visibilityState: "visible" };
globalThis.window = { addEventListener: on };

const PAGE = "../../desktop_image/web/static";
const { clock, sessionClock } = await import(`${PAGE}/common/clock.js`);
const { remember, remembered } = await import(`${PAGE}/common/remember.js`);
const { Retry } = await import(`${PAGE}/common/retry.js`);
const { isModifier, keyOf } = await import(`${PAGE}/keyboard/keysyms.js`);
const { LEVELS, nextLevel } = await import(`${PAGE}/desktop/quality.js`);
const { notice } = await import(`${PAGE}/desktop/notices.js`);
const { ago } = await import(`${PAGE}/people/elements.js`);

test("while a session closes, the learner reads who ended it", () => {
  const known = { trouble: "", state: null, isShown: true, wasShown: true };
  const closing = (reason, sentence) => notice({ ...known, ended: { reason, sentence } }, {});
  const restart = closing("stopped", "grace is restarting it.");
  assert.equal(restart.title, "Your session is being closed");
  assert.equal(restart.text, "grace is restarting it. One moment, please.");
  assert.equal(closing("time-limit", "The reservation course ended.").title, "This session's time is up");
  assert.equal(closing("logout", "").text, "One moment, please.");
});

test("characters have the keysyms of X", () => {
  assert.deepEqual(keyOf("a"), [0x61, undefined]);
  assert.deepEqual(keyOf("ÿ"), [0xff, undefined]);
  assert.deepEqual(keyOf("€"), [0x010020ac, undefined]);
  assert.deepEqual(keyOf("😀"), [0x0101f600, undefined]);
  assert.deepEqual(keyOf("\n"), [0xff0d, "Enter"]);
  assert.deepEqual(keyOf("\t"), [0xff09, "Tab"]);
  assert.ok(isModifier("AltGraph"));
  assert.ok(!isModifier("a"));
});

test("a late link takes a level that fits below what it carries", () => {
  const late = { level: 3, extraDelay: 500, seconds: 0 };
  assert.equal(LEVELS[nextLevel({ ...late, megabits: 50 })].name, "Good");
  assert.equal(LEVELS[nextLevel({ ...late, megabits: 20 })].name, "Fair");
  assert.equal(LEVELS[nextLevel({ ...late, megabits: 2 })].name, "Low");
  assert.equal(nextLevel({ ...late, level: 0, megabits: 2 }), 0, "there is none below");
});

test("a prompt link is tried with the next level, once patience is over", () => {
  const prompt = { level: 1, extraDelay: 5, megabits: 20 };
  assert.equal(nextLevel({ ...prompt, seconds: 9 }), 2);
  assert.equal(nextLevel({ ...prompt, seconds: 9, patience: 60 }), 1);
  assert.equal(nextLevel({ ...prompt, level: 3, seconds: 9 }), 3, "there is none above");
});

test("a still desktop says nothing about the link", () => {
  assert.equal(nextLevel({ level: 1, extraDelay: 900, megabits: 0.1, seconds: 99 }), 1);
});

test("times are the reader's, and the session's where its clock differs", () => {
  const moment = Date.UTC(2026, 10, 27, 15, 48) / 1000;
  assert.equal(clock(moment, moment), "15:48 your time");
  assert.equal(clock(moment, moment - 86_400), "Fri 15:48 your time");
  assert.equal(sessionClock(moment), "16:48 by the session's clock");
});

test("how long ago something was is told in whole minutes", () => {
  assert.equal(ago(0, 59), "just now");
  assert.equal(ago(0, 119), "1 min ago");
  assert.equal(ago(0, 3720), "1 h 2 min ago");
  assert.equal(ago(9, 0), "just now", "a clock that is behind");
});

test("a browser without storage forgets, and nothing else", (t) => {
  const kept = new Map();
  globalThis.localStorage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
  };
  t.after(() => {
    delete globalThis.localStorage;
  });
  remember("quality", "Good");
  assert.equal(remembered("quality", "Automatic"), "Good");
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get() {
      throw new Error("denied");
    },
  });
  remember("quality", "Best");
  assert.equal(remembered("quality", "Automatic"), "Automatic");
});

test("tries come at longer and longer intervals, and at once with a new network", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const retry = new Retry();
  const pause = async (milliseconds) => {
    let over = false;
    const waiting = retry.wait().then(() => {
      over = true;
    });
    t.mock.timers.tick(milliseconds - 1);
    await Promise.resolve();
    assert.equal(over, false);
    t.mock.timers.tick(1);
    await waiting;
  };
  for (const milliseconds of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
    await pause(milliseconds);
  }
  const waiting = retry.wait();
  listeners.online();
  await waiting;
  retry.reset();
  await pause(250);
});

// Moments of the hub, said by the browser's own clock.
import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "Asia/Kolkata";
const { byOwnClock, clock } = await import("../../spawner/classdesk_spawner/form/static/moments.js");

const HOUR = 3600;
// 14:00 in Kolkata, which is 08:30 UTC.
const midday = new Date().setHours(14, 0, 0, 0) / 1000;

test("a moment is said by the browser's clock, which is named where the hub's shows another time", () => {
  const text = byOwnClock("expected to start at 08:30 UTC, in about 5 min", { "08:30 UTC": midday });
  assert.equal(text, "expected to start at 14:00 your time, in about 5 min");
  assert.equal(byOwnClock("until 14:00 IST", { "14:00 IST": midday }), "until 14:00");
});

test("a moment of another day has its day, whichever is said first", () => {
  const moments = { "08:30 UTC": midday, "08:30 UTC on 03 Dec": 1_796_286_600 };
  assert.equal(byOwnClock("08:30 UTC to 08:30 UTC on 03 Dec", moments), "14:00 your time to 14:00 your time on 03 Dec");
  assert.match(clock(new Date(1000 * (midday + 48 * HOUR))), /^14:00 on \d\d \w{3}$/);
});

test("what says no moment stays as it is", () => {
  assert.equal(byOwnClock("waiting for free cores", {}), "waiting for free cores");
  assert.equal(byOwnClock("waiting for free cores", { "08:30 UTC": midday }), "waiting for free cores");
});

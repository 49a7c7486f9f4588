// What the console shows of one learner.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as show from "../../hub_config/classdesk_hub/console/static/learner.js";

process.env.TZ = "UTC";
const NOW = 1_800_000_000;

const learner = (facts = {}) => ({
  name: "ada",
  full_name: "",
  state: "running",
  sentence: "",
  hand: null,
  ...facts,
});

test("a state comes with what an instructor needs", () => {
  const told = [
    [
      { state: "queued", reason: "waiting for free cores", place: 3, start_estimate: NOW + 240 },
      "Waiting for free cores; place 3; expected at 08:04, in 4 min",
    ],
    [{ state: "queued", reason: "", place: null, start_estimate: null }, "Waiting for its turn"],
    [{ state: "starting", phase: "opening the image" }, "Opening the image"],
    [{ state: "failed", sentence: "The node failed." }, "The node failed."],
    [{ state: "idle", idle_s: 1500 }, "No input for 25 min"],
  ];
  for (const [facts, sentence] of told) {
    assert.equal(show.sentence(learner(facts), NOW), sentence);
  }
});

test("hands come first, the oldest at the top, and unknown figures last", () => {
  const learners = [
    learner({ name: "a", cpu: null }),
    learner({ name: "b", cpu: 0.2 }),
    learner({ name: "c", cpu: 1.9 }),
    learner({ name: "d", hand: { since: NOW - 10, text: "" } }),
    learner({ name: "e", hand: { since: NOW - 90, text: "" } }),
  ];
  const order = (down) => learners.toSorted(show.comparison({ key: "cpu", down })).map(({ name }) => name);
  assert.deepEqual(order(true), ["e", "d", "c", "b", "a"]);
  assert.deepEqual(order(false), ["e", "d", "b", "c", "a"]);
});

test("names are put in order as people count", () => {
  const learners = [10, 9, 1].map((number) => learner({ name: `learner${number}` }));
  const order = learners.sort(show.comparison({ key: "name", down: false })).map(({ name }) => name);
  assert.deepEqual(order, ["learner1", "learner9", "learner10"]);
});

test("a reset is offered where any of them is possible", () => {
  assert.ok(show.can(learner({ can: ["restart", "stop"] }), "reset"));
  assert.ok(!show.can(learner({ can: ["start"] }), "reset"));
  assert.ok(show.can(learner({ can: ["start"] }), "start"));
  assert.ok(!show.can(learner({ can: ["start"] }), "stop"));
});

test("a row marks a learner who has no page open", () => {
  const told = [
    [{ pages: 0 }, "no page open"],
    [{ pages: 1 }, ""],
    [{ pages: null }, ""],
    [{ pages: 0, state: "starting" }, ""],
    [{ pages: 1, state: "frozen", desktop: "frozen" }, ""],
    [{ pages: 0, desktop: "starting mate" }, "no page open · desktop is starting"],
    [{ desktop: "no desktop" }, ""],
  ];
  for (const [facts, tags] of told) {
    const shown = learner({ desktop: "painted", watchers: [], ...facts });
    assert.equal(show.tags(shown, NOW), tags);
    assert.equal(show.matches(shown, { state: "away", search: "" }), tags.includes("no page open"));
  }
});

test("a raised hand says since when, and who comes", () => {
  const told = [
    [{ since: NOW - 5, text: "" }, "Asks for help (just now)"],
    [{ since: NOW - 130, text: "line 3" }, "Asks for help (2 min): “line 3”"],
    [
      { since: NOW - 130, text: "", helper: "ines", helper_since: NOW - 70 },
      "Asks for help (2 min). ines is on it (1 min).",
    ],
  ];
  for (const [hand, text] of told) {
    const shown = learner({ hand });
    assert.equal(show.handText(shown, NOW), text);
  }
});

test("figures of a session that fell silent are said to be old", () => {
  const silent = learner({ reported: NOW - 200, idle_s: 5, desktop: "painted", watchers: [] });
  assert.equal(show.tags(silent, NOW), "not heard from for 3 min");
  assert.equal(show.inputText(silent, NOW), "3 min");
  assert.equal(show.tags({ ...silent, reported: NOW - 20 }, NOW), "");
});

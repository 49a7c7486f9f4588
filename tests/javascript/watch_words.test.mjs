// What the watching page says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { controlSentence, curtain, mode } from "../../hub_config/classdesk_hub/console/static/watch_words.js";

const ada = { name: "ada", full_name: "Ada Lovelace", state: "running", job_id: "7" };
const known = (facts = {}) => ({
  name: "ada",
  learner: ada,
  wants: true,
  desktop: "painted",
  isShown: false,
  ...facts,
});

test("nothing lies before a painted desktop that is shown", () => {
  assert.equal(curtain(known({ isShown: true })), null);
});

test("a learner is named by their full name, and by their account's until it is known", () => {
  assert.match(curtain(known({ learner: undefined })).title, /desktop of ada$/);
  assert.match(curtain(known({ visit: "asking" })).title, /Ada Lovelace/);
});

test("each state without a desktop says what can be done", () => {
  const acts = (facts) => curtain(known(facts)).acts;
  assert.deepEqual(acts({ learner: null }), ["back"]);
  assert.deepEqual(acts({ learner: { ...ada, state: "not started" } }), ["start", "back"]);
  assert.deepEqual(acts({ learner: { ...ada, state: "queued" } }), ["back"]);
  assert.deepEqual(acts({ wants: false }), ["look", "back"]);
  assert.deepEqual(acts({ learner: { ...ada, state: "frozen" } }), ["reset", "message", "back"]);
  assert.deepEqual(acts({ desktop: "failed" }), ["reset", "message", "back"]);
  assert.deepEqual(acts({ visit: "refused", reason: "not now" }), ["message", "again", "back"]);
  assert.deepEqual(acts({ visit: "refused", reason: "off" }), ["back"], "the site's refusal cannot be tried again");
  assert.deepEqual(acts({ trouble: "You are logged out." }), ["back"]);
});

test("a lost connection leaves the last picture visible", () => {
  assert.equal(curtain(known({ lost: true, wasShown: true })).thin, true);
  assert.equal(curtain(known({ lost: true, wasShown: false })).thin, false);
});

test("the session that was watched is over, though another one runs", () => {
  assert.match(curtain(known({ endedJob: "7", isShown: true })).title, /has ended$/);
});

test("the words beside the name say who may type", () => {
  assert.equal(mode(known()), "");
  assert.equal(mode(known({ isShown: true })), "View only");
  assert.match(mode(known({ isShown: true, asksForControl: true })), /asking/);
  assert.equal(mode(known({ isShown: true, control: true })), "Shared control");
});

test("a loss of control that needs no words has none", () => {
  assert.equal(controlSentence("Ada", "unknown"), "");
  assert.match(controlSentence("Ada", "control refused"), /^Ada /);
});

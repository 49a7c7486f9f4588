// What the console knows of a class: the learners, the selection, and the stream that tells of changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Selection } from "../../hub_config/classdesk_hub/console/static/selection.js";
import { Store } from "../../hub_config/classdesk_hub/console/static/store.js";

globalThis.document = { body: { dataset: {} } };
const { EventParser } = await import("../../hub_config/classdesk_hub/console/static/stream.js");

const NOW = 1_800_000_000;
const learner = (name, state = "running") => ({ name, state, hand: null });

test("changes are taken over a snapshot", () => {
  const store = new Store();
  store.snapshot({ time: NOW, counts: {}, learners: [learner("a"), learner("b")] });
  store.change({ time: NOW + 1, counts: { failed: 1 }, learners: [learner("a", "failed")], gone: ["b"] });
  assert.deepEqual([...store.learners.keys()], ["a"]);
  assert.deepEqual(store.counts, { failed: 1 });
  assert.equal(store.time, NOW + 1);
});

test("learners that a new snapshot lacks have left the class", () => {
  const store = new Store();
  store.snapshot({ time: NOW, counts: {}, learners: [learner("a"), learner("b")] });
  store.snapshot({ time: NOW + 1, counts: {}, learners: [learner("b")] });
  assert.deepEqual(store.find(["a", "b"]), [learner("b")]);
});

test("a selection tells of changes only, and forgets those who have left", () => {
  const selection = new Selection();
  let told = 0;
  selection.addEventListener("change", () => {
    told += 1;
  });
  selection.set(["a", "b"]);
  selection.set(["a"]);
  assert.equal(told, 1);
  selection.keep((name) => name === "b");
  assert.deepEqual(selection.names, ["b"]);
  assert.equal(told, 2);
});

test("events of a stream may come in pieces, with any ends of line", () => {
  const parser = new EventParser();
  assert.deepEqual(parser.feed(": a comment\n\nevent: snap"), []);
  assert.deepEqual(parser.feed("shot\r\ndata: {\r\ndata: }\r\n\r\ndata: 1"), [{ type: "snapshot", data: "{\n}" }]);
  assert.deepEqual(parser.feed("\n\n"), [{ type: "message", data: "1" }]);
});

// What the session's page says where its calls are not answered.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.window = { location: { href: "http://hub/user/ada/desktop/" } };
globalThis.document = { body: { dataset: { baseUrl: "/user/ada/" } }, cookie: "" };

const { read, request } = await import("../../desktop_image/web/static/common/page.js");

const LOGGED_OUT = /^You are logged out\. Log in again to go on\.$/;
const json = (status, body) => Response.json(body, { status });
const page = (status) => new Response("<!doctype html>", { status });

function answering(t, answer) {
  const { fetch } = globalThis;
  globalThis.fetch = async () => answer();
  t.after(() => {
    globalThis.fetch = fetch;
  });
}

for (const [what, answer, sentence] of [
  ["a log-in that has ended", () => json(403, { message: "Forbidden" }), LOGGED_OUT],
  ["a log-in that has ended, without words", () => page(403), LOGGED_OUT],
  ["the page of the log-in", () => Object.defineProperty(page(200), "redirected", { value: true }), LOGGED_OUT],
  ["a refusal", () => json(403, { message: "This folder cannot be read." }), /^This folder cannot be read\.$/],
  ["a page in the place of an answer", () => page(200), /^The session gave no answer .* \(200\)/],
  ["a proxy's error", () => page(502), /^The session gave no answer .* \(502\)/],
  ["no network", () => Promise.reject(new TypeError("Failed to fetch")), /^The session does not answer\./],
]) {
  test(`${what} is a sentence`, async (t) => {
    answering(t, answer);
    await assert.rejects(read("desktop/files/"), { message: sentence });
    await assert.rejects(request("desktop/end"), { message: sentence });
  });
}

test("an answer is taken", async (t) => {
  answering(t, () => json(200, { entries: [] }));
  assert.deepEqual(await read("desktop/files/"), { entries: [] });
});

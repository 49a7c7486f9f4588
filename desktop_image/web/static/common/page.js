// What the server tells the page, and the small calls to it.

const facts = document.body.dataset;

export const hubHome = facts.hubHome;
export const user = facts.user;
export const policy = JSON.parse(facts.policy || "{}");

/** A page of the hub's, by its name; empty where the hub is not known. */
export function hubUrl(name) {
  if (!hubHome) return "";
  const url = new URL(hubHome, window.location.href);
  url.pathname = url.pathname.replace(/home\/?$/, name);
  return url.href;
}

/** Where a session like this one is started, by this one click; empty where the hub is not known. */
export function startAgainUrl() {
  if (!hubHome) return "";
  const url = new URL(hubUrl("spawn"));
  url.search = facts.startAgain ? `?${facts.startAgain}` : "";
  return url.href;
}

/** An address below the session's own. */
export function sessionUrl(path) {
  return new URL(facts.baseUrl + path, window.location.href);
}

/** The same as a websocket's address. */
export function socketUrl(path) {
  const url = sessionUrl(path);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** The token against forged requests, which the server wants to hear again. */
export function forgeryToken() {
  return document.cookie.match(/(?:^|;\s*)_xsrf=([^;]*)/)?.[1] ?? "";
}

/** Ask the session's server. Besides the log-in it wants the token against forged requests, also for a GET. */
export function call(path, options = {}) {
  return fetch(sessionUrl(path), { cache: "no-store", headers: { "X-XSRFToken": forgeryToken() }, ...options });
}

export function post(path, body = undefined) {
  return call(path, { method: "POST", body: body === undefined ? undefined : JSON.stringify(body) });
}

/**
 * Ask for something to be done, and take the answer as a sentence for people where it is refused.
 *
 * @returns {Promise<object>} the answer
 * @throws {Error} whose message is the sentence
 */
export function request(path, body) {
  return answerTo(post(path, body));
}

/** The same for what is only read. */
export function read(path) {
  return answerTo(call(path));
}

async function answerTo(asking) {
  let response;
  try {
    response = await asking;
  } catch {
    throw new Error("The session does not answer. Please try again in a moment.");
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer && !response.redirected) return answer;
  throw new Error(refusal(response, answer));
}

/** What people read where the session's answer is none. */
export function refusal({ status, redirected }, answer) {
  // The server's own word for it is not a sentence; a page in the place of an answer is that of the log-in.
  const said = answer?.message;
  if (said && said !== "Forbidden") return said;
  if (status === 403 || redirected) return "You are logged out. Log in again to go on.";
  return `The session gave no answer that the page understands (${status}). Please try again in a moment.`;
}

/**
 * Ask the session how it is.
 *
 * @returns {Promise<object>} `{kind}` of
 *   "answer" (with the state's facts),
 *   "log-in" (the log-in has ended), "over" (the hub has no such session any more),
 *   "away" (no connection, or a proxy or hub that restarts).
 */
export async function askSession() {
  let response;
  try {
    response = await call("desktop/state", { signal: AbortSignal.timeout(8000) });
  } catch {
    return { kind: "away" };
  }
  const isJson = (response.headers.get("Content-Type") || "").includes("json");
  if (response.ok && isJson && !response.redirected) {
    return { kind: "answer", ...(await response.json()) };
  }
  // Without a route to the session the proxy asks the hub, which answers 424 (404 before JupyterHub 2).
  if (response.status === 424 || response.status === 404) {
    return { kind: "over" };
  }
  if (response.status === 403 || response.redirected) {
    return { kind: "log-in" };
  }
  return { kind: "away" };
}

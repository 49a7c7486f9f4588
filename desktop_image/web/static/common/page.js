// What the server tells the page, and the small calls to it.

const facts = document.body.dataset;

export const hubHome = facts.hubHome;

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

/** Ask the session's server. Besides the log-in it wants the token against forged requests, also for a GET. */
export function call(path, options = {}) {
  const token = document.cookie.match(/(?:^|;\s*)_xsrf=([^;]*)/)?.[1] ?? "";
  return fetch(sessionUrl(path), { cache: "no-store", headers: { "X-XSRFToken": token }, ...options });
}

export function post(path) {
  return call(path, { method: "POST" });
}

/**
 * Ask the session how it is.
 *
 * @returns {Promise<object>} `{kind}` of
 *   "answer" (with `state`, `detail`, `end`),
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

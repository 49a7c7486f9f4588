// Calls of the console's service. What goes wrong becomes one sentence.

const { api, xsrf, hub, watch } = document.body.dataset;

export const base = api;

/** The page on which a learner's desktop is watched. */
export const watchPage = (name) => watch + encodeURIComponent(name);

/** The address of a websocket of the service. A browser cannot send headers with it. */
export function socketAddress(path) {
  const url = new URL(path, new URL(api, location.href));
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("_xsrf", xsrf);
  return url.href;
}

export class Refusal extends Error {
  /**
   * @param {string} sentence For the person.
   * @param {number} status The HTTP status; 0 when nothing answered.
   */
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

/** In the place of a status: a connection that was there is lost. */
export const CUT = -1;

/** What an answer without a sentence of its own means. */
export function meaning(status) {
  if (status === 401 || status === 403) {
    return "You are logged out, or you no longer teach this class.";
  }
  if (status === CUT) {
    return "The connection to the console was lost.";
  }
  if (status === 0) {
    return "The network does not reach the hub.";
  }
  if (status === 404 || status === 502 || status === 503 || status === 504) {
    return "The console does not answer; it may be restarting.";
  }
  return `The console answered with an error (${status}).`;
}

/** An answer's status; a redirect leads to the log-in page and counts as *logged out*. */
export const statusOf = (answer) => (answer.type === "opaqueredirect" ? 401 : answer.status);

/** JupyterHub takes calls of scripts only with this header, those that read included. */
export const headers = { "X-XSRFToken": xsrf };

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(new URL(path, new URL(api, location.href)), {
      ...options,
      headers: { ...headers, ...options.headers },
      cache: "no-store",
      redirect: "manual", // to a log-in page, which is not an answer
    });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new Refusal(meaning(0), 0);
  }
  const status = statusOf(answer);
  const isJson = answer.headers.get("content-type")?.startsWith("application/json");
  const body = isJson ? await answer.json().catch(() => ({})) : {};
  if (!answer.ok) {
    throw new Refusal(body.message || meaning(status), status);
  }
  return body;
}

export const get = (path, options) => ask(path, options);

export const post = (path, body) =>
  ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

/** Whether the hub itself answers; it may be up while the service is not, and the other way round. */
export async function hubAnswers() {
  try {
    return (await fetch(`${hub}api/`, { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/**
 * Whether the console itself answers. While the hub starts, the proxy does not know the console yet, and the hub answers
 * in its place: with a redirect, as if to a log-in.
 */
export async function consoleAnswers() {
  try {
    return (await fetch(import.meta.url, { cache: "no-store", redirect: "manual" })).ok;
  } catch {
    return false;
  }
}

// The waiting page: follows the hub's event stream until the session is ready, has failed, or is cancelled.
import { byOwnClock } from "../spawner/moments.js";

const page = document.getElementById("classdesk-pending");
const message = document.getElementById("classdesk-message");
const bar = document.getElementById("classdesk-progress");
const elapsed = document.getElementById("classdesk-elapsed");
const cancel = document.getElementById("classdesk-cancel");
const heading = document.getElementById("classdesk-heading");
const site = document.title.slice(document.title.indexOf(" · "));

const RETRY_MS = 1000;
let began = Date.now();
let events;

const show = (text) => {
  message.textContent = text;
};

// The hub answers a reload with the truth: the session, this page again, or why it failed.
const askAgain = () => setTimeout(() => window.location.reload(), RETRY_MS);

function follow() {
  events = new EventSource(page.dataset.progressUrl);
  events.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.progress !== undefined) {
      bar.style.width = `${event.progress}%`;
      bar.parentElement.setAttribute("aria-valuenow", event.progress);
    }
    if (event.message) {
      show(byOwnClock(event.message, event.moments ?? {}));
    }
    if (event.heading) {
      // In another tab the title alone is seen.
      heading.textContent = event.heading;
      document.title = event.heading + site;
    }
    if (event.elapsed_s !== undefined) {
      began = Date.now() - 1000 * event.elapsed_s; // the page may have been reloaded since Start
    }
    if (event.ready || event.failed) {
      events.close();
      window.location.reload();
    }
  };
  events.onerror = () => {
    // Refused, as in the moment between a failure and its record, or cut: the hub may be restarting.
    events.close();
    askAgain();
  };
}

async function giveUp() {
  cancel.disabled = true;
  events.close();
  show("Cancelling your session…");
  try {
    const answer = await fetch(page.dataset.serverUrl, {
      method: "DELETE",
      headers: { "X-XSRFToken": window.jhdata.xsrf_token },
    });
    if (!answer.ok && answer.status !== 404) {
      throw new Error(String(answer.status));
    }
    window.location.assign(page.dataset.homeUrl);
  } catch {
    show("The session could not be cancelled. Trying to find out why…");
    askAgain();
  }
}

setInterval(() => {
  const seconds = Math.round((Date.now() - began) / 1000);
  elapsed.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}, 1000);

cancel.addEventListener("click", giveUp);
follow();

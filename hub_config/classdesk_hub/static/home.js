// The home page: shows what runs as it changes, and ends it after a question.
import { sayTimes } from "./page.js";

const LOOK_MS = 3000;
const page = document.querySelector("main");
const trouble = document.getElementById("classdesk-trouble");
const part = () => document.getElementById("classdesk-session");
let seen = part().innerHTML;

/** Shows what the hub says now. What has not changed stays as it is, for who reads it. */
async function look() {
  const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
  if (answer.redirected) {
    window.location.reload(); // logged out meanwhile
    return;
  }
  const text = await answer.text();
  const news = new DOMParser().parseFromString(text, "text/html").getElementById("classdesk-session");
  if (!answer.ok || !news || news.innerHTML === seen) {
    return;
  }
  seen = news.innerHTML;
  const focused = part().contains(document.activeElement);
  sayTimes(news);
  part().replaceChildren(...news.childNodes);
  if (focused) {
    part().querySelector("a, button")?.focus();
  }
}

async function goOn() {
  try {
    if (!document.hidden && !document.querySelector("dialog[open]")) {
      await look();
    }
  } catch {
    // The hub may be restarting: the next look tells.
  }
  setTimeout(goOn, LOOK_MS);
}

async function end(dialog) {
  trouble.hidden = true;
  dialog.close();
  try {
    const answer = await fetch(page.dataset.serverUrl, {
      method: "DELETE",
      headers: { "X-XSRFToken": window.jhdata.xsrf_token },
    });
    if (!answer.ok && answer.status !== 404) {
      throw new Error((await answer.json().catch(() => ({}))).message ?? "");
    }
    await look();
  } catch (error) {
    trouble.textContent = `The session could not be ended. ${error.message || "Please try again in a minute."}`;
    trouble.hidden = false;
    trouble.focus();
  }
}

page.addEventListener("click", ({ target }) => {
  const question = target.closest("[data-ask]");
  if (question) {
    document.getElementById(question.dataset.ask).showModal();
  }
  if (target.closest("[data-end]")) {
    end(target.closest("dialog"));
  }
});

setTimeout(goOn, LOOK_MS);

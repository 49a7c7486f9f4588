// Ask for help: a button in the bar, and a panel with an optional sentence.

import { ago } from "./elements.js";

const TELL_SECONDS = 10;

const button = document.getElementById("hand-button");
const asking = document.getElementById("hand-asking");
const asked = document.getElementById("hand-asked");
const text = document.getElementById("hand-text");
const look = document.getElementById("hand-look");
const coming = document.getElementById("hand-coming");
const said = document.getElementById("hand-said");
const refused = document.getElementById("hand-refused");

export function setUpHand({ channel, panels }) {
  let hand = null;

  document.getElementById("hand-form").addEventListener("submit", (event) => {
    event.preventDefault();
    refused.hidden = true;
    channel.send({ type: "hand", up: true, text: text.value, look: look?.checked ?? false });
    panels.close();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) text.form.requestSubmit();
  });
  document.getElementById("hand-lower").addEventListener("click", () => {
    channel.send({ type: "hand", up: false });
    panels.close();
  });
  channel.addEventListener("state", ({ detail }) => {
    // What was written and allowed was for this hand, and not for the next one.
    if (hand && !detail.hand) text.form.reset();
    hand = detail.hand ?? null;
    tell(hand);
  });
  channel.addEventListener("hand-refused", ({ detail }) => {
    refused.textContent = detail.sentence;
    refused.hidden = false;
    if (panels.open !== "hand-panel") panels.toggle("hand-panel");
  });
  panels.addEventListener("opened", ({ detail }) => {
    if (detail === "hand-panel" && !hand) text.focus();
  });
  setInterval(() => tell(hand), 1000 * TELL_SECONDS);
}

function tell(hand) {
  const words = !hand
    ? "Ask for help"
    : hand.helper
      ? `${hand.helper} is coming`
      : `You asked for help ${ago(hand.since)}`;
  if (button.textContent !== words) button.textContent = words;
  button.classList.toggle("is-up", hand !== null);
  asking.hidden = hand !== null;
  asked.hidden = hand === null;
  said.textContent = hand?.text ?? "";
  said.hidden = !hand?.text;
  coming.textContent = hand?.helper
    ? `${hand.helper} is coming to help you.`
    : "Your instructors see that you need help.";
}

// A visitor's page: somebody else's desktop, to look at. The server drops keys, mouse and clipboard whatever this page
// does; the page says so, and asks for control where it is wanted.

import { call } from "../common/page.js";
import { ago } from "./elements.js";
import { markAsVisitor, showStrip } from "./strip.js";

const TELL_SECONDS = 10;

export function setUpVisit({ channel, screen, showBanner, hideBanner, user, visitor }) {
  markAsVisitor();
  const want = (wanted) => () => {
    channel.send({ type: "control", want: wanted });
    screen.focus();
  };
  let state = {};
  const tell = () => {
    const me = state.watchers?.find(({ name }) => name === visitor);
    const control = Boolean(me?.control);
    screen.viewOnly = !control;
    showStrip([
      ...(me ? [visit(want, user, control, state.control_asked_by === visitor)] : []),
      ...(state.hand ? [raisedHand(user, state.hand)] : []),
    ]);
  };
  channel.addEventListener("state", ({ detail }) => {
    state = detail;
    tell();
  });
  setInterval(tell, 1000 * TELL_SECONDS); // how long ago help was asked for
  channel.addEventListener("visit", ({ detail }) => {
    if (detail.state === "watching" && detail.sentence) showBanner("visit", detail.sentence);
    else hideBanner("visit");
  });
}

function visit(want, user, control, isAsking) {
  if (control) {
    return {
      text: `You and ${user} both have keyboard and mouse.`,
      tone: "control",
      actions: [{ label: "Give control back", run: want(false) }],
    };
  }
  if (isAsking) {
    return {
      text: `You are looking at ${user}'s desktop. View only. ${user} is being asked for control.`,
      actions: [{ label: "Ask no longer", run: want(false) }],
    };
  }
  return {
    text: `You are looking at ${user}'s desktop. View only.`,
    actions: [{ label: "Ask for control", run: want(true) }],
  };
}

function raisedHand(user, { since, text }) {
  return {
    text: `${user} asked for help, ${ago(since)}${text ? `: ${text}` : "."}`,
    tone: "question",
    actions: [{ label: "Lower the hand", run: () => call("desktop/hand", { method: "DELETE" }) }],
  };
}

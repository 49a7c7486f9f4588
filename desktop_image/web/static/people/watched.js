// The learner sees who is watching, at all times, and answers who asks to.

import { showStrip } from "./strip.js";

export function setUpWatched({ channel, screen, policy }) {
  const answer = (type, name, said) => () => {
    channel.send({ type, name, answer: said });
    screen.focus();
  };
  channel.addEventListener("state", ({ detail }) => {
    showStrip([
      ...questions(detail, answer),
      ...watching(detail.watchers ?? [], policy.observe, answer),
      ...(detail.wall ? [{ text: "Your instructor's wall shows a small picture of your desktop." }] : []),
    ]);
  });
}

function questions({ view_asked_by: viewers = [], control_asked_by: helper }, answer) {
  return [
    ...viewers.map((name) => question(`${name} asks to look at your desktop.`, "view", name, answer)),
    ...(helper ? [question(`${helper} asks to use your keyboard and mouse.`, "control", helper, answer)] : []),
  ];
}

function question(text, type, name, answer) {
  return {
    text,
    tone: "question",
    actions: [
      { label: "Allow", run: answer(type, name, "allow") },
      { label: "Not now", run: answer(type, name, "refuse") },
    ],
  };
}

function watching(watchers, observe, answer) {
  return watchers.map(({ name, control }) => ({
    text: control
      ? `${name} is looking at your desktop and can use keyboard and mouse.`
      : `${name} is looking at your desktop. View only.`,
    tone: control ? "control" : "",
    actions: [
      ...(control ? [{ label: "Take control back", run: answer("control", name, "end") }] : []),
      // Where the site lets instructors look without a question, there is nothing to end.
      ...(observe === "ask" ? [{ label: "Stop showing", run: answer("view", name, "end") }] : []),
    ],
  }));
}

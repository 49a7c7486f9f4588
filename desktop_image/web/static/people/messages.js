// Messages of instructors: above the desktop until the learner closes them, on all the learner's pages at once.

import { clock } from "../common/clock.js";
import { linked } from "./elements.js";

export function setUpMessages({ channel, showBanner, hideBanner, panels }) {
  const answer = () => {
    if (panels.open !== "hand-panel") panels.toggle("hand-panel");
  };
  channel.addEventListener("message", ({ detail }) => {
    const end = detail.end ? ` It ends at ${clock(detail.end)}.` : "";
    showBanner(nameOf(detail.id), linked(detail.text + end), {
      // What an instructor did is told without a sender: the sentence names them.
      from: detail.from ? `${detail.from}, ${clock(detail.time)}:` : "",
      actions: detail.from ? [{ label: "Answer", run: answer }] : [],
      onClose: () => channel.send({ type: "seen", id: detail.id }),
    });
  });
  channel.addEventListener("seen", ({ detail }) => hideBanner(nameOf(detail.id)));
}

function nameOf(id) {
  return `message-${id}`;
}

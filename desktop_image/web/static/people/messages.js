// Messages of instructors: above the desktop until the learner closes them, on all the learner's pages at once.

export function setUpMessages({ channel, showBanner, hideBanner }) {
  channel.addEventListener("message", ({ detail }) => {
    showBanner(nameOf(detail.id), detail.text, {
      // What an instructor did is told without a sender: the sentence names them.
      from: detail.from ? `${detail.from}:` : "",
      onClose: () => channel.send({ type: "seen", id: detail.id }),
    });
  });
  channel.addEventListener("seen", ({ detail }) => hideBanner(nameOf(detail.id)));
}

function nameOf(id) {
  return `message-${id}`;
}

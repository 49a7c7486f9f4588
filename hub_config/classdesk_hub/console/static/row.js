// One learner's row. It touches the page only where what it shows has changed.
import * as show from "./learner.js";

const template = document.getElementById("row-template");

/** Sets a text where it differs: writing the same text again costs a layout. */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

const setShare = (node, share) => {
  const text = share === null ? "" : share.toFixed(2); // without a share there is no bar
  if (node.dataset.share !== text) {
    node.dataset.share = text;
    node.style.setProperty("--share", text || "0");
  }
};

/** What the row's first button does for a learner. */
export function firstAct(learner) {
  if (show.can(learner, "start")) {
    return "start";
  }
  return show.isLive(learner) ? "open" : "";
}

const FIRST = { start: "Start", open: "Open" };

export class Row {
  constructor(name) {
    this.node = template.content.firstElementChild.cloneNode(true);
    this.node.dataset.name = name;
    const find = (selector) => this.node.querySelector(selector);
    this.box = find("input");
    this.parts = {
      name: find(".name"),
      account: find(".account"),
      state: find(".state"),
      tags: find(".tags"),
      sentence: find(".sentence"),
      where: find(".c-where"),
      left: find(".c-left"),
      cpu: find(".c-cpu"),
      memory: find(".c-memory"),
      input: find(".c-input"),
      hand: find(".c-hand"),
      handText: find(".hand-text"),
    };
    this.first = find(".first");
    this.again = find(".again");
    this.take = find(".take");
    this.lower = find(".lower");
    this.controls = [...this.node.querySelectorAll("input, button")];
  }

  /** Shows a learner as they are known now. */
  update(learner, now) {
    const { parts, node } = this;
    const name = show.title(learner);
    if (this.learner?.full_name !== learner.full_name || !this.learner) {
      setText(parts.name, name);
      setText(parts.account, name === learner.name ? "" : learner.name);
      this.box.setAttribute("aria-label", `Select ${name}`);
    }
    this.learner = learner;
    if (node.dataset.state !== learner.state) {
      node.dataset.state = learner.state;
      setText(parts.state, show.label(learner));
    }
    node.classList.toggle("live", show.isLive(learner));
    setText(parts.where, learner.node);
    setText(parts.cpu, show.isLive(learner) ? show.cpuText(learner) : "");
    setShare(parts.cpu, show.cpuShare(learner));
    setText(parts.memory, show.isLive(learner) ? show.memoryText(learner) : "");
    setShare(parts.memory, show.memoryShare(learner));
    this.#buttons(learner, name);
    this.tick(now);
  }

  #buttons(learner, name) {
    const act = firstAct(learner);
    if (this.first.dataset.do !== act) {
      this.first.dataset.do = act;
      // What does not make sense keeps its place: a second press never meets another button.
      this.first.classList.toggle("empty", !act);
      setText(this.first, FIRST[act] ?? "");
      this.first.setAttribute("aria-label", `${FIRST[act] ?? ""} ${name}`);
    }
    this.again.classList.toggle("empty", !show.can(learner, "reset"));
    this.take.classList.toggle("empty", !show.can(learner, "take-hand"));
    this.lower.classList.toggle("empty", !show.can(learner, "lower-hand"));
  }

  /** Shows what changes with the time alone. */
  tick(now) {
    const { parts, learner, node } = this;
    setText(parts.sentence, show.sentence(learner, now));
    setText(parts.tags, show.tags(learner, now));
    setText(parts.left, show.leftText(learner, now));
    setText(parts.input, show.inputText(learner, now));
    node.classList.toggle("soon-over", show.isSoonOver(show.left(learner, now)));
    const asks = Boolean(learner.hand);
    if (parts.hand.hidden === asks) {
      parts.hand.hidden = !asks;
      node.classList.toggle("asks", asks);
    }
    if (asks) {
      setText(parts.handText, show.handText(learner, now));
    }
  }

  /** Shows whether the learner is selected. */
  pick(on) {
    if (this.box.checked !== on) {
      this.box.checked = on;
      this.node.classList.toggle("picked", on);
      this.node.setAttribute("aria-selected", String(on));
    }
  }

  /** Puts the row's controls into the order of the Tab key, or takes them out: 300 rows are one stop. */
  current(on) {
    this.node.tabIndex = on ? 0 : -1;
    for (const control of this.controls) {
      control.tabIndex = on ? 0 : -1;
    }
  }
}

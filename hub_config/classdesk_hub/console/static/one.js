// One learner, with all that is known and all acts. The dialog follows the learner while it is open.
import { watchPage } from "./api.js";
import {
  can,
  cpuText,
  handText,
  inputText,
  isLive,
  label,
  leftText,
  memoryText,
  sentence,
  tags,
  title,
} from "./learner.js";
import { setText } from "./row.js";
import { clock } from "./words.js";

const dialog = document.getElementById("one");
const find = (id) => document.getElementById(`one-${id}`);

const { observe } = document.body.dataset;
const CONSENT = {
  ask: "Opens view-only, in a new tab. The learner sees who is watching; you can use the keyboard and mouse only once they agree.",
  notify: "Opens view-only, in a new tab. The learner sees who is watching.",
  off: "Your site does not allow instructors to view learners' desktops.",
};

let shown = "";

const facts = (learner, now) => ({
  Account: learner.name,
  Node: learner.node,
  Cores: isLive(learner) ? cpuText(learner) || learner.cores : learner.cores,
  Memory: memoryText(learner),
  Started: learner.started ? clock(learner.started) : "",
  Ends: learner.end ? `${clock(learner.end)}, in ${leftText(learner, now)}` : "",
  "Last input": inputText(learner, now),
  "Open pages": isLive(learner) && learner.pages !== null ? String(learner.pages) : "",
  Notes: tags(learner, now),
  "Slurm job": learner.job_id,
});

function update(learner, now) {
  const text = sentence(learner, now);
  setText(find("name"), title(learner));
  setText(find("state"), `${label(learner)}${text ? `: ${text}` : ""}`);
  find("hand").hidden = !learner.hand;
  if (learner.hand) {
    setText(find("hand"), handText(learner, now));
  }
  const rows = Object.entries(facts(learner, now)).filter(([, value]) => value);
  const list = find("facts");
  const wanted = rows.flat().join("\n");
  if (list.dataset.text !== wanted) {
    list.dataset.text = wanted;
    list.replaceChildren(
      ...rows.flatMap(([key, value]) => {
        const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
        dt.textContent = key;
        dd.textContent = value;
        return [dt, dd];
      }),
    );
  }
  // Nothing comes or goes beneath the pointer.
  const open = find("open");
  const mayOpen = isLive(learner) && observe !== "off";
  open.classList.toggle("disabled", !mayOpen);
  open.ariaDisabled = String(!mayOpen);
  if (mayOpen) {
    open.href = watchPage(learner.name);
  } else {
    open.removeAttribute("href");
  }
  setText(find("consent"), isLive(learner) ? CONSENT[observe] : "");
  for (const button of dialog.querySelectorAll("[data-one]")) {
    button.disabled = !can(learner, button.dataset.one);
  }
}

/** Shows the learner anew, if the dialog is open. */
export function refreshOne(store) {
  if (!dialog.open) {
    return;
  }
  const learner = store.learners.get(shown);
  if (learner) {
    update(learner, store.now());
  } else {
    dialog.close();
  }
}

export function showOne(name, store) {
  shown = name;
  update(store.learners.get(name), store.now());
  dialog.showModal();
}

/** @param {function(string, string): void} onact Gets the act and the learner's name. */
export function setUpOne(onact) {
  dialog.addEventListener("click", ({ target }) => {
    const act = target.dataset.one;
    if (act) {
      dialog.close();
      onact(act, shown);
    }
  });
}

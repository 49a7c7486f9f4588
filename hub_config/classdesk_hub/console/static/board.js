// The class's board: puts the pieces together.

import { base, post, watchPage } from "./api.js";
import { ask, setUpDialogs } from "./asking.js";
import { Counters } from "./counters.js";
import { can } from "./learner.js";
import { setUpLink, showLink } from "./link.js";
import { List } from "./list.js";
import { refreshOne, setUpOne, showOne } from "./one.js";
import { tellPreset } from "./preset.js";
import { Progress } from "./progress.js";
import { setUpRecord, showRecord } from "./record.js";
import { setUpRoster, showRoster } from "./roster.js";
import { setText } from "./row.js";
import { Selection } from "./selection.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";
import { setUpToolbar } from "./toolbar.js";
import { Wall } from "./wall.js";

const find = (id) => document.getElementById(id);
const TICK_MS = 1000;
const TITLE = document.title;

const store = new Store();
const selection = new Selection();
const list = new List(find("rows"), store, selection);
const counters = new Counters(find("counters"), (state) => look({ state }));
const progress = new Progress(find("running-acts"), store, repeat);
const status = new Status(() => stream.again());
const stream = new Stream(new URL("stream", new URL(base, location.href)), { event: take, state: connection });

const wall = new Wall(find("wall"), store, watchPage, (name) => `${base}thumbnail/${encodeURIComponent(name)}`);
const toolbar = setUpToolbar({ store, selection, list, look, act });

// News ---------------------------------------------------------------------------------------------------------------

let isDrawn = true;

/** Draws once a frame, whatever came in between. */
function draw() {
  if (isDrawn) {
    isDrawn = false;
    // A tab in the background gets no frames; it draws when somebody looks again, and keeps its title up to date.
    requestAnimationFrame(drawNow);
  }
  const asking = store.counts.hand;
  setText(document.querySelector("title"), `${asking ? `(${asking}) ` : ""}${TITLE}`);
}

function drawNow() {
  isDrawn = true;
  const now = store.now();
  const changed = store.changed;
  store.changed = new Set();
  selection.keep((name) => store.learners.has(name));
  list.update(changed, now);
  counters.show(store.counts, store.learners.size);
  toolbar.refresh();
  refreshOne(store);
  performance.mark("classdesk-drawn");
}

list.onorder = () => {
  wall.update(list.shown);
  toolbar.refresh();
  const empty = find("empty");
  empty.hidden = list.shown.length > 0;
  setText(
    empty,
    store.learners.size
      ? "No learners match the filter. Press Esc to show everyone."
      : "This class has no learners yet. Import a roster.",
  );
};

function take(type, data) {
  if (type === "snapshot") {
    store.snapshot(data);
    for (const old of data.acts) {
      progress.take(old);
    }
    progress.askAgain();
  } else if (type === "change") {
    store.change(data);
  } else {
    progress.take(data);
    return;
  }
  status.fresh(data.notice, store.time);
  draw();
}

function connection(state) {
  // What is shown holds until the service was last heard, also where nothing had changed for a while.
  status.away(state, store.time && stream.heard / 1000 + store.lead);
}

// Looking ------------------------------------------------------------------------------------------------------------

function look(view) {
  if ("state" in view) {
    counters.press(view.state);
  }
  list.look(view);
}

function showWall(on) {
  find("wall-toggle").setAttribute("aria-pressed", String(on));
  if (document.body.dataset.thumbnails === "no") {
    find("wall-off").hidden = !on;
    return;
  }
  find("learners").hidden = on;
  wall.toggle(on);
  wall.update(list.shown);
}

// Acts ---------------------------------------------------------------------------------------------------------------

/** Asks what has to be asked, and sends an act for those of the learners for whom it makes sense. */
async function act(kind, names) {
  const able = store.find(names).filter((learner) => can(learner, kind));
  if (able.length) {
    const wish = await ask(kind, able);
    if (wish?.learners.length) {
      await send({ ...wish, learners: wish.learners.map((learner) => learner.name) });
    }
  }
}

async function send(request) {
  try {
    const { id } = await post("acts", request);
    progress.asked(id, request);
  } catch (error) {
    progress.refused(request, error.message);
  }
}

function repeat(request) {
  if (request.act === "message" && !request.text) {
    act("message", request.learners);
  } else {
    send(request);
  }
}

list.ondo = (what, name) => {
  const acts = { start: "start", again: "reset", lower: "lower-hand", take: "take-hand" };
  if (what === "open") {
    open(watchPage(name), "_blank", "noopener");
  } else if (what === "more") {
    showOne(name, store);
  } else if (what in acts) {
    act(acts[what], [name]);
  }
};

// Keys ---------------------------------------------------------------------------------------------------------------

function key(event) {
  if (document.querySelector("dialog[open]")) {
    return;
  }
  const inField = event.target.matches("input:not([type=checkbox]), textarea, select");
  const withControl = event.ctrlKey || event.metaKey;
  if (event.key === "Escape") {
    if (event.target === find("search")) {
      find("search").blur(); // the next ? or h is a key again
    }
    if (selection.size) {
      selection.only([]);
    } else {
      find("search").value = "";
      look({ state: "", search: "" });
    }
  } else if (inField || event.altKey) {
    return;
  } else if (withControl && event.key === "a") {
    selection.set(list.shown);
  } else if (withControl) {
    return;
  } else if (event.key === "/") {
    find("search").focus();
  } else if (event.key === "?") {
    find("keys").showModal();
  } else if (event.key === "h" && store.counts.hand) {
    look({ state: "", search: "" });
    list.focus(list.shown[0]);
  } else {
    return;
  }
  event.preventDefault();
}

setUpDialogs();
setUpLink();
setUpRecord();
setUpRoster();
setUpOne((kind, name) => act(kind, [name]));
tellPreset();
find("open-link").addEventListener("click", showLink);
find("open-record").addEventListener("click", showRecord);
find("open-roster").addEventListener("click", showRoster);
find("open-keys").addEventListener("click", () => find("keys").showModal());
find("wall-toggle").addEventListener("click", ({ target }) =>
  showWall(target.getAttribute("aria-pressed") === "false"),
);
document.addEventListener("keydown", key);
setInterval(() => {
  list.tick(store.now());
  refreshOne(store);
}, TICK_MS);
stream.run();

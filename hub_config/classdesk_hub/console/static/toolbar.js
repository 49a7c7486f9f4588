// The bar above the list: search, order, selection, and the acts for those who are selected, or for all that are shown.
import { can, isIn, STATES } from "./learner.js";
import { setText } from "./row.js";
import { count } from "./words.js";

const find = (id) => document.getElementById(id);
const SORTS = {
  name: "Name",
  state: "State",
  node: "Node",
  left: "Time left",
  cpu: "Cores used",
  memory: "Memory",
  input: "Last input",
};
const LARGE_FIRST = new Set(["cpu", "memory", "input"]);
const SEARCH_PAUSE_MS = 120;

/**
 * @param {object} board `store`, `selection`, `list`, and the functions `look(view)` and `act(kind, names)`.
 * @returns {{refresh: function(): void}}
 */
export function setUpToolbar({ store, selection, list, look, act }) {
  const search = find("search");
  const pick = find("pick");
  const sort = find("sort");
  const shownBox = find("pick-shown");
  const buttons = [...document.querySelectorAll("#toolbar [data-act]")];
  const heads = [...document.querySelectorAll("[data-sort]")];

  const targets = () => (selection.size ? selection.names : list.shown);

  function tellTarget() {
    const hidden = selection.names.filter((name) => !list.shown.includes(name)).length;
    const isFiltered = list.shown.length !== store.learners.size;
    const text =
      !selection.size && !list.shown.length
        ? "Nobody is shown"
        : selection.size
          ? `For ${count(selection.size, "selected learner")}${hidden ? ` (${hidden} not shown)` : ""}`
          : `For ${isFiltered ? `the ${list.shown.length} shown` : `all ${list.shown.length}`}`;
    setText(find("target"), text);
  }

  function refresh() {
    tellTarget();
    const people = store.find(targets());
    for (const button of buttons) {
      const n = people.filter((learner) => can(learner, button.dataset.act)).length;
      button.dataset.count = n;
      button.disabled = n === 0;
    }
    const picked = list.shown.filter((name) => selection.has(name)).length;
    shownBox.checked = picked > 0 && picked === list.shown.length;
    shownBox.indeterminate = picked > 0 && picked < list.shown.length;
  }

  // Selection by state -----------------------------------------------------------------------------------------------

  const choices = {
    "": "Select…",
    all: "All",
    shown: "All shown",
    none: "Nobody",
    hand: "All asking for help",
    away: "All with no page open",
    ...STATES,
  };
  pick.append(...Object.entries(choices).map(([value, text]) => new Option(text, value)));
  pick.addEventListener("change", () => {
    const everybody = [...store.learners.values()];
    const chosen =
      {
        all: () => everybody,
        shown: () => store.find(list.shown),
        none: () => [],
      }[pick.value] ?? (() => everybody.filter((learner) => isIn(learner, pick.value)));
    selection.only(chosen().map((learner) => learner.name));
    pick.value = "";
  });
  shownBox.addEventListener("change", () => selection.set(list.shown, shownBox.checked));
  selection.addEventListener("change", refresh);

  // Search and order -------------------------------------------------------------------------------------------------

  let pause;
  search.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => look({ search: search.value.trim() }), SEARCH_PAUSE_MS);
  });
  search.addEventListener("keydown", (event) => {
    if ((event.key === "ArrowDown" || event.key === "Enter") && list.shown.length) {
      event.preventDefault();
      list.focus(list.shown[0]);
    }
  });
  sort.append(...Object.entries(SORTS).map(([key, text]) => new Option(`By ${text.toLowerCase()}`, key)));

  function sortBy(key) {
    const { sort: old } = list.view;
    const down = old.key === key ? !old.down : LARGE_FIRST.has(key);
    for (const head of heads) {
      if (head.dataset.sort === key) {
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
      } else {
        head.removeAttribute("aria-sort");
      }
    }
    sort.value = key;
    look({ sort: { key, down } });
  }

  sort.addEventListener("change", () => sortBy(sort.value));
  for (const head of heads) {
    head.querySelector("button").addEventListener("click", () => sortBy(head.dataset.sort));
  }
  for (const button of buttons) {
    button.addEventListener("click", () => act(button.dataset.act, targets()));
  }
  heads[0].setAttribute("aria-sort", "ascending");
  return { refresh };
}

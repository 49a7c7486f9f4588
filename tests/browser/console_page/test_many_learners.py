"""The page with 300 learners: how fast a change is shown, and what it touches."""

import time

import pytest
from playwright.sync_api import expect

from support.console import Console
from support.console_board import Open, in_state, row, shown

# In the browser: notes when a learner's row first shows a text, and each task that held the page up.
WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => {
    window.longTasks.push(...list.getEntries().map((entry) => entry.duration));
  }).observe({ type: "longtask" });
  window.whenShown = (name, text) => new Promise((resolve) => {
    const look = () => {
      const row = document.querySelector(`[data-name="${name}"]`);
      if (row?.textContent.includes(text)) {
        requestAnimationFrame(() => resolve(Date.now() / 1000));
        return true;
      }
      return false;
    };
    const observer = new MutationObserver(() => look() && observer.disconnect());
    observer.observe(document.getElementById("rows"), { childList: true, subtree: true, characterData: true });
    look();
  });
}"""


@pytest.mark.parametrize(("learners", "churn"), [pytest.param(300, 0.1, id="thirty change each second")])
def test_a_change_is_shown_within_two_seconds(open_board: Open, console: Console) -> None:
    page = open_board()
    page.evaluate(WATCH)
    name = in_state(console, "running")[100]
    delays = []
    for number in range(8):
        text = f"question {number}"
        page.evaluate("([name, text]) => { window.shown = whenShown(name, text); }", [name, text])
        told = time.time()
        console.do(console.group.raise_hand, name, text=text)
        delays.append(page.evaluate("window.shown") - told)
        assert shown(page)[0] == name, "a raised hand is at the top"
    tasks = page.evaluate("window.longTasks")
    print(f"shown after {max(delays):.2f} s at most; longest task {max(tasks, default=0):.0f} ms of {len(tasks)}")
    assert max(delays) < 2
    assert max(tasks, default=0) < 500


@pytest.mark.parametrize("learners", [pytest.param(300, id="300 learners")])
def test_only_the_row_that_changes_is_touched(open_board: Open, console: Console) -> None:
    page = open_board()
    expect(page.locator("#rows > tr")).to_have_count(300)
    page.evaluate(
        """() => {
          window.touched = new Set();
          new MutationObserver((changes) => changes.forEach(({ target }) => {
            const row = (target.closest ? target : target.parentElement).closest("tr");
            window.touched.add(row ? row.dataset.name : "the list");
          })).observe(document.getElementById("rows"), { childList: true, subtree: true, characterData: true });
        }"""
    )
    one, *others = in_state(console, "running")
    console.do(console.group.change, one, node="node99")
    expect(row(page, one)).to_contain_text("node99")
    touched = set(page.evaluate("[...window.touched]"))
    assert one in touched
    # The clock of others may have gone on to the next minute meanwhile; a class does not do so at once.
    assert len(touched & set(others)) < 30

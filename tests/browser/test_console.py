"""An instructor and three learners with real sessions: every act of the console, seen on both sides."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from Xlib.error import ConnectionClosedError, DisplayError, XError

from support import faults
from support.browser import Learner, SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Terminal
from support.world import Hub, command, job_ids, wait_until

NAMES = ("learner01", "learner02", "learner03")
LIVE = "#live[data-kind=live]"
FIRST_REPORT_MS = 45_000
"""Sessions report every 20 s."""


class Board:
    """The console as the instructor uses it."""

    def __init__(self, person: Learner) -> None:
        self.person = person
        self.page: Page = person.page

    def open(self) -> None:
        self.page.goto(f"{self.person.hub.url}/hub/home")
        self.page.get_by_role("link", name="Class console").click()
        self.page.wait_for_selector(LIVE)

    def row(self, name: str) -> Locator:
        return self.page.locator(f"#rows [data-name={name}]")

    def choose(self, *names: str) -> None:
        """Selects these learners and nobody else."""
        self.page.locator("#pick").select_option(label="Nobody")
        for name in names:
            self.row(name).locator(".c-pick").click()
        expect(self.page.locator("#target")).to_contain_text(f"For {len(names)} selected")

    def act(self, act: str, *names: str, **fields: Any) -> Locator:
        """Does an act, through its dialog, and returns the card that shows how far it is."""
        self.choose(*names)
        old = self.page.locator(".act").evaluate_all("cards => cards.map((card) => card.dataset.id)")
        self.page.locator(f"[data-act={act}]").click()
        dialog = self.page.locator(f"#ask-{act}")
        if "kind" in fields:
            dialog.locator(f"[value={fields['kind']}]").check()
        if "text" in fields:
            dialog.locator("textarea").fill(fields["text"])
        if act != "lower-hand":
            dialog.locator(".go").click()
        newest = self.page.locator(".act").first
        wait_until(lambda: newest.get_attribute("data-id") not in [None, *old], 10, "the act has begun")
        return newest

    def done(self, card: Locator, seconds: float = 60) -> Locator:
        """Waits until an act is over, without a failure."""
        expect(card).to_have_class(re.compile("over"), timeout=1000 * seconds)
        assert "with-failures" not in (card.get_attribute("class") or ""), card.inner_text()
        return card

    def screenshot(self, name: str) -> None:
        self.person.screenshot(name)


@pytest.fixture(scope="module")
def board(sit_down_for_long: SitDown) -> Board:
    board = Board(sit_down_for_long("instructor"))
    board.open()
    return board


@pytest.fixture(scope="module")
def desktops(board: Board, sit_down_for_long: SitDown) -> dict[str, Desktop]:
    """The learners' desktops. The instructor starts them, all with one press."""
    learners = {name: sit_down_for_long(name) for name in NAMES}
    card = board.act("start", *NAMES)
    expect(card.locator("h2")).to_have_text("Start: 3 learners")
    board.done(card, 120)
    for name in NAMES:
        expect(board.row(name)).to_contain_text("Running", timeout=30_000)
    return {name: visit(learner) for name, learner in learners.items()}


def visit(learner: Learner) -> Desktop:
    """The learner opens the session that the instructor has started."""
    learner.page.goto(f"{learner.hub.url}/user/{learner.name}/desktop/")
    return Desktop(learner).wait_until_painted()


@pytest.fixture(autouse=True)
def _keep_the_last_look(board: Board, request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    board.screenshot(f"after-{request.node.name}")


def test_a_learner_has_no_link_to_the_console(board: Board, sit_down: SitDown) -> None:
    page = sit_down("learner04").page
    page.goto(f"{board.person.hub.url}/hub/home")
    expect(page.get_by_role("link", name="Home")).to_be_visible()
    expect(page.get_by_role("link", name="Class console")).to_have_count(0)
    answer = page.goto(f"{board.person.hub.url}/services/console/class/demo")
    assert answer
    assert answer.status == 403


def test_the_row_tells_of_the_session(board: Board, desktops: dict[str, Desktop]) -> None:
    row = board.row("learner01")
    expect(row.locator(".c-where")).to_have_text("localhost")
    expect(row.locator(".c-left")).to_have_text(re.compile(r"^2 h 5\d min$"))
    expect(row.locator(".c-memory")).to_have_text(re.compile(r"^\d+ MiB$"), timeout=FIRST_REPORT_MS)
    expect(row.locator(".c-cpu")).to_have_text(re.compile(r"^\d\.\d of 2$"), timeout=2 * FIRST_REPORT_MS)
    expect(row.locator(".c-input")).to_have_text(re.compile(r"^(now|\d+ (s|min))$"))
    expect(board.page.locator("#counters [data-state=running] b")).to_have_text("3")


def test_a_raised_hand_is_seen_at_once_and_lowered_from_here(board: Board, desktops: dict[str, Desktop]) -> None:
    page = desktops["learner02"].page
    page.locator("#hand-button").click()
    page.get_by_label("What is it about?").fill("My plot stays empty")
    page.locator("#hand-form").get_by_role("button", name="Ask for help").click()
    row = board.row("learner02")
    expect(row.locator(".c-hand")).to_contain_text("My plot stays empty", timeout=3000)
    names = board.page.eval_on_selector_all("#rows > tr", "rows => rows.map((r) => r.dataset.name)")
    assert names[0] == "learner02"
    assert board.page.title().startswith("(1)")
    board.screenshot("hand")
    row.get_by_role("button", name="Lower hand").click()
    expect(row.locator(".c-hand")).to_be_hidden()
    expect(page.locator("#hand-button")).to_have_text("Ask for help")
    told(desktops["learner02"], "instructor has lowered your hand.").get_by_role("button", name="OK").click()


def test_a_message_appears_in_the_learners_desktops(board: Board, desktops: dict[str, Desktop]) -> None:
    text = "We go on at 10:30. Please save <your> work."
    board.done(board.act("message", "learner01", "learner03", text=text))
    for name in ("learner01", "learner03"):
        banner = desktops[name].page.locator(".banner[data-name^='message-']")
        expect(banner).to_contain_text("instructor")
        expect(banner.locator(".words")).to_have_text(text)
    desktops["learner01"].screenshot("message")
    banner = desktops["learner01"].page.locator(".banner[data-name^='message-']")
    banner.get_by_role("button", name="OK", exact=True).click()
    expect(banner).to_have_count(0)
    expect(desktops["learner02"].page.locator(".banner[data-name^='message-']")).to_have_count(0)


def test_more_time_is_seen_on_both_sides(board: Board, desktops: dict[str, Desktop]) -> None:
    board.done(board.act("extend", "learner01"))
    expect(board.row("learner01").locator(".c-left")).to_have_text(re.compile(r"^3 h 2\d min$"))
    expect(desktops["learner01"].page.locator("#time-left")).to_contain_text("3 h", timeout=5_000)
    told(desktops["learner01"], "instructor has given your session more time. It ends at ")


def test_open_shows_the_learner_s_desktop_view_only_and_the_learner_knows(
    board: Board, desktops: dict[str, Desktop]
) -> None:
    with board.page.context.expect_page() as opened:
        board.row("learner03").get_by_role("button", name="Open").click()
    page = opened.value
    page.wait_for_load_state()
    watched = desktops["learner03"].page.locator("#watched")
    expect(watched).to_contain_text("instructor asks to look at your desktop.")
    watched.get_by_role("button", name="Allow").click()
    expect(page.locator("#screen canvas")).to_be_visible(timeout=20_000)
    expect(page.locator("#mode")).to_have_text("View only")
    expect(board.row("learner03").locator(".tags")).to_contain_text("watched by instructor", timeout=FIRST_REPORT_MS)
    page.close()


def test_restored_lesson_files_keep_the_learner_s_own(board: Board, desktops: dict[str, Desktop], hub: Hub) -> None:
    lesson = hub.home("learner02") / "Desktop/Lesson/dask-delay"
    file = lesson / "hello.py"
    master = file.read_text()
    file.write_text("print('mine')\n")
    card = board.done(board.act("reset", "learner02", kind="reset-lesson"))
    assert file.read_text() == master
    kept = [path for path in lesson.rglob("hello*") if path != file]
    assert [path.read_text() for path in kept] == ["print('mine')\n"]
    expect(card.locator(".sum")).to_contain_text("Fresh copies: hello.py.")
    banner = told(desktops["learner02"], "instructor has restored the lesson's files.")
    expect(banner).to_contain_text(f"Yours are kept: ~/Desktop/Lesson/dask-delay/{kept[0].name}")


def told(desktop: Desktop, words: str) -> Locator:
    """The line that tells the learner what the instructor did; it stays until they close it."""
    banner = desktop.page.locator(".banner[data-name^='message-']").filter(has_text=words)
    expect(banner).to_have_count(1)
    return banner


def test_who_has_closed_the_page_is_marked(board: Board, desktops: dict[str, Desktop]) -> None:
    desktop = desktops["learner02"]
    desktop.page.goto("about:blank")
    expect(board.row("learner02").locator(".tags")).to_contain_text("no page open", timeout=15_000)
    expect(board.page.locator("#counters [data-state=away] b")).to_have_text("1")
    desktops["learner02"] = visit(desktop.learner)
    expect(board.row("learner02").locator(".tags")).not_to_contain_text("no page", timeout=15_000)


def test_a_frozen_desktop_is_seen_on_both_sides_and_reset(board: Board, desktops: dict[str, Desktop]) -> None:
    desktop, row = desktops["learner03"], board.row("learner03")
    command("pkill", "-STOP", "-u", "learner03", "Xtigervnc")
    expect(row).to_contain_text("Frozen", timeout=25_000)
    expect(row).to_contain_text("The desktop does not answer.")
    frozen = desktop.page.locator(".banner[data-name='frozen']")
    expect(frozen).to_contain_text("The desktop does not answer.")
    board.screenshot("frozen")
    desktop.screenshot("frozen-learner")
    card = board.done(board.act("reset", "learner03", kind="reset-desktop"))
    # It is done when the new desktop is there, not when it was asked for.
    expect(card.locator(".sum")).to_contain_text("A fresh desktop is there")
    expect(row).to_contain_text("Running")
    expect(frozen).to_have_count(0)
    desktop.wait_until_painted()
    told(desktop, "instructor has reset your desktop")


PANEL = "org.mate.panel.toplevel:/org/mate/panel/toplevels/top/"


def test_a_reset_brings_a_broken_desktop_back(board: Board, desktops: dict[str, Desktop]) -> None:
    desktop = desktops["learner01"]
    terminal = Terminal.open(desktop)
    terminal.begin(f"gsettings set {PANEL} orientation bottom")
    wait_until(lambda: not has_panel(desktop), 30, "the panel is not where it belongs")
    desktop.screenshot("broken")
    board.done(board.act("reset", "learner01", kind="reset-desktop"))
    wait_until(lambda: has_panel(desktop), 60, "the panel is back")
    desktop.wait_until_painted()
    desktop.screenshot("repaired")


def has_panel(desktop: Desktop) -> bool:
    """Whether there is a panel along the upper edge; none while X itself starts anew."""
    try:
        windows = desktop.x.windows()
    except (LookupError, OSError, XError, DisplayError, ConnectionClosedError):
        return False
    return any(w.kind == "mate-panel" and w.y < 10 and w.width > 500 for w in windows)


def test_a_restart_gives_a_new_session(board: Board, desktops: dict[str, Desktop]) -> None:
    (before,) = job_ids("learner02")
    card = board.act("reset", "learner02", kind="restart")
    board.done(card, 120)
    assert job_ids("learner02") not in ([], [before])
    expect(board.row("learner02")).to_contain_text("Running")
    desktops["learner02"] = visit(desktops["learner02"].learner)
    told(desktops["learner02"], "instructor has restarted your session.")


def test_a_session_that_ends_during_an_act_is_told(board: Board, desktops: dict[str, Desktop]) -> None:
    """Its server is gone, and so no message can arrive; the other learner's does."""
    command("pkill", "-STOP", "-u", "learner03")  # it takes the call and answers nothing
    board.choose("learner02", "learner03")
    board.page.locator("[data-act=message]").click()
    board.page.locator("#ask-message textarea").fill("Who is there?")
    board.page.locator("#ask-message .go").click()
    expect(board.page.locator(".act .sum").first).to_have_text("1 of 2 done, 1 under way.")
    # Not by Slurm, which lets a stopped session go on for the moment that an answer takes.
    command("pkill", "-KILL", "-u", "learner03")
    card = board.page.locator(".act").first
    expect(card.locator("[data-status=failed]")).to_contain_text("learner03", timeout=60_000)
    expect(card.locator("[data-status=done]")).to_contain_text("learner02")
    expect(card.get_by_role("button", name="Try the 1 that failed again")).to_be_visible()
    expect(board.row("learner03")).not_to_contain_text("Running", timeout=60_000)
    board.screenshot("partial-failure")
    card.get_by_label("Dismiss").click()


# In the browser: keeps what the notice has said; it may be there for a second only.
NOTE_NOTICES = """() => {
  const notice = document.getElementById("notice");
  window.noticed = "";
  new MutationObserver(() => { window.noticed += notice.textContent; })
    .observe(notice, { attributes: true, childList: true, characterData: true, subtree: true });
}"""


def test_the_page_recovers_from_a_restart_of_the_service(board: Board, desktops: dict[str, Desktop]) -> None:
    (pid,) = command("pgrep", "-u", "classdesk", "-f", "run console").split()
    other = board.page.context.new_page()
    board.page.evaluate(NOTE_NOTICES)
    command("kill", "-KILL", pid)
    other.goto(board.page.url)  # opened in these seconds
    expect(other.get_by_role("heading", name="Reconnecting")).to_be_visible()
    wait_until(lambda: "What you see is from" in board.page.evaluate("noticed"), 30, "the page says that it is late")
    board.page.wait_for_selector(LIVE, timeout=90_000)
    assert command("pgrep", "-u", "classdesk", "-f", "run console").split() != [pid]
    other.wait_for_selector(LIVE, timeout=30_000)
    other.close()
    expect(board.row("learner01")).to_contain_text("Running")


def test_the_page_recovers_from_a_restart_of_the_hub(board: Board, desktops: dict[str, Desktop]) -> None:
    faults.supervisor("stop", "hub")
    expect(board.page.locator("#notice")).to_be_visible(timeout=15_000)
    expect(board.page.locator("body")).to_have_class(re.compile("old"))
    board.screenshot("hub-away")
    faults.supervisor("start", "hub")
    board.page.wait_for_selector(LIVE, timeout=120_000)
    expect(board.row("learner01")).to_contain_text("Running", timeout=60_000)
    expect(board.page.locator("#notice")).to_be_hidden()


def test_stop_ends_the_sessions_and_names_them_first(board: Board, desktops: dict[str, Desktop]) -> None:
    board.choose("learner01", "learner02")
    board.page.locator("[data-act=stop]").click()
    dialog = board.page.get_by_role("dialog", name="Stop 2 sessions?")
    expect(dialog).to_contain_text("learner01 and learner02")
    dialog.get_by_role("button", name="Stop 2 sessions").click()
    for name in ("learner01", "learner02"):
        expect(board.row(name)).to_contain_text("Not started", timeout=60_000)
        desktops[name].learner.wait_until_gone()


def test_the_record_has_it_all(board: Board, desktops: dict[str, Desktop]) -> None:
    board.page.locator("#open-record").click()
    record = board.page.locator("#record-rows")
    for words in (
        "Start",
        "Stop",
        "Message",
        "Extension",
        "Desktop reset",
        "Restored lesson files",
        "Restart",
    ):
        expect(record).to_contain_text(words)
    board.page.locator("#record-search").fill("learner01 extension")
    expect(board.page.locator("#record-rows tr:visible")).to_have_count(1)
    board.screenshot("record")
    board.page.locator("#record .close").click()


def test_the_class_link_opens_the_form_locked_for_the_class(board: Board, sit_down: SitDown, pictures: Path) -> None:
    board.page.locator("#open-link").click()
    expect(board.page.locator("#link-url")).to_contain_text("/c/demo")
    link = board.page.locator("#link-url").inner_text()
    board.screenshot("link")
    board.page.keyboard.press("Escape")
    learner = sit_down("learner04")
    learner.page.goto(link)
    expect(learner.page.locator("#spawn_form")).to_be_visible()
    expect(learner.page.get_by_label("Number of cores")).not_to_be_editable()
    learner.screenshot("form-of-the-link")

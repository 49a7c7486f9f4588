"""JupyterLab and the terminal have the desktop's bar: time, help, the end; and nothing ends without a word."""

import re

import pytest
from playwright.sync_api import Page, expect

from support.browser import Learner, SitDown
from support.world import Hub, command, job_ids, wait_until

SIZES = {"laptop": (1280, 800), "zoomed": (640, 400), "phone": (390, 700), "small": (320, 600)}


def open_interface(learner: Learner, interface: str) -> Page:
    learner.start(interface)
    page = learner.page
    expect(page.locator("#curtain")).to_be_hidden(timeout=60_000)
    if interface == "JupyterLab":
        expect(page.frame_locator("#lab").get_by_role("menuitem", name="File")).to_be_visible(
            timeout=60_000
        )
    return page


@pytest.mark.parametrize("interface", ["JupyterLab", "Terminal"])
def test_the_bar_has_time_help_and_the_end(sit_down: SitDown, interface: str) -> None:
    learner = sit_down("learner03")
    page = open_interface(learner, interface)
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"min left"))
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("document.getElementById('extend-button').hidden = false")
        for label in ("#hand-button", "[data-dialog='end-dialog']", "#extend-button"):
            button = page.locator(f"#bar {label}")
            box = button.bounding_box()
            assert box, f"{label} at {name}"
            assert 0 <= box["x"] <= width - box["width"], f"{label} at {name}: {box}"
            assert button.evaluate("b => b.scrollWidth <= b.clientWidth + 1"), f"{label} at {name}"
        learner.screenshot(f"{interface}-{name}")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Ask for help").click()
    page.locator("#hand-text").fill("The notebook hangs")
    page.locator("#hand-text").press("Control+Enter")
    expect(page.get_by_role("button", name="You asked for help")).to_be_visible()
    learner.screenshot(f"{interface}-hand")
    page.get_by_role("button", name="End session").click()
    page.get_by_role("dialog").get_by_role("button", name="End session").click()
    expect(page.get_by_role("link", name="Start a new session")).to_be_visible(timeout=60_000)
    learner.screenshot(f"{interface}-ended")


def test_a_notebook_is_saved_before_the_session_ends(sit_down: SitDown, hub: Hub) -> None:
    learner = sit_down("learner02")
    page = open_interface(learner, "JupyterLab")
    frame = page.frame_locator("#lab")
    frame.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    cell = frame.locator(".jp-Notebook .cm-content").first
    expect(cell).to_be_visible(timeout=60_000)
    cell.click()
    page.keyboard.type("x = 'kept to the end'")
    notebook = hub.home("learner02") / "Untitled.ipynb"
    wait_until(notebook.exists, 30, "the notebook is there")
    assert "kept" not in notebook.read_text()
    (job,) = job_ids("learner02")
    started = command("scontrol", "show", "job", job)
    ran = re.search(r"RunTime=00:(\d\d):", started)
    assert ran
    command("scontrol", "update", f"JobId={job}", f"TimeLimit={int(ran[1]) + 2}")
    expect(page.locator(".banner[data-name='time']")).to_contain_text(
        "Save your work", timeout=60_000
    )
    wait_until(lambda: "kept to the end" in notebook.read_text(), 150, "the notebook is saved")
    expect(page.get_by_role("link", name="Start a new session")).to_be_visible(timeout=180_000)
    learner.screenshot("time-is-up")
    notebook.unlink()


def test_a_link_into_jupyterlab_has_the_bar(sit_down: SitDown, hub: Hub) -> None:
    learner = sit_down("learner04")
    page = open_interface(learner, "JupyterLab")
    (hub.home("learner04") / "linked.txt").write_text("the linked file")
    page.goto(f"{hub.url}/user/learner04/lab/tree/linked.txt")
    expect(page.frame_locator("#lab").get_by_text("the linked file")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Ask for help")).to_be_visible()
    (hub.home("learner04") / "linked.txt").unlink()


def test_a_message_of_the_instructor_is_seen_in_the_terminal(sit_down: SitDown) -> None:
    page = open_interface(sit_down("learner01"), "Terminal")
    command(
        "/usr/local/bin/classdesk", "class", "message", "demo", "Break until eleven", "learner01"
    )
    expect(page.locator(".banner")).to_contain_text("Break until eleven", timeout=20_000)

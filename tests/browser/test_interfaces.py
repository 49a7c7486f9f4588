"""JupyterLab and the terminal have the desktop's bar: time, help, the end; and nothing ends without a word."""

import re

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import FrameLocator, Page, expect

from support.browser import Learner, SitDown
from support.world import Hub, command, job_ids, wait_until

SIZES = {"laptop": (1280, 800), "zoomed": (640, 400), "phone": (390, 700), "small": (320, 600)}


def open_interface(learner: Learner, interface: str, hours: str | None = None) -> Page:
    learner.start(interface, hours=hours)
    page = learner.page
    expect(page.locator("#curtain")).to_be_hidden(timeout=60_000)
    if interface == "JupyterLab":
        expect(page.frame_locator("#lab").get_by_role("menuitem", name="File")).to_be_visible(timeout=60_000)
    return page


def new_cell(page: Page) -> FrameLocator:
    """Open a notebook with the keyboard in its first cell."""
    frame = page.frame_locator("#lab")
    frame.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    cell = frame.locator(".jp-Notebook .cm-content").first
    expect(cell).to_be_visible(timeout=60_000)
    expect(frame.get_by_text("| Idle")).to_be_visible(timeout=60_000)  # or what is run is lost
    cell.click()
    return frame


@pytest.mark.parametrize("fingers", [False, True], ids=["mouse", "fingers"])
@pytest.mark.parametrize("interface", ["Desktop", "JupyterLab", "Terminal"])
def test_nothing_of_the_bar_is_cut(sit_down: SitDown, interface: str, fingers: bool) -> None:
    learner = sit_down("learner03", has_touch=fingers, is_mobile=fingers)
    page = open_interface(learner, interface, hours="0.25")
    expect(page.locator("#extend-button")).to_be_visible()
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        seen = page.locator("#bar :is(button, a, #time-left, #until)").filter(visible=True)
        assert seen.count() > 4
        for item in seen.all():
            box, what = item.bounding_box(), f"{item.inner_text()} at {name}"
            assert box, what
            assert 0 <= box["x"] <= width - box["width"], f"{what}: {box}"
            assert item.evaluate("it => it.scrollWidth <= it.clientWidth + 1"), what
            if fingers and item.evaluate("it => it.matches('button, a')"):
                assert min(box["width"], box["height"]) >= 44, f"{what}: {box}"
        learner.screenshot(f"{interface}-{name}{'-fingers' * fingers}")


@pytest.mark.parametrize("interface", ["JupyterLab", "Terminal"])
def test_the_bar_has_time_help_and_the_end(sit_down: SitDown, interface: str) -> None:
    learner = sit_down("learner03")
    page = open_interface(learner, interface)
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"min left"))
    expect(page.locator("#until")).to_have_text(re.compile(r"^until \d\d:\d\d$"))
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
    new_cell(page)
    page.keyboard.type("x = 'kept to the end'")
    notebook = hub.home("learner02") / "Untitled.ipynb"
    wait_until(notebook.exists, 30, "the notebook is there")
    assert "kept" not in notebook.read_text()
    (job,) = job_ids("learner02")
    started = command("scontrol", "show", "job", job)
    ran = re.search(r"RunTime=00:(\d\d):", started)
    assert ran
    command("scontrol", "update", f"JobId={job}", f"TimeLimit={int(ran[1]) + 2}")
    expect(page.locator(".banner[data-name='time']")).to_contain_text("Save your work", timeout=60_000)
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


def test_jupyterlab_shows_a_readme_as_a_page(sit_down: SitDown, hub: Hub) -> None:
    page = open_interface(sit_down("learner04"), "JupyterLab")
    page.goto(f"{hub.url}/user/learner04/lab/tree/Desktop/Lesson/dask-delay/README.md")
    heading = page.frame_locator("#lab").get_by_role("heading", name="Challenge 1: a loop")
    expect(heading).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("interface", ["Desktop", "Terminal"])
def test_the_browser_asks_before_it_closes_what_is_in_use(sit_down: SitDown, interface: str) -> None:
    """Ctrl + W is the shell's key, too. Browsers ask only where somebody has pressed something."""
    learner = sit_down("learner04")
    page = open_interface(learner, interface)
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.locator("main").click()
    with pytest.raises(PlaywrightError, match="ERR_ABORTED"):
        page.goto("about:blank")
    expect(page.locator("#curtain")).to_be_hidden()
    if interface == "Desktop":
        page.get_by_role("button", name="Menu").click()
    page.locator("[data-dialog=end-dialog]").click()
    page.get_by_role("dialog").get_by_role("button", name="End session").click()
    expect(page.get_by_role("link", name="Start a new session")).to_be_visible(timeout=60_000)
    page.goto("about:blank")


def test_a_message_of_the_instructor_is_seen_in_the_terminal(sit_down: SitDown) -> None:
    page = open_interface(sit_down("learner01"), "Terminal")
    command("/usr/local/bin/classdesk", "class", "message", "demo", "Break until eleven", "learner01")
    expect(page.locator(".banner")).to_contain_text("Break until eleven", timeout=20_000)


def test_the_terminal_says_how_to_leave_it_by_keyboard(sit_down: SitDown) -> None:
    page = open_interface(sit_down("learner03"), "Terminal")
    keys = page.get_by_role("textbox", name=re.compile(r"^Terminal of learner03: .*Control \+ Alt \+ Shift \+ B"))
    expect(keys).to_be_focused()
    page.keyboard.press("Tab")
    expect(keys).to_be_focused()
    page.keyboard.press("Control+Alt+Shift+B")
    assert page.evaluate("document.activeElement.closest('#bar') !== null")


def test_another_time_zone_is_said(sit_down: SitDown) -> None:
    page = open_interface(sit_down("learner03", timezone_id="Asia/Kolkata"), "Terminal")
    until = page.locator("#until")
    expect(until).to_have_text(re.compile(r"^until \d\d:\d\d your time$"))
    expect(until).to_have_attribute("title", re.compile(r"^\d\d:\d\d by the session's clock$"))


def test_ending_the_session_saves_a_notebook(sit_down: SitDown, hub: Hub) -> None:
    page = open_interface(sit_down("learner02"), "JupyterLab")
    new_cell(page)
    page.keyboard.type("y = 'typed just before the end'")
    notebook = hub.home("learner02") / "Untitled.ipynb"
    wait_until(notebook.exists, 30, "the notebook is there")
    page.get_by_role("button", name="End session").click()
    page.get_by_role("dialog").get_by_role("button", name="End session").click()
    expect(page.get_by_role("link", name="Start a new session")).to_be_visible(timeout=60_000)
    assert "typed just before the end" in notebook.read_text()
    assert not [*notebook.parent.glob(".~*")], "Jupyter's copy of what it overwrites has gone"
    notebook.unlink()


def test_jupyterlab_stays_below_the_bar_wherever_it_leads(sit_down: SitDown, hub: Hub) -> None:
    learner = sit_down("learner04")
    page = open_interface(learner, "JupyterLab")
    # As its menu of workspaces, and a reset of one, do it.
    page.frames[1].evaluate("location.href = '/user/learner04/lab/workspaces/other?reset'")
    expect(page.frame_locator("#lab").get_by_role("menuitem", name="File")).to_be_visible(timeout=60_000)
    assert "workspaces/other" in page.frames[1].url
    page.get_by_role("button", name="Hide bar").click()
    page.frame_locator("#lab").locator(".jp-LauncherCard").first.focus()
    page.keyboard.press("Control+Alt+Shift+B")
    expect(page.get_by_role("button", name="Ask for help")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('#bar') !== null")
    page.frame_locator("#lab").get_by_role("menuitem", name="File").click()
    page.frame_locator("#lab").get_by_role("menuitem", name="Log Out").click()
    expect(page.get_by_role("button", name="Log in again")).to_be_visible(timeout=60_000)
    learner.screenshot("JupyterLab-logged-out")
    learner.log_in()


DASHBOARD = """\
import json, pathlib, time
from dask.distributed import Client, LocalCluster
cluster = LocalCluster(n_workers=1, processes=False)
pathlib.Path("link.txt").write_text(cluster.dashboard_link)
print("link:", cluster.dashboard_link)
time.sleep(600)
"""


def test_the_link_to_dasks_dashboard_leads_there(sit_down: SitDown, hub: Hub) -> None:
    learner = sit_down("learner01")
    page = open_interface(learner, "Terminal")
    link = hub.home("learner01") / "link.txt"
    link.unlink(missing_ok=True)
    (hub.home("learner01") / "dashboard.py").write_text(DASHBOARD)
    page.locator("#terminal").click()
    page.keyboard.type("clear; module load python && python dashboard.py\n")
    wait_until(lambda: link.exists() and link.read_text(), 120, "dask has a dashboard")
    address = link.read_text()
    assert re.fullmatch(rf"({re.escape(hub.url)})?/user/learner01/proxy/\d+/status", address)
    rows = page.locator(".xterm-rows > div")
    expect(rows.filter(has_text="link:").last).to_be_visible(timeout=60_000)
    box = rows.filter(has_text="link:").last.locator("span").last.bounding_box()
    assert box
    with page.expect_popup() as opened:
        page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
        page.mouse.move(box["x"] + 90, box["y"] + box["height"] / 2)
        page.mouse.click(box["x"] + 90, box["y"] + box["height"] / 2, delay=100)
    expect(opened.value).to_have_title(re.compile("Dask"), timeout=60_000)
    assert opened.value.url == hub.url + address.removeprefix(hub.url)
    expect(opened.value.locator(".bk-Figure, .bk-canvas, canvas").first).to_be_attached(timeout=60_000)
    opened.value.screenshot(path=learner.pictures / "dashboard.png")
    other = page.context.request.get(f"{hub.url}/user/learner01/proxy/8000/")
    # Refused where sessions share the node's ports, and not there in a network of the session's own.
    assert other.status in {403, 500}, "what another account listens on is not the learner's"
    link.unlink()
    (hub.home("learner01") / "dashboard.py").unlink()


def test_jupyterlab_shows_the_link_to_dasks_dashboard(sit_down: SitDown, hub: Hub) -> None:
    learner = sit_down("learner01")
    page = open_interface(learner, "JupyterLab")
    frame = new_cell(page)
    page.keyboard.type("from dask.distributed import Client; c = Client(n_workers=1); print(c.dashboard_link); c")
    page.keyboard.press("Shift+Enter")
    address = f"{hub.url}/user/learner01/proxy/8787/status"
    expect(frame.locator(".jp-OutputArea-output").first).to_have_text(address, timeout=120_000)
    link = frame.locator(".jp-OutputArea-output a[href$='/proxy/8787/status']").first
    expect(link).to_be_visible()
    learner.screenshot("JupyterLab-client")
    with page.expect_popup() as opened:
        link.click()
    expect(opened.value).to_have_title(re.compile("Dask"), timeout=60_000)
    assert opened.value.url == address
    stranger = learner.context.browser.new_context() if learner.context.browser else None
    assert stranger
    assert "login" in stranger.request.get(address).url, "it is the learner's alone"
    stranger.close()
    (hub.home("learner01") / "Untitled.ipynb").unlink(missing_ok=True)


def test_a_notebook_uses_slurm_and_a_cluster_of_its_jobs(sit_down: SitDown, hub: Hub) -> None:
    learner = sit_down("learner01")
    page = open_interface(learner, "JupyterLab")
    frame = new_cell(page)
    page.keyboard.insert_text(
        "from dask.distributed import Client\nfrom dask_jobqueue import SLURMCluster\n"
        'cluster = SLURMCluster(cores=1, memory="256M", walltime="00:05:00")\ncluster.scale(1)\n'
        "client = Client(cluster)\nprint('the sum is', client.submit(sum, [1, 2, 3]).result())\n"
        "!squeue --me --noheader --format=%P"
    )
    page.keyboard.press("Shift+Enter")
    output = frame.locator(".jp-OutputArea-output")
    expect(output.filter(has_text="the sum is 6")).to_be_visible(timeout=120_000)
    expect(output.filter(has_text="jobs").filter(has_text="class")).to_be_visible(timeout=60_000)
    learner.screenshot("JupyterLab-cluster")
    page.keyboard.insert_text("cluster.close(); print('it is', 'closed')")
    page.keyboard.press("Shift+Enter")
    expect(output.filter(has_text="it is closed")).to_be_visible(timeout=60_000)
    wait_until(lambda: len(job_ids("learner01")) == 1, 60, "the worker's job has ended")
    (hub.home("learner01") / "Untitled.ipynb").unlink(missing_ok=True)

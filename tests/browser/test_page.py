"""The session's page: size, reconnection, clipboard, time left; and comforts of the desktop that the lesson needs."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from support import panel
from support.browser import SitDown
from support.browser_desktop import Desktop
from support.browser_programs import Editor, Terminal
from support.world import Hub, wait_until

NAME = "learner03"
LESSON_ICON = (88, 180)
"""On the desktop, below the home."""


# Remembers the page's connections, so that a test can cut one as a network does.
REMEMBER_SOCKETS = """
    window.sockets = [];
    window.WebSocket = new Proxy(WebSocket, {
        construct(Socket, given) {
            const socket = new Socket(...given);
            window.sockets.push(socket);
            return socket;
        },
    });
"""


@pytest.fixture(scope="module")
def _desktop(sit_down_for_long: SitDown) -> Desktop:
    # The page itself needs no permission; the tests do, to look at what it has copied.
    learner = sit_down_for_long(NAME, permissions=["clipboard-read", "clipboard-write"])
    learner.page.add_init_script(REMEMBER_SOCKETS)
    return Desktop.start(learner)


@pytest.fixture(scope="module")
def _terminal(_desktop: Desktop) -> Terminal:
    return Terminal.open(_desktop)


@pytest.fixture
def desktop(_desktop: Desktop) -> Desktop:
    """The desktop that these tests share, at its usual size."""
    _desktop.wait_until_connected()
    return _desktop


@pytest.fixture
def terminal(_terminal: Terminal, desktop: Desktop) -> Terminal:
    return _terminal


@pytest.fixture
def home(hub: Hub) -> Path:
    return hub.home(NAME)


def edit(terminal: Terminal, home: Path, name: str) -> Editor:
    """Opens the editor from the terminal, as the course does."""
    terminal.begin(f"pluma {name}&")
    terminal.desktop.window(f"^{re.escape(name)}", "pluma")
    return Editor(terminal.desktop, home)


def close(editor: Editor) -> None:
    editor.activate()
    editor.desktop.press("Control+q")
    editor.desktop.wait_until_closed("Pluma")


@pytest.mark.parametrize(
    ("width", "height"), [(1000, 700), (1600, 900), (1280, 800)], ids=["smaller", "larger", "back"]
)
def test_the_desktop_follows_the_browser_s_window(desktop: Desktop, width: int, height: int) -> None:
    desktop.page.set_viewport_size({"width": width, "height": height})
    bar = desktop.page.locator("#bar").bounding_box()
    assert bar
    expected = (width, height - round(bar["height"]))
    wait_until(lambda: desktop.x.size() == expected, 10, f"the desktop is {expected}")
    wait_until(
        lambda: [w for w in desktop.x.windows() if w.kind == "mate-panel" and w.width == width],
        10,
        "the panel is as wide as the desktop",
    )


def test_hiding_the_bar_gives_its_room_to_the_desktop(desktop: Desktop) -> None:
    desktop.page.get_by_role("button", name="Menu").click()
    desktop.page.get_by_role("menuitem", name="Hide bar").click()
    wait_until(lambda: desktop.x.size() == (1280, 800), 10, "the desktop has the whole page")
    desktop.page.get_by_role("button", name="Show the bar").click()
    desktop.wait_until_connected()
    assert desktop.x.size()[1] < 800


def test_the_time_left_is_shown(desktop: Desktop) -> None:
    expect(desktop.page.get_by_role("timer")).to_have_text(re.compile(r"^2 h 5\d min left$"))


def test_a_reload_finds_the_same_desktop_again(desktop: Desktop, terminal: Terminal) -> None:
    terminal.run("echo before the reload")
    before = desktop.x, desktop.window("", "mate-terminal")
    desktop.page.reload()
    desktop.wait_until_connected()
    assert (desktop.x, desktop.window("", "mate-terminal")) == before
    assert "before the reload" in terminal.text()
    assert terminal.run("echo after it").text == "after it\n"


def test_a_lost_connection_comes_back_by_itself(desktop: Desktop, terminal: Terminal) -> None:
    before = desktop.x
    connections = "window.sockets.filter((s) => s.url.includes('websockify')).length"
    made = desktop.page.evaluate(connections)
    desktop.page.evaluate("window.sockets.forEach((socket) => socket.close())")
    wait_until(lambda: desktop.page.evaluate(connections) > made, 15, "the page connects again")
    desktop.wait_until_connected()
    assert desktop.x == before
    assert terminal.run("echo here again").text == "here again\n"


def test_text_of_the_laptop_is_pasted_into_the_editor(desktop: Desktop, terminal: Terminal, home: Path) -> None:
    editor = edit(terminal, home, "pasted.py")
    program = 'def main():\n  print("größer ≤ 2 €")\n\nmain()'
    put_on_the_laptop_s_clipboard(desktop, program)
    editor.activate()
    desktop.press("Control+v")
    wait_until(lambda: desktop.window(r"^\*pasted"), 5, "something was pasted")
    assert editor.save("pasted.py") == f"{program}\n", "pluma ends the last line, as it always does"
    close(editor)


def test_text_of_the_desktop_can_be_pasted_on_the_laptop(desktop: Desktop, terminal: Terminal, home: Path) -> None:
    editor = edit(terminal, home, "copied.txt")
    expected = "copied in the desktop: {x}\nsecond line"
    desktop.type(expected)
    desktop.press("Control+a", "Control+c")
    wait_until(
        lambda: desktop.page.evaluate("navigator.clipboard.readText()") == expected,
        5,
        "the laptop's clipboard has it",
    )
    editor.save("copied.txt")
    close(editor)


def put_on_the_laptop_s_clipboard(desktop: Desktop, text: str) -> None:
    desktop.page.evaluate("text => navigator.clipboard.writeText(text)", text)


def test_a_text_that_is_too_long_for_the_clipboard_is_told_and_pastes_nothing(
    desktop: Desktop, terminal: Terminal
) -> None:
    told = desktop.page.locator(".banner[data-name=clipboard]")
    put_on_the_laptop_s_clipboard(desktop, "echo before")
    terminal.activate()
    desktop.press("Control+Shift+V", "Enter")
    wait_until(lambda: "\nbefore\n" in terminal.text(), 10, "the first text was pasted")
    put_on_the_laptop_s_clipboard(desktop, "é" * (1 << 19))
    desktop.press("Control+Shift+V")
    expect(told).to_contain_text("too long for the clipboard")
    desktop.screenshot("clipboard-too-long")
    desktop.type("echo and after\n")
    wait_until(lambda: "\nand after\n" in terminal.text(), 10, "nothing else was pasted")
    assert terminal.text().count("\nbefore\n") == 1
    told.get_by_role("button", name="OK").click()
    expect(told).to_have_count(0)


def test_a_command_is_pasted_into_the_terminal(desktop: Desktop, terminal: Terminal) -> None:
    put_on_the_laptop_s_clipboard(desktop, "echo pasted $((6*7))")
    terminal.activate()
    desktop.press("Control+Shift+V", "Enter")
    wait_until(lambda: "\npasted 42\n" in terminal.text(), 10, "the pasted command has run")


def test_the_terminal_s_letters_grow_and_shrink(desktop: Desktop, terminal: Terminal) -> None:
    usual = letter_width(terminal)
    desktop.press("Control+Shift+Equal", "Control+Shift+Equal")
    assert letter_width(terminal) > 1.2 * usual
    desktop.screenshot("terminal-zoomed")
    desktop.press("Control+Minus", "Control+Minus")
    assert abs(letter_width(terminal) - usual) < 0.5


def letter_width(terminal: Terminal) -> float:
    """The width of a letter in pixels: the terminal's, shared by its columns."""
    columns = int(terminal.run("stty size").text.split()[1])
    return terminal.activate().width / columns


def test_the_editor_indents_by_two_spaces_and_zooms(desktop: Desktop, terminal: Terminal, home: Path) -> None:
    editor = edit(terminal, home, "indent.py")
    desktop.type("def f():\n")
    desktop.press("Tab")
    desktop.type("return 1")
    assert editor.save("indent.py") == "def f():\n  return 1\n"

    usual = ink(desktop, editor)
    desktop.press("Control+Shift+Equal", "Control+Shift+Equal", "Control+Shift+Equal")
    wait_until(lambda: ink(desktop, editor) > 1.3 * usual, 5, "the letters are larger")
    desktop.screenshot("editor-zoomed")
    desktop.press("Control+Minus", "Control+Minus", "Control+Minus")
    wait_until(lambda: ink(desktop, editor) < 1.1 * usual, 5, "they are as they were")
    close(editor)


def ink(desktop: Desktop, editor: Editor) -> int:
    """The number of dark pixels in the editor's text."""
    window = editor.activate()
    image = desktop.picture_of(window).crop((4, 130, window.width - 20, window.height - 40))
    return sum(n for n, colour in image.convert("L").getcolors() or [] if isinstance(colour, int) and colour < 110)


def test_the_icon_lesson_opens_the_text_and_the_folder_of_the_lesson(desktop: Desktop, home: Path) -> None:
    desktop.screenshot("lesson-icon")
    desktop.double_click(*LESSON_ICON)
    desktop.window("^Dask Delay", "firefox", timeout=30)
    desktop.screenshot("lesson-open")
    desktop.press("Control+w")
    desktop.wait_until_closed("Firefox")
    desktop.double_click(*panel.place_of(desktop, "^dask-delay$", "hello.py"))
    desktop.window(r"^hello\.py \(~/Desktop/Lesson/dask-delay\)", "pluma")
    desktop.screenshot("lesson-folder")
    desktop.activate("Pluma")
    desktop.press("Control+q")
    desktop.wait_until_closed("Pluma")
    desktop.activate("^dask-delay$", "caja")
    desktop.press("Control+w")
    desktop.wait_until_closed("^dask-delay$")
    assert (home / "Desktop/Lesson/dask-delay/hello.py").is_file(), "the paths of the lesson's text hold"


def test_every_program_finds_the_lesson_s_files_to_open(desktop: Desktop, terminal: Terminal) -> None:
    terminal.begin("pluma &")
    desktop.window("^Untitled|^Unsaved", "pluma")
    desktop.press("Control+o")
    desktop.window("^Open", "pluma")
    desktop.screenshot("lesson-bookmark")
    desktop.press("Escape")
    desktop.activate("Pluma")
    desktop.press("Control+q")
    desktop.wait_until_closed("Pluma")


def test_dask_s_dashboard_is_seen_in_the_desktop_s_browser(desktop: Desktop, terminal: Terminal) -> None:
    terminal.run("module load python")
    terminal.begin(
        "python -c 'from dask.distributed import LocalCluster as C;"
        ' c = C(n_workers=1, dashboard_address=":8787"); print("ready"); input()\''
    )
    wait_until(lambda: "\nready\n" in terminal.text(), 30, "the cluster has started")
    panel.press(desktop, "browser")
    desktop.window("Firefox", "firefox", timeout=30)
    desktop.press("Control+l")
    desktop.type("localhost:8787/status\n")
    window = desktop.window("^Dask: Status", "firefox", timeout=30)
    wait_until(lambda: is_drawn(desktop.picture_of(window)), 30, "the dashboard's bars are blue")
    desktop.screenshot("dashboard")
    desktop.press("Control+w")
    desktop.wait_until_closed("Firefox")
    terminal.activate()
    desktop.press("Enter")
    wait_until(terminal.is_idle, 15, "the cluster has ended")


def is_drawn(image: Image.Image) -> bool:
    """Whether the dashboard's blue bars are there."""
    colours = image.getcolors(image.width * image.height) or []
    return any(
        number > 200 and isinstance(colour, tuple) and colour[2] > 230 and max(colour[:2]) < 120
        for number, colour in colours
    )


def test_jupyterlab_opens_with_its_launcher(sit_down: SitDown) -> None:
    learner = sit_down("learner02")
    learner.start("JupyterLab")
    expect(learner.page.frame_locator("#lab").locator(".jp-Launcher")).to_be_visible(timeout=30_000)
    expect(learner.page.frame_locator("#lab").locator(".jp-LauncherCard").first).to_be_visible()
    expect(learner.page.frame_locator("#lab").locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)
    learner.screenshot("jupyterlab")


def test_the_terminal_page_has_a_shell_of_the_session(sit_down: SitDown) -> None:
    learner = sit_down("learner02")
    learner.start("Terminal", cores="1")
    rows = learner.page.locator(".xterm-rows")
    expect(rows).to_contain_text("learner02@", timeout=30_000)
    learner.page.keyboard.type("echo cores: $(nproc)\n")
    expect(rows).to_contain_text("cores: 1")
    expect(learner.page.get_by_role("timer")).to_have_text(re.compile(r"left$"))
    learner.screenshot("terminal")
    learner.page.reload()
    expect(rows).to_contain_text("cores: 1", timeout=30_000)

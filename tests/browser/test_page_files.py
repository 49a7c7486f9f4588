"""Files between the learner's computer and the home, through the page."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support import panel
from support.browser import SitDown
from support.browser_desktop import Desktop
from support.world import Hub, wait_until

NAME = "learner04"

DROP = """({name, text}) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    const target = document.querySelector("#screen canvas");
    for (const type of ["dragenter", "dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
}"""


@pytest.fixture(scope="module")
def _desktop(sit_down_for_long: SitDown) -> Desktop:
    return Desktop.start(sit_down_for_long(NAME))


@pytest.fixture
def desktop(_desktop: Desktop) -> Iterator[Desktop]:
    yield _desktop
    if _desktop.page.locator("#files-panel").is_visible():
        _desktop.page.locator("#files-panel .close").click()


@pytest.fixture
def home(hub: Hub) -> Path:
    return hub.home(NAME)


def test_a_dropped_file_lands_on_the_desktop_and_takes_nobody_s_place(desktop: Desktop, home: Path) -> None:
    name = "größe 数 😀.txt"
    for text in ("first", "second"):
        desktop.page.evaluate(DROP, {"name": name, "text": text})
    said = desktop.page.locator("#uploads")
    expect(said).to_contain_text("is at ~/Desktop/größe 数 😀 (2).txt")
    desktop.screenshot("dropped")
    assert (home / "Desktop" / name).read_text() == "first"
    assert (home / "Desktop" / "größe 数 😀 (2).txt").read_text() == "second"
    assert (home / "Desktop" / name).stat().st_uid == home.stat().st_uid


def test_a_chosen_file_goes_where_the_learner_wants_it_with_progress(
    desktop: Desktop, home: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(256)) * 4096 * 40)
    page = desktop.page
    shutil.rmtree(home / "Uploads", ignore_errors=True)
    page.get_by_role("button", name="Files").click()
    page.get_by_label("Into").select_option("Uploads")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(large)
    expect(page.locator("#uploads progress")).to_be_attached()
    expect(page.locator("#uploads")).to_contain_text("~/Uploads/large.bin", timeout=30_000)
    assert (home / "Uploads" / "large.bin").read_bytes() == large.read_bytes()
    # The list below shows the home as it is now, without opening the panel again.
    expect(page.locator("#files-list").get_by_text("Uploads", exact=True)).to_be_visible()


def test_the_file_manager_shows_what_was_just_sent(desktop: Desktop, home: Path) -> None:
    """Also where its folder, ~/Uploads, was not there when the file manager was opened."""
    shutil.rmtree(home / "Uploads", ignore_errors=True)
    page = desktop.page
    page.get_by_role("button", name="Files").click()
    page.get_by_label("Into").select_option("Uploads")
    panel.press(desktop, "files")
    desktop.window(f"^{NAME}", "caja")
    for name, folder, shown in (
        ("first.txt", f"^{NAME}", "Uploads"),
        ("second.txt", "^Uploads$", "second.txt"),
    ):
        page.evaluate(DROP, {"name": name, "text": "x"})
        expect(page.locator("#uploads")).to_contain_text(f"is at ~/Uploads/{name}")
        page.locator("#files-panel .close").click()
        desktop.double_click(*panel.place_of(desktop, folder, shown))
    desktop.window(r"^second\.txt", "pluma")
    desktop.screenshot("file-manager")


def test_a_folder_is_refused_in_a_sentence(desktop: Desktop) -> None:
    desktop.page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File([""], "folder"));
            const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
            // A script cannot make a folder; this is what a browser says of one.
            const original = DataTransferItem.prototype.webkitGetAsEntry;
            DataTransferItem.prototype.webkitGetAsEntry = () => ({ isDirectory: true });
            document.querySelector("#screen canvas").dispatchEvent(drop);
            DataTransferItem.prototype.webkitGetAsEntry = original;
        }"""
    )
    expect(desktop.page.locator("#uploads .failed").first).to_contain_text("Folders cannot be sent")


def test_a_file_of_the_home_is_taken_along(desktop: Desktop, home: Path, tmp_path: Path) -> None:
    folder = home / "results ä"
    folder.mkdir()
    (folder / "größe 数.csv").write_text("a,b\n1,2\n")
    (folder / "secrets").symlink_to("/etc")
    page = desktop.page
    page.get_by_role("button", name="Files").click()
    page.locator("#files-list").get_by_role("button", name="results ä").click()
    expect(page.locator("#files-list li")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="größe 数.csv").click()
    assert download.value.suggested_filename == "größe 数.csv"
    assert Path(download.value.path()).read_text() == "a,b\n1,2\n"
    desktop.screenshot("take-along")
    page.locator("#files-path").get_by_role("button", name="Home").click()
    expect(page.locator("#files-list").get_by_role("button", name="Desktop")).to_be_visible()


def test_a_full_home_is_told_in_a_sentence(desktop: Desktop, home: Path) -> None:
    (home / "Uploads").mkdir(exist_ok=True)
    (home / "Uploads").chmod(0o500)
    try:
        page = desktop.page
        page.evaluate(DROP, {"name": "refused.txt", "text": "x"})
        failed = page.locator("#uploads .failed").first
        wait_until(lambda: "You may not write to ~/Uploads" in failed.inner_text(), 10, "it is said")
    finally:
        (home / "Uploads").chmod(0o700)

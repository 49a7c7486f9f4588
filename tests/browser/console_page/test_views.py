"""The wall, the roster, the class link; and the page on a phone, a tablet and a projector."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.console import Console
from support.console_board import Open, in_state, reach_by_name
from support.world import wait_until


def test_pictures_are_asked_for_only_while_somebody_looks(open_board: Open, console: Console) -> None:
    page = open_board()
    assert console.group.pictures == 0
    page.locator("#wall-toggle").click()
    in_sight = page.locator(".tile img:visible")
    wait_until(in_sight.count, 5, "there are pictures")
    wait_until(
        lambda: not page.evaluate("document.querySelectorAll('.tile img:not([src])').length > 23"),
        5,
        "pictures came",
    )
    page.wait_for_timeout(3000)
    asked = console.group.pictures
    assert asked <= len(in_state(console, "running", "idle")), "each one once in ten seconds, and those in sight alone"
    page.locator("#wall-toggle").click()
    page.wait_for_timeout(11_000)  # a picture would be due now
    assert console.group.pictures == asked
    expect(page.locator("#learners")).to_be_visible()


def test_the_roster_shows_errors_by_line_and_what_would_change(open_board: Open, console: Console) -> None:
    page = open_board()
    page.locator("#open-roster").click()
    page.locator("#roster-text").fill("user,name,group\nlearner01,Ada,dask\nx y,Zoe,dask\n")
    page.locator("#roster-look").click()
    expect(page.locator("#roster-preview")).to_contain_text("Line 3: “x y” is not a user name.")
    expect(page.locator("#roster-import")).to_be_disabled()
    page.locator("#roster-text").fill("user,name,group\nlearner01,Ada,dask\nnew01,Zoe,dask\n")
    page.locator("#roster-look").click()
    expect(page.locator("#roster-preview")).to_contain_text("1 learner will join: new01.")
    expect(page.locator("#roster-preview")).to_contain_text("23 learners will leave")
    expect(page.locator("#roster-import")).to_be_enabled()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_roster_file_is_read_as_spreadsheets_write_it(open_board: Open, encoding: str) -> None:
    page = open_board()
    page.locator("#open-roster").click()
    data = "user,name,group\nnew01,Zoë Müller,dask\n".encode(encoding)
    page.locator("#roster-file").set_input_files({"name": "roster.csv", "mimeType": "text/csv", "buffer": data})
    expect(page.locator("#roster-text")).to_have_value(re.compile("new01,Zoë Müller,dask"))
    expect(page.locator("#roster-preview")).to_contain_text("1 learner will join: new01.")


def test_the_class_link_is_shown_large_with_its_code(open_board: Open) -> None:
    page = open_board()
    reach_by_name(page)
    page.locator("#open-link").click()
    expect(page.locator("#link-url")).to_have_text("https://hub.example.org/c/dask")
    wait_until(
        lambda: page.evaluate("document.getElementById('link-qr').naturalWidth"),
        5,
        "the code is drawn",
    )
    page.locator("#link-large").click()
    expect(page.locator("#link-large")).to_have_text("Small again")
    box = page.locator("#link-qr").bounding_box()
    assert box
    assert box["width"] > 500
    page.locator("#link-large").click()
    expect(page.locator("#link-large")).to_have_text("Full screen")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "size",
    [
        pytest.param((390, 844), id="phone"),
        pytest.param((820, 1180), id="tablet"),
        pytest.param((1920, 1080), id="projector"),
    ],
)
def test_nothing_sticks_out(
    open_board: Open, console: Console, pictures: Path, size: tuple[int, int], theme: str
) -> None:
    console.do(console.group.raise_hand, in_state(console, "running")[3], 200, "where am I? " * 8)
    page = open_board(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.screenshot(path=pictures / f"{size[0]}-{theme}.png")


def test_an_address_that_no_phone_reaches_has_no_code(open_board: Open, console: Console) -> None:
    page = open_board()
    page.locator("#open-link").click()
    expect(page.locator("#link-url")).to_have_text(f"http://127.0.0.1:{console.port}/c/dask")
    expect(page.locator("#link-qr")).to_be_hidden()
    expect(page.locator("#link")).to_contain_text("Only this machine reaches this address.")
    expect(page.locator("#link .link-scan")).to_be_hidden()


def test_no_other_host_is_asked(open_board: Open, console: Console) -> None:
    page = open_board()
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host)")
    assert set(loaded) == {f"127.0.0.1:{console.port}"}

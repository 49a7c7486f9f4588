"""Files through the page: names, places, and what is refused."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest

from classdesk_desktop.files import store as files
from classdesk_desktop.files.store import FilesError, Incoming, entries, inside, numbered, usable_name


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("notes.txt", "notes.txt", id="plain"),
        pytest.param("größe 数 😀.txt", "größe 数 😀.txt", id="unicode"),
        pytest.param("gro\u0308ße.txt", "größe.txt", id="accents apart"),
        pytest.param("../../etc/passwd", "passwd", id="path"),
        pytest.param("C:\\Users\\ada\\a.txt", "a.txt", id="windows path"),
        pytest.param("a\nb\x00.txt", "a_b_.txt", id="control characters"),
        pytest.param(" a.txt ", "a.txt", id="spaces"),
        pytest.param(".bashrc", ".bashrc", id="hidden"),
    ],
)
def test_a_file_keeps_its_name_as_far_as_it_can(given: str, kept: str) -> None:
    assert usable_name(given) == kept


@pytest.mark.parametrize("name", ["", "..", ".", "a/", "a/..", " "])
def test_a_file_without_a_name_is_refused(name: str) -> None:
    with pytest.raises(FilesError, match="no name"):
        usable_name(name)


def test_a_name_that_is_too_long_is_cut_between_its_letters_and_keeps_its_suffix() -> None:
    name = usable_name("数" * 200 + ".gz")
    assert name.startswith("数数")
    assert name.endswith("数.gz")
    assert len(name.encode()) <= 255 - len(".part") - 9
    assert "\ufffd" not in name


def test_names_that_are_taken_get_numbers() -> None:
    assert list(islice(numbered("a.b.txt"), 3)) == ["a.b.txt", "a.b (2).txt", "a.b (3).txt"]
    assert list(islice(numbered(".bashrc"), 2)) == [".bashrc", ".bashrc (2)"]
    assert list(islice(numbered("Makefile"), 2)) == ["Makefile", "Makefile (2)"]
    assert len(list(islice(numbered("x" * 255), 2))[1].encode()) == 255


def send(home: Path, name: str, data: bytes, folder: str = "Uploads") -> Path:
    with Incoming(home, folder, name) as incoming:
        incoming.write(data)
        return incoming.keep()


def test_what_is_sent_never_overwrites(home: Path) -> None:
    first, second = send(home, "a.txt", b"one"), send(home, "a.txt", b"two")
    assert (first.name, second.name) == ("a.txt", "a (2).txt")
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")
    assert sorted(path.name for path in first.parent.iterdir()) == ["a (2).txt", "a.txt"]


def test_a_link_of_that_name_is_neither_followed_nor_replaced(home: Path, tmp_path: Path) -> None:
    (home / "Uploads").mkdir()
    (home / "Uploads" / "a.txt").symlink_to(tmp_path / "elsewhere")
    assert send(home, "a.txt", b"x").name == "a (2).txt"
    assert not (tmp_path / "elsewhere").exists()


def test_where_the_file_system_has_no_hard_links_nothing_is_overwritten_either(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert send(home, "a.txt", b"one").read_bytes() == b"one"
    assert send(home, "a.txt", b"two").name == "a (2).txt"
    assert (home / "Uploads" / "a.txt").read_bytes() == b"one"


def test_what_was_not_kept_leaves_nothing_behind(home: Path) -> None:
    with Incoming(home, "Desktop", "a.txt") as incoming:
        incoming.write(b"half of i")
    assert not list((home / "Desktop").iterdir())


@pytest.mark.parametrize("folder", ["", "..", "/etc", "Documents", "Desktop/.."])
def test_files_are_sent_to_two_folders_alone(home: Path, folder: str) -> None:
    with pytest.raises(FilesError, match="can only be sent to Desktop and Uploads"):
        Incoming(home, folder, "a.txt")


def test_a_folder_that_is_a_link_out_of_the_home_is_refused(home: Path, tmp_path: Path) -> None:
    (home / "Uploads").symlink_to(tmp_path)
    with pytest.raises(FilesError, match="outside your home"):
        Incoming(home, "Uploads", "a.txt")


def test_a_file_in_the_folder_s_place_is_named(home: Path) -> None:
    (home / "Uploads").write_text("")
    with pytest.raises(FilesError, match="~/Uploads is not a folder"):
        Incoming(home, "Uploads", "a.txt")


def test_a_file_beyond_the_limit_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST_UPLOAD", 10)
    with Incoming(home, "Uploads", "a.txt") as incoming:
        incoming.write(b"0123456789")
        with pytest.raises(FilesError) as caught:
            incoming.write(b"!")
    assert caught.value.status == 413


def test_a_full_disk_is_told_in_a_sentence(home: Path) -> None:
    with Incoming(home, "Uploads", "a.txt") as incoming:
        incoming._file.close()
        incoming._file = open("/dev/full", "wb", buffering=0)  # noqa: PTH123, SIM115
        with pytest.raises(FilesError, match="disk space is used up") as caught:
            incoming.write(b"x")
    assert caught.value.status == 507


@pytest.mark.parametrize(
    "path",
    ["../secret", "folder/../../secret", "link", "folder/link", "nothing", "loop", "a\0b"],
)
def test_no_path_and_no_link_leads_out_of_the_home(home: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("s")
    (home / "folder").mkdir()
    (home / "link").symlink_to(tmp_path / "secret")
    (home / "folder" / "link").symlink_to("../../secret")
    (home / "loop").symlink_to("loop")
    with pytest.raises(FilesError):
        inside(home, path)


def test_a_link_within_the_home_is_followed(home: Path) -> None:
    (home / "a").write_text("x")
    (home / "b").symlink_to("a")
    assert inside(home, "b") == (home / "a").resolve()


def test_a_folder_shows_its_files_and_no_hidden_or_foreign_ones(home: Path, tmp_path: Path) -> None:
    (home / "Z folder").mkdir()
    (home / "b.txt").write_text("bb")
    (home / "A.txt").write_text("a")
    (home / ".hidden").write_text("")
    (home / "out").symlink_to(tmp_path)
    (home / "in").symlink_to("b.txt")
    (home / "broken").symlink_to("nowhere")
    os.mkfifo(home / "pipe")
    os.close(os.open(os.fsencode(home) + b"/\xff.txt", os.O_CREAT | os.O_WRONLY))
    found = [(entry.name, entry.kind, entry.size) for entry in entries(home, home)]
    assert found == [
        ("Z folder", "folder", 0),
        ("A.txt", "file", 1),
        ("b.txt", "file", 2),
        ("in", "file", 2),
    ]


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_plain_file_is_not_sent(home: Path, kind: str) -> None:
    place = home / kind
    os.mkfifo(place) if kind == "pipe" else place.mkdir()
    with pytest.raises(FilesError):
        files.open_file(place)

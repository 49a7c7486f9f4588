"""Lesson packs of a site and a class, in a real session: they come, are mended and refused while it runs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.desktop_session import DesktopSession, Learner, desktop_session, learner
from support.fake_hub import fake_hub
from support.world import require_world, wait_until

WITHIN_SECONDS = 30  # the promise


@pytest.fixture(autouse=True)
def _world() -> None:
    require_world()


@pytest.fixture
def directories() -> Iterator[tuple[Path, Path]]:
    """A class's and a site's, which learners may read."""
    root = Path(tempfile.mkdtemp(prefix="lessons-", dir="/srv"))
    root.chmod(0o755)
    try:
        for name in ("a class", "site"):
            (root / name).mkdir()
        yield root / "a class", root / "site"
    finally:
        shutil.rmtree(root)


@pytest.fixture
def ada() -> Iterator[Learner]:
    with learner(1) as account:
        yield account


@pytest.fixture
def session(ada: Learner, directories: tuple[Path, Path]) -> Iterator[DesktopSession]:
    places = (*map(str, directories), "/srv/nowhere", "/root")
    with fake_hub() as hub, desktop_session(ada, hub, lessons=places) as running:
        running.until("painted")
        wait_until(lambda: copies(ada, "dask-delay/loop.py"), 10, "the image's lessons are copied")
        yield running


def copies(ada: Learner, name: str) -> list[Path]:
    """The copy of a file, once it is there."""
    file = ada.home / "Desktop/Lesson" / name
    return [file] if file.exists() else []


def write_pack(directory: Path, text: str) -> Path:
    folder = directory / "maps"
    folder.mkdir(exist_ok=True)
    (folder / "README.md").write_text("# Maps\n")
    (folder / "draw.py").write_text(text)
    (folder / "lesson.toml").write_text('title = "Maps"\n[files]\n"draw.py" = "draws a map"\n')
    return folder


def test_packs_come_and_are_mended_while_a_session_runs(
    session: DesktopSession, ada: Learner, directories: tuple[Path, Path]
) -> None:
    of_class, of_site = directories
    write_pack(of_site, "print('site')\n")
    (draw,) = wait_until(lambda: copies(ada, "maps/draw.py"), WITHIN_SECONDS, "the site's pack is there")
    assert draw.read_text() == "print('site')\n"
    assert draw.stat().st_uid == ada.uid

    mended = write_pack(of_class, "print('class')\n")
    wait_until(lambda: draw.read_text() == "print('class')\n", WITHIN_SECONDS, "the class's goes before it")

    draw.write_text("mine\n")
    (mended / "draw.py").write_text("print('again')\n")
    (mended / "more.py").write_text("print('more')\n")
    (mended / "lesson.toml").write_text('title = "Maps"\n[files]\n"draw.py" = ""\n"more.py" = ""\n')
    wait_until(lambda: copies(ada, "maps/more.py"), WITHIN_SECONDS, "what was added is there")
    assert draw.read_text() == "mine\n", "nobody's work is overwritten"


def test_a_broken_pack_is_refused_where_people_read_it(session: DesktopSession, directories: tuple[Path, Path]) -> None:
    folder = write_pack(directories[1], "print('site')\n")
    (folder / "lesson.toml").write_text('title = "Maps"\n\nfilse = 1\n')
    listed = session.run("lesson", "list")
    assert "dask-delay: Dask Delay" in listed
    assert f"Refused: {folder}/lesson.toml, line 3: There is no key 'filse'. Did you mean files?\n" in listed
    assert "Refused: The lessons in /srv/nowhere cannot be read: No such file or directory.\n" in listed
    assert session.run("lesson", "list", "maps") == (
        f"lesson: {folder}/lesson.toml, line 3: There is no key 'filse'. Did you mean files?\n"
    )


def test_a_session_cannot_write_to_packs(session: DesktopSession, directories: tuple[Path, Path]) -> None:
    folder = write_pack(directories[1], "print('site')\n")
    folder.chmod(0o777)
    said = session.run("touch", f"/run/lessons{folder}/mine")
    assert "Read-only file system" in said

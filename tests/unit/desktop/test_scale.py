"""The scale of the desktop, with programs in the place of gsettings and gdbus that write down how they are called."""

import asyncio
from pathlib import Path

import pytest

from classdesk_desktop.server import scale
from classdesk_desktop.session.runtime import RuntimeDirectory

PROGRAM = """#!/bin/sh
echo "$DCONF_PROFILE ${0##*/} $*" >>@/calls
case $1 in
  get) cat @/value ;;
  set) echo "$4" >@/value ;;
esac
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("gsettings", "gdbus"):
        program = tmp_path / name
        program.write_text(PROGRAM.replace("@", str(tmp_path)))
        program.chmod(0o755)
    monkeypatch.setattr(scale, "GSETTINGS", str(tmp_path / "gsettings"))
    monkeypatch.setattr(scale, "_QUIT_FILE_MANAGER", (str(tmp_path / "gdbus"), "quit"))
    return tmp_path


def change(tools: Path, before: str, factor: int) -> list[str]:
    """Sets the scale; returns what was called after the first question."""
    (tools / "value").write_text(f"{before}\n")
    asyncio.run(scale.set_scale(RuntimeDirectory(tools), factor))
    return (tools / "calls").read_text().splitlines()[1:]


@pytest.mark.parametrize(("before", "factor"), [("0", 1), ("1", 1), ("2", 2)])
def test_nothing_is_disturbed_where_the_scale_is_right(tools: Path, before: str, factor: int) -> None:
    assert change(tools, before, factor) == []


@pytest.mark.parametrize(("before", "factor"), [("0", 2), ("1", 2), ("2", 1)])
def test_a_new_scale_is_the_session_s_own_and_the_file_manager_starts_anew(
    tools: Path, before: str, factor: int
) -> None:
    calls = change(tools, before, factor)
    assert calls == [
        f"session gsettings set org.mate.interface window-scaling-factor {factor}",
        "session gsettings get org.mate.interface window-scaling-factor",
        "session gdbus quit",
    ]
    assert (tools / "value").read_text() == f"{factor}\n"

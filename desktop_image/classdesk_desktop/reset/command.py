"""The command `desktop-reset`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from classdesk_desktop.reset.settings_store import ResetReport, kept_settings, reset_settings, restore_settings

_DESCRIPTION = """\
Gives you a fresh desktop: your own desktop settings are moved aside, and a new desktop starts.
Nothing is deleted. Your files are not touched. Open windows close."""


def main(
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    ask: Callable[[str], str] = input,
) -> int:
    """Run the command; returns its exit status."""
    environ = os.environ if environ is None else environ
    options = _parser().parse_args(argv)
    home = Path(environ.get("HOME") or Path.home())
    if options.list:
        return _list(home)
    supervisor = _supervisor(environ)
    if not options.yes and not _agreed(ask, closes_windows=supervisor is not None):
        print("Nothing was changed.")
        return 1
    try:
        report = restore_settings(home, options.restore) if options.restore else reset_settings(home)
    except LookupError as error:
        print(
            f"desktop-reset: {error.args[0]} “desktop-reset --list” shows what is kept.",
            file=sys.stderr,
        )
        return 2
    _tell(report, restored=bool(options.restore))
    sys.stdout.flush()
    if supervisor is None:
        print("Your next desktop starts with these settings.")
    else:
        # The terminal that this runs in closes now, too.
        os.kill(supervisor, signal.SIGUSR1)
    return 1 if report.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "desktop-reset",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--list", action="store_true", help="show the settings that are kept, and change nothing")
    group.add_argument(
        "--restore",
        metavar="STAMP",
        help="bring kept settings back; your current ones are kept in their place",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _list(home: Path) -> int:
    kept = kept_settings(home)
    if not kept:
        print("No settings are kept.")
    for stamp, names in kept.items():
        print(f"{stamp}  {', '.join(names)}")
    return 0


def _agreed(ask: Callable[[str], str], *, closes_windows: bool) -> bool:
    question = "Your open windows will close. " if closes_windows else ""
    try:
        return ask(f"{question}Go on? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _tell(report: ResetReport, *, restored: bool) -> None:
    if restored and report.moved:
        print(f"Restored: {', '.join(report.moved)}.")
        if report.kept:
            print(f"Your previous settings are kept in {report.kept}.")
    if not restored or report.failed:
        print(report.sentence)


def _supervisor(environ: Mapping[str, str]) -> int | None:
    """The process that starts new desktops, if this runs in its session."""
    number = environ.get("CLASSDESK_SUPERVISOR", "")
    if not number.isdecimal():
        return None
    try:
        command = Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return None
    return int(number) if b"classdesk-session" in command else None

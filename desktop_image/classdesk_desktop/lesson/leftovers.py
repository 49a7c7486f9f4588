"""What of the learner's own may be in the way of a right answer: packages, settings, files with the name of a module.

Nothing of it is touched. A script runs without it by the environment that it gets, and a sentence says what it was.
"""

from __future__ import annotations

import shlex
import sysconfig
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from classdesk_desktop.lesson.files import shown

__all__ = ["hiding", "in_the_way", "own_packages", "without_own"]

_DASK_SETTINGS = (".json", ".yaml", ".yml")
# More names than these say nothing to a reader.
_NAMED = 3


def without_own(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """An environment in which Python finds what the session gives, and nothing of the learner's."""
    own = _own_places(environ, home)
    return {
        **{n: v for n, v in environ.items() if not _is_own_setting(n)},
        "PATH": ":".join(d for d in environ.get("PATH", "").split(":") if not _is_in(Path(d), own)),
        "HOME": "/nonexistent",  # where ~/.local and ~/.config/dask would be
        "PYTHONSAFEPATH": "1",  # not the files beside the script either
    }


def in_the_way(script: Path, python: Path, environ: Mapping[str, str], home: Path, names: Collection[str]) -> list[str]:
    """What could make a right script fail here, each in a sentence with what to do.

    Args:
        script: The learner's script.
        python: The program that runs it.
        environ: The terminal's environment.
        home: The learner's home.
        names: The modules that Python finds without anything of the learner's.
    """
    return [
        *_python(python, environ, home),
        *_packages(home, names),
        *_files(script.parent, environ, home, names),
        *_dask_settings(environ, home),
    ]


def hiding(folder: Path, names: Collection[str]) -> list[Path]:
    """The files and packages in a folder that Python prefers to later modules of their names."""
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if path.stem in names and (path.suffix == ".py" or any(path.glob("__init__.py")))
        )
    except OSError:
        return []


def own_packages(home: Path) -> Path:
    """Where `pip install` puts packages of the learner's own."""
    return Path(sysconfig.get_path("purelib", "posix_user", {"userbase": str(home / ".local")}))


def _own_places(environ: Mapping[str, str], home: Path) -> list[Path]:
    environment = environ.get("VIRTUAL_ENV")
    return [home, Path(environment)] if environment else [home]


def _is_in(path: Path, places: Collection[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _is_own_setting(name: str) -> bool:
    return name.startswith(("PYTHON", "VIRTUAL_ENV")) or _is_dask_setting(name)


def _is_dask_setting(name: str) -> bool:
    """The session's own are all of `distributed`: they keep dask to the learner."""
    return name.startswith("DASK_") and not name.startswith("DASK_DISTRIBUTED__")


def _python(python: Path, environ: Mapping[str, str], home: Path) -> Iterator[str]:
    environment = environ.get("VIRTUAL_ENV")
    if environment and python.is_relative_to(environment):
        yield f"The virtual environment {shown(Path(environment), home)} is active. Type: deactivate"
    elif python.is_relative_to(home):
        yield f"python is your own here, {shown(python, home)}. Type: module load python"


def _packages(home: Path, names: Collection[str]) -> Iterator[str]:
    place = own_packages(home)
    hidden = [path.stem for path in hiding(place, names)]
    if hidden:
        more = len(hidden) - _NAMED
        listed = ", ".join(hidden[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield (
            f"Packages of your own come before the course's: {listed}, in {shown(place, home)}. {_aside(place, home)}"
        )


def _files(folder: Path, environ: Mapping[str, str], home: Path, names: Collection[str]) -> Iterator[str]:
    given = [Path(entry) for entry in environ.get("PYTHONPATH", "").split(":") if entry]
    for place, help_ in [(folder, "Rename it."), *((p, "Type: unset PYTHONPATH") for p in given)]:
        for path in hiding(place, names):
            yield f"{shown(path, home)} hides the Python module {path.stem}. {help_}"


def _dask_settings(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    for name in filter(_is_dask_setting, environ):
        yield f"{name} is set and changes how dask works. Type: unset {name}"
    folder = home / ".config" / "dask"
    for file in sorted(folder.glob("*")):
        if file.suffix in _DASK_SETTINGS and _says_something(file):
            yield f"{shown(file, home)} changes how dask works. {_aside(file, home)}"


def _says_something(file: Path) -> bool:
    """Packages leave files there in which every line is a comment."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


def _aside(path: Path, home: Path) -> str:
    place = shown(path, home)
    # A leading ~ is for the shell to expand.
    place = f"~/{shlex.quote(place[2:])}" if place.startswith("~/") else shlex.quote(place)
    return f"To put it aside: mv {place} {place}.aside"

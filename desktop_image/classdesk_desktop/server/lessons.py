"""The lessons beside the desktop: what the page's pane shows of the packs, and what its buttons do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jupyter_server.base.handlers import APIHandler
from tornado import web

from classdesk_desktop.lesson.files import copies_folder, copy_of, get, shown
from classdesk_desktop.lesson.model import Exercise, Lesson, LessonError
from classdesk_desktop.lesson.needs import lacks
from classdesk_desktop.lesson.shelf import lesson_directories, read_shelf
from classdesk_desktop.protocol import Refusal
from classdesk_desktop.session.environment import desktop_environment
from classdesk_desktop.session.runtime import RuntimeDirectory, read_desktop

__all__ = ["ROUTES"]

_CHECK_SECONDS: Final = 900.0
_MOST_SAID: Final = 16 * 1024
_MOST_PICTURE: Final = 5 * 1024 * 1024
_PICTURES: Final[Mapping[str, str]] = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}

# As in a new terminal, with the course's Python.
_CHECK: Final = 'module load python 2>/dev/null; exec lesson check "$@"'


class _LessonCall(APIHandler):
    """A call about lessons; what cannot be done is answered in a sentence."""

    async def lesson(self, name: str) -> Lesson:
        """The lesson of this name, as it is now.

        Raises:
            LessonError: There is none, or it is refused; says why.
        """
        shelf = await asyncio.to_thread(read_shelf, lesson_directories())
        if name not in shelf.lessons:
            raise LessonError(" ".join([f"There is no lesson {name!r} any more.", *map(str, shelf.refused)]))
        return shelf.lessons[name]

    def refuse(self, sentence: str, status: int = 409) -> None:
        """Answer with a sentence."""
        self.set_status(status)
        self.finish(asdict(Refusal(sentence)))


class LessonsHandler(_LessonCall):
    """All lessons."""

    @web.authenticated
    async def get(self) -> None:
        """Tell their names and titles, and what is refused."""
        shelf = await asyncio.to_thread(read_shelf, lesson_directories())
        lessons = [
            {"name": lesson.name, "title": lesson.title, "minutes": lesson.minutes} for lesson in shelf.lessons.values()
        ]
        self.finish({"lessons": lessons, "refused": [str(error) for error in shelf.refused]})


class LessonHandler(_LessonCall):
    """One lesson, with its steps as HTML."""

    @web.authenticated
    async def get(self, name: str) -> None:
        """Tell all of it."""
        try:
            lesson = await self.lesson(name)
        except LessonError as error:
            self.refuse(str(error), 404)
            return
        # Late: a session of which nobody reads the lesson need not import it.
        from classdesk_desktop.lesson.html import html_of

        def picture(file: str) -> str:
            place = f"{self.base_url}desktop/lessons/{quote(name)}/pictures/{quote(file)}"
            return place if _picture(lesson, file) else ""

        self.finish(
            {
                "name": lesson.name,
                "title": lesson.title,
                "minutes": lesson.minutes,
                "folder": shown(copies_folder(Path.home()) / lesson.name, Path.home()),
                "lacks": list(lacks(lesson, os.environ)),
                "introduction": html_of(lesson.text.introduction, lesson, picture, 2),
                "steps": [
                    {
                        "name": step.name,
                        "title": step.title,
                        "minutes": step.minutes,
                        "html": html_of(step.text, lesson, picture, 3),
                    }
                    for step in lesson.text.steps
                ],
                "solutions": [e.name for e in lesson.exercises if _has_solution(lesson, e)],
            }
        )


class PictureHandler(_LessonCall):
    """A picture of a lesson: the learner's own, made by its scripts, or the lesson's."""

    @web.authenticated
    async def get(self, name: str, file: str) -> None:
        """Send it."""
        try:
            place = _picture(await self.lesson(name), file)
        except LessonError:
            place = None
        if place is None:
            raise web.HTTPError(404)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        # APIHandler says JSON when it finishes.
        self.set_header("Content-Type", _PICTURES[place.suffix])
        web.RequestHandler.finish(self, await asyncio.to_thread(place.read_bytes))


class ActHandler(_LessonCall):
    """What the pane's buttons do: check an exercise, open a file, show a solution."""

    _checking: asyncio.Lock = asyncio.Lock()

    @web.authenticated
    async def post(self, name: str, act: str) -> None:
        """Do it."""
        wish = self.get_json_body() or {}
        what = str(wish.get("what", ""))
        try:
            lesson = await self.lesson(name)
            answer = await {"check": self._check, "open": self._open, "solution": self._solution}[act](lesson, what)
        except (LessonError, OSError) as error:
            self.refuse(str(error))
            return
        self.finish(answer)

    async def _check(self, lesson: Lesson, what: str) -> dict[str, Any]:
        exercise = lesson.exercise(what)
        if self._checking.locked():
            raise LessonError("Another check is still running. Wait for its end, then try again.")
        async with self._checking:
            status, said = await _run_check(lesson.name, exercise.name)
        return {"right": status == 0, "said": said}

    async def _open(self, lesson: Lesson, what: str) -> dict[str, Any]:
        name = lesson.file(what)
        if name in lesson.solutions:
            raise LessonError(f"{name} is a solution.")
        runtime: RuntimeDirectory = self.settings["classdesk_runtime"]
        desktop = read_desktop(runtime.desktop_file)
        if not desktop:
            raise LessonError("There is no desktop to open the file in. Wait until it is back.")
        await asyncio.to_thread(get, lesson, name, Path.home())
        number = int(desktop["display"].lstrip(":").partition(".")[0])
        opening = await asyncio.create_subprocess_exec(
            "/usr/bin/gio",
            "open",
            str(copy_of(lesson, name, Path.home())),
            env=desktop_environment(os.environ, runtime, number),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        if await opening.wait() != 0:
            raise LessonError(f"{name} could not be opened. It is in the folder that Lesson on the desktop opens.")
        return {"said": f"{name} is open in the desktop."}

    async def _solution(self, lesson: Lesson, what: str) -> dict[str, Any]:
        exercise = lesson.exercise(what)
        if not _has_solution(lesson, exercise):
            raise LessonError(f"The solution of {exercise.name} is not offered. Ask your instructor.")
        text = await asyncio.to_thread(lesson.solution(exercise).read_text, encoding="utf-8", errors="replace")
        return {"file": exercise.script, "text": text}


def _has_solution(lesson: Lesson, exercise: Exercise) -> bool:
    return lesson.offer_solutions and f"solutions/{exercise.script}" in lesson.files


def _picture(lesson: Lesson, name: str) -> Path | None:
    """Where a picture is that the lesson's text may show; None where there is none."""
    known = {*lesson.files, *(made for exercise in lesson.exercises for made in exercise.produces)}
    if name not in known or Path(name).suffix not in _PICTURES:
        return None
    for file in (copy_of(lesson, name, Path.home()), lesson.master(name)):
        with contextlib.suppress(OSError):
            # No link: it could lead to another file of the learner's, which the page would keep in view.
            if not file.is_symlink() and file.is_file() and file.stat().st_size <= _MOST_PICTURE:
                return file
    return None


async def _run_check(lesson: str, exercise: str) -> tuple[int, str]:
    """The status of `lesson check` as in a new terminal, and what it says."""
    # The hub's token is nothing for a learner's script.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    process = await asyncio.create_subprocess_exec(
        *("/bin/bash", "-lc", _CHECK, "lesson", lesson, exercise),
        env=environ,
        cwd=Path.home(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        return 1, f"The check did not end within {_CHECK_SECONDS / 60:.0f} minutes, and was stopped."
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode or 0, said[:_MOST_SAID].decode(errors="replace").strip()


ROUTES: Final[tuple[tuple[str, type[APIHandler]], ...]] = (
    (r"desktop/lessons", LessonsHandler),
    (r"desktop/lessons/([^/]+)", LessonHandler),
    (r"desktop/lessons/([^/]+)/pictures/(.+)", PictureHandler),
    (r"desktop/lessons/([^/]+)/(check|open|solution)", ActHandler),
)
"""The addresses below the session's own, and who answers there."""

"""The `lesson` command: a learner's copies of the lesson files, and whether the exercises are right.

It runs with the system's Python in isolated mode, so that it works whatever the learner has loaded,
installed or named. Exit status: 0 all is well, 1 a check or a comparison says no, 2 it could not be done.
"""

from __future__ import annotations

import argparse
import difflib
import io
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from classdesk_desktop.lesson.check import Outcome, check
from classdesk_desktop.lesson.files import (
    State,
    copies_folder,
    copy_of,
    get,
    reset,
    shown,
    state,
)
from classdesk_desktop.lesson.leftovers import hiding
from classdesk_desktop.lesson.model import (
    DESCRIPTION,
    Lesson,
    LessonError,
    Manifest,
    PackError,
    load_lesson,
    unknown,
)
from classdesk_desktop.lesson.needs import lacks
from classdesk_desktop.lesson.shelf import the_shelf
from classdesk_desktop.protocol import Variable

__all__ = ["main"]

_EXAMPLES = """\
examples:
  lesson list                 the lessons, and which files you have changed
  lesson get                  copy what is missing to the folder Lesson on your desktop
  lesson get --solutions      copy the solutions as well
  lesson diff loop.py         what you have changed
  lesson reset loop.py        a fresh copy; yours is kept under another name
  lesson read                 the steps
  lesson check loop           run your script; compare what it prints and how long it takes
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 must not stop a check
    parser = _parser()
    arguments = parser.parse_args(argv)
    if "run" not in arguments:
        parser.print_help()
        return 2
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except LessonError as error:
        print(f"lesson: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `lesson list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a full or missing temporary directory, a terminal that is gone
        print(f"lesson: {error}. Please tell your instructor.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nlesson: stopped.", file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lesson",
        description="Your copies of the lesson files, and whether your exercises are right.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], help_: str, what: str = "FILE"
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_, description=help_, allow_abbrev=False)
        made.set_defaults(run=run)
        made.add_argument(
            "names",
            nargs="*",
            metavar=f"[LESSON] {what}",
            help=f"the lesson (may be left out where it is clear), then each {what}; without: all",
        )
        return made

    command("list", _list, "show lessons and files: missing, unchanged or changed")
    getting = command("get", _get, "copy the files that are missing")
    getting.add_argument("--solutions", action="store_true", help="the solutions as well")
    command("reset", _reset, "put your files aside, and copy fresh ones")
    command("diff", _diff, "show what you have changed")
    command("url", _url, "show the addresses of the files, for wget")
    checking = command("check", _check, "run your scripts; compare value and time", "EXERCISE")
    checking.add_argument("--folder", type=Path, metavar="DIR", help="where your scripts are")
    checking.add_argument(
        "--solutions",
        action="store_true",
        help="check the lesson's own solutions (for instructors)",
    )
    reading = command("read", _read, "show the steps", "STEP")
    reading.add_argument("--html", action="store_true", help="print a page of HTML instead, for paper")
    making = commands.add_parser("new", help="make a pack of your own (for instructors)")
    making.set_defaults(run=_new)
    making.add_argument("place", type=Path, metavar="NAME", help="its folder; the last part is the lesson's name")
    proving = commands.add_parser("test", help="prove a pack: solutions, wrong answers, commands (for instructors)")
    proving.set_defaults(run=_test)
    proving.add_argument("pack", metavar="PACK", help="the pack's folder, or a lesson's name")
    schema = commands.add_parser("schema", help="print the JSON Schema of lesson.toml, for editors")
    schema.set_defaults(run=_schema)
    return parser


def _read(arguments: argparse.Namespace) -> int:
    lesson, names = _chosen(arguments.names, "step")
    # Late: only this needs a library, and most learners read in the page's pane.
    if arguments.html:
        from classdesk_desktop.lesson.html import page_for_paper

        print(page_for_paper(lesson, lambda name: _picture(lesson, name)))
        return 0
    from classdesk_desktop.lesson.reading import for_terminal

    texts = [] if names else [lesson.text.introduction]
    for step in [lesson.step(name) for name in names] or lesson.text.steps:
        minutes = f" ({step.minutes} min)" if step.minutes else ""
        texts.append(f"## {step.title}{minutes}\n\n{step.text}")
    width = min(shutil.get_terminal_size().columns, 100)
    print(for_terminal(lesson, "\n\n".join(texts), width, colours=sys.stdout.isatty()), end="")
    return 0


def _picture(lesson: Lesson, name: str) -> str:
    """The address of a picture: the learner's own, or the lesson's."""
    for file in (copy_of(lesson, name, Path.home()), lesson.master(name)):
        if file.is_file():
            return file.absolute().as_uri()
    return ""


def _new(arguments: argparse.Namespace) -> int:
    from classdesk_desktop.lesson.new import make_pack

    for file in make_pack(arguments.place):
        print(f"made {file}")
    print(f"Change them, and test the pack: lesson test {arguments.place}")
    return 0


def _test(arguments: argparse.Namespace) -> int:
    from classdesk_desktop.lesson.prove import prove

    folder = Path(arguments.pack)
    if not os.path.lexists(folder / DESCRIPTION):
        shelf = the_shelf()
        if arguments.pack not in shelf.lessons:
            text = f"There is no {folder / DESCRIPTION}, and no lesson {arguments.pack!r}. To make one: lesson new NAME"
            raise LessonError(text)
        folder = shelf.lessons[arguments.pack].folder
    return int(not prove(load_lesson(folder.resolve())))


def _schema(_arguments: argparse.Namespace) -> int:
    # Late: nobody else needs it.
    import json

    from classdesk_desktop.lesson.schema import json_schema

    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": DESCRIPTION}
    print(json.dumps(about | json_schema(Manifest), indent=2))
    return 0


def _list(arguments: argparse.Namespace) -> int:
    home = Path.home()
    shelf = the_shelf()
    lessons = dict(shelf.lessons)
    names: list[str] = []
    if arguments.names:
        lesson, names = _chosen(arguments.names)
        lessons = {lesson.name: lesson}
    for lesson in lessons.values():
        minutes = f" ({lesson.minutes} min)" if lesson.minutes else ""
        print(f"{lesson.name}: {lesson.title}{minutes}. {lesson.summary}".rstrip())
        for lack in lacks(lesson, os.environ):
            print(f"  {lack}")
        print(f"in {shown(copies_folder(home) / lesson.name, home)}")
        listed = names or [
            name
            for name in lesson.files
            if name in lesson.working_files or state(lesson, name, home) is not State.MISSING
        ] + [*lesson.data]
        width = max((len(name) for name in listed), default=0)
        for name in listed:
            print(f"  {state(lesson, name, home):9}  {name:{width}}  {_about(lesson, name)}")
        for path in hiding(copies_folder(home) / lesson.name, lesson.modules):
            print(f"  {path.name} hides the Python module {path.stem}. Rename it.")
        if lesson.offer_solutions and lesson.solutions and not set(lesson.solutions) & set(listed):
            print(f"  Solutions: lesson get {lesson.name} --solutions")
    for refused in shelf.refused:
        print(f"Refused: {refused}")
    return 0


def _about(lesson: Lesson, name: str) -> str:
    return lesson.files[name] if name in lesson.files else lesson.data[name].about


def _get(arguments: argparse.Namespace) -> int:
    home = Path.home()
    lesson, names = _chosen(arguments.names)
    names = names or [*lesson.working_files, *lesson.data]
    if arguments.solutions:
        if not lesson.offer_solutions:
            raise LessonError(f"The lesson {lesson.name} does not offer its solutions. Ask your instructor.")
        names += [name for name in lesson.solutions if name not in names]
    place = shown(copies_folder(home) / lesson.name, home)
    copied = 0
    for name in names:
        if get(lesson, name, home):
            copied += 1
            print(f"copied {name} to {place}", flush=True)  # also what precedes a failure
    if not copied:
        print(f"Nothing is missing in {place}.")
        if any(state(lesson, name, home) is State.CHANGED for name in names):
            print("What you have changed stays as it is. For a fresh copy: lesson reset FILE")
    return 0


def _reset(arguments: argparse.Namespace) -> int:
    home = Path.home()
    lesson, names = _chosen(arguments.names)
    for name in names or lesson.working_files:
        before = state(lesson, name, home)
        kept = reset(lesson, name, home)
        if kept is not None:
            print(f"{name} is the original again. Your version is kept as {shown(kept, home)}")
        elif before is State.MISSING:
            print(f"{name}: copied.")
        else:
            print(f"{name}: unchanged.")
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    home = Path.home()
    lesson, names = _chosen(arguments.names)
    different = False
    for name in names or lesson.working_files:
        now = state(lesson, name, home)
        if now is State.UNCHANGED:
            continue
        different = True
        copy = copy_of(lesson, name, home)
        if now is State.MISSING:
            print(f"{name} is missing. For a copy: lesson get {lesson.name} {name}")
            continue
        try:
            if not copy.is_file():
                raise LessonError(f"{shown(copy, home)} is not a file. Type: lesson reset {name}")
            yours = copy.read_text(encoding="utf-8", errors="replace")
            master = lesson.master(name).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise LessonError(f"{shown(copy, home)} cannot be read: {error.strerror}.") from error
        for line in difflib.unified_diff(
            master.splitlines(),
            yours.splitlines(),
            f"{name} (as given)",
            f"{name} (yours)",
            lineterm="",
        ):
            print(line)
    if not different:
        print("No difference.")
    return int(different)


def _url(arguments: argparse.Namespace) -> int:
    base = os.environ.get(Variable.LESSONS_URL, "").rstrip("/")
    if not base:
        raise LessonError(
            "LESSONS_URL is not set in this terminal, so there is no address for wget. "
            "The files are also in the Lesson folder on your desktop: lesson get"
        )
    lesson, names = _chosen(arguments.names)
    for name in names or lesson.working_files:
        print(f"{base}/{lesson.name}/{name}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    home = Path.home()
    lesson, names = _chosen(arguments.names, "exercise")
    exercises = [lesson.exercise(name) for name in names] or [*lesson.exercises]
    # A learner who writes the script in another place, as the course's page does, is in that place.
    copies = copies_folder(home) / lesson.name
    folders = [arguments.folder] if arguments.folder else [*_here(), copies]
    outcomes = check(lesson, exercises, folders, home, solutions=arguments.solutions)
    counts = Counter(outcomes.values())
    if len(outcomes) > 1:
        rest = "".join(
            f"; {counts[outcome]} {'is' if counts[outcome] == 1 else 'are'} {outcome}"
            for outcome in (Outcome.NOT_YET, Outcome.NOT_BEGUN)
            if counts[outcome]
        )
        print(f"{counts[Outcome.RIGHT]} of {len(outcomes)} are right{rest}.")
    return int(counts[Outcome.RIGHT] < len(outcomes))


def _chosen(names: Sequence[str], kind: Literal["file", "exercise", "step"] = "file") -> tuple[Lesson, list[str]]:
    """The lesson, and the files, exercises or steps in it, that the words on the command line mean.

    Raises:
        LessonError: A word means nothing, or it is not clear in which lesson.
    """
    shelf = the_shelf()
    lessons = dict(shelf.lessons)
    rest = list(names)
    if rest and rest[0] not in lessons:
        for refused in shelf.refused:
            if isinstance(refused, PackError) and refused.folder.name == rest[0]:
                raise refused
    if rest and rest[0] in lessons:
        lesson = lessons[rest.pop(0)]
    elif (here := _lesson_here(lessons)) is not None:
        lesson = here
    else:
        known = [n for lesson in lessons.values() for n in _words(lesson, kind)]
        if rest and rest[0] not in known:
            raise unknown("lesson", rest[0], lessons)
        raise LessonError(f"Which lesson? Name one of: {', '.join(lessons)}.")
    find = {"file": lesson.file, "exercise": lesson.exercise, "step": lesson.step}[kind]
    for name in rest:
        try:
            find(name)
        except LessonError:
            # The first word may be a lesson's name as well, misspelled.
            if name is not names[0] or not difflib.get_close_matches(name, lessons, cutoff=0.8):
                raise
            raise unknown("lesson", name, lessons) from None
    return lesson, [lesson.file(name) for name in rest] if kind == "file" else rest


def _words(lesson: Lesson, kind: str) -> list[str]:
    if kind == "exercise":
        return [word for e in lesson.exercises for word in (e.name, e.script)]
    return [step.name for step in lesson.text.steps] if kind == "step" else [*lesson.files, *lesson.data]


def _lesson_here(lessons: dict[str, Lesson]) -> Lesson | None:
    """The only lesson, or the one in whose folder the learner is."""
    if len(lessons) == 1:
        return next(iter(lessons.values()))
    root = copies_folder(Path.home()).resolve()
    for here in _here():
        if here.is_relative_to(root) and here != root:
            return lessons.get(here.relative_to(root).parts[0])
    return None


def _here() -> list[Path]:
    """The working directory, if it still exists."""
    try:
        return [Path.cwd()]
    except OSError:
        return []

"""Hub and sessions of all released versions understand each other.

`tests/data/protocol/VERSION` has each message and all names as that version says them. What a released version says
never changes; a change of a shape or a name is a new version (`classdesk_desktop/version.py`) with files of its own:
`tests/run unit --refresh-golden -k golden`.
"""

import ast
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

import pytest
from jupyterhub.apihandlers import default_handlers

from classdesk_desktop import messages, protocol
from classdesk_desktop.messages import ProtocolError, read
from classdesk_desktop.protocol import PROTOCOL, HubPath, SessionPath, Variable
from classdesk_desktop.server.identity import OPEN_TO_VISITORS
from classdesk_desktop.session.policy import read_policy
from classdesk_desktop.version import VERSION
from classdesk_hub.console import watched_session
from classdesk_spawner import DesktopSettings
from classdesk_spawner.api.job_handlers import read_last_words, read_port
from classdesk_spawner.session.extension import read_minutes
from classdesk_spawner.session.report import Event, Hand, SessionReport, read_report

REPOSITORY = Path(__file__).resolve().parents[2]
RELEASED = REPOSITORY / "tests/data/protocol"

_HAND = protocol.RaisedHand(1_800_000_000.0, "the panel is gone", "ines", 1_800_000_060.0, look=True)
_EVENT = protocol.VisitEvent(7, 1_800_000_070.0, "ines", "control", "given")
_WATCHER = protocol.Watcher("ines", control=True)

# One of each, with another value than the default in each field that has one.
MESSAGES: dict[str, Any] = {
    type(message).__name__: message
    for message in (
        protocol.Policy(False, False, False, False, 30, "notify", True, False, "end", "de_DE", "de"),
        protocol.Port(43210),
        protocol.LastWords("Y2xhc3NkZXNrOiBmYWlsZWQK"),
        _HAND,
        _EVENT,
        protocol.Report(
            12.5, True, 40.0, 210.5, "painted", 2, 1, True, _HAND, ("ines",), (_EVENT,), "0.1.0", protocol=1
        ),
        protocol.ReportAnswer(1_800_003_600.0, "course"),
        protocol.Extend(30),
        protocol.Extension(1_800_005_400.0, 20, "the partition main allows 8 hours"),
        protocol.Refusal("The session is still in the queue."),
        protocol.Message("Please save."),
        protocol.MessageAnswer(2),
        protocol.HandAnswer("ines"),
        protocol.Announcement("stop"),
        protocol.Reset("lesson"),
        protocol.DesktopReset("Kept.", "~/.local/state/classdesk/desktop-settings/1"),
        protocol.LessonReset("Fresh copies: a.py.", ("a.py",), ("~/Lesson/a.py.1",)),
        protocol.Visit("refused", "not now"),
        _WATCHER,
        protocol.SessionFacts("painted", (_WATCHER,), ("hank",), "hank"),
        protocol.Ended(),
        protocol.Pong(12.5),
        protocol.Control(want=True),
        protocol.Ping(12.5),
        protocol.Focus(terminal=True),
        protocol.FocusQuestion(),
    )
}


def _names() -> dict[str, Any]:
    """Return what has a name in the protocol and is not a shape."""
    told = vars(protocol)
    return {
        "protocol": PROTOCOL,
        "variables": sorted(Variable),
        "hub": sorted(HubPath),
        "session": sorted(SessionPath),
        "files": [protocol.SESSION_PROGRAM, protocol.VERSION_FILE],
        "codes": {"not allowed": protocol.NOT_ALLOWED, "try again later": protocol.TRY_AGAIN_LATER},
        "pages": protocol.DEFAULT_URLS,
        "frozen": protocol.FROZEN,
        "words": {name: list(get_args(kind)) for name, kind in told.items() if get_origin(kind) is Literal},
    }


PRESENT = {**{name: asdict(message) for name, message in MESSAGES.items()}, "names": _names()}
GOLDEN = sorted(RELEASED.glob("*/*.json"))


def _as_text(told: object) -> str:
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def test_each_shape_of_the_protocol_is_in_these_tests() -> None:
    shapes = {name for name, value in vars(protocol).items() if isinstance(value, type) and is_dataclass(value)}
    assert shapes == MESSAGES.keys()


def test_what_this_version_says_is_golden(pytestconfig: pytest.Config) -> None:
    folder = RELEASED / VERSION
    if pytestconfig.getoption("--refresh-golden"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, told in PRESENT.items():
            (folder / f"{name}.json").write_text(_as_text(told))
    golden = {path.stem: path.read_text() for path in folder.glob("*.json")}
    assert golden == {name: _as_text(told) for name, told in PRESENT.items()}, "a new shape needs a new version"


# Who reads what today, where it is more than `protocol.read`.
READERS: dict[str, Callable[[str], object]] = {
    # the hub
    "Port": lambda text: read_port(text.encode()),
    "LastWords": lambda text: read_last_words(text.encode()),
    "Report": lambda text: read_report(text.encode()),
    "Extend": lambda text: read_minutes(json.loads(text), ValueError),
    **dict.fromkeys(
        ("Visit", "SessionFacts", "Ended", "Pong"), lambda text: watched_session.from_session(text, "ines")
    ),
    **dict.fromkeys(("Control", "Ping"), watched_session.from_page),
    # the session
    "Policy": lambda text: read_policy({Variable.POLICY: text}),
}


@pytest.mark.parametrize(
    "golden", [pytest.param(path, id=f"{path.parent.name}-{path.stem}") for path in GOLDEN if path.stem != "names"]
)
@pytest.mark.parametrize("more", [{}, {"of_the_future": [1]}], ids=["as it is", "with a field of the future"])
def test_what_a_released_version_says_is_understood_today(golden: Path, more: dict[str, Any]) -> None:
    told: dict[str, Any] = json.loads(golden.read_text()) | more
    shape = getattr(protocol, golden.stem)
    odd: list[str] = []
    understood = _as_json_values(read(shape, told, odd.append))
    assert [problem for problem in odd if "is not known here" not in problem] == []
    assert understood == {**understood, **{name: told[name] for name in told.keys() & understood.keys()}}
    if golden.stem in READERS:
        assert READERS[golden.stem](json.dumps(told)) is not None


def _as_json_values(message: Any) -> Any:
    return json.loads(json.dumps(asdict(message)))


@pytest.mark.parametrize("golden", [pytest.param(path, id=path.parent.name) for path in GOLDEN if path.stem == "names"])
def test_what_a_released_version_calls_is_there_today(golden: Path) -> None:
    names = json.loads(golden.read_text())
    routes = {row[0] for row in default_handlers}
    assert [path for path in names["hub"] if f"/api/{path}" not in routes] == []
    assert [path for path in names["session"] if path not in OPEN_TO_VISITORS] == []
    assert set(names["variables"]) <= set(Variable)


@pytest.mark.parametrize(
    "shape", [type(message) for message in MESSAGES.values()], ids=lambda shape: str(shape.__name__)
)
def test_what_is_missing_has_a_default_and_what_is_odd_costs_only_itself(shape: type[Any]) -> None:
    sample = asdict(MESSAGES[shape.__name__])
    for field in fields(shape):
        without = {name: value for name, value in sample.items() if name != field.name}
        for told in (without, {**without, field.name: -1}):
            if field.default is MISSING:
                with pytest.raises(ProtocolError, match=field.name):
                    read(shape, told)
            else:
                assert read(shape, told) == replace(MESSAGES[shape.__name__], **{field.name: field.default})


def test_the_hub_reads_all_that_a_session_reports_and_assumes_the_same() -> None:
    for strict, shape in ((SessionReport, protocol.Report), (Hand, protocol.RaisedHand), (Event, protocol.VisitEvent)):
        assert set(strict.model_fields) == {field.name for field in fields(shape)}
    assert SessionReport().model_dump() == asdict(protocol.Report())


def test_a_site_file_that_says_nothing_means_what_a_session_assumes() -> None:
    assert read_policy({Variable.POLICY: DesktopSettings().for_session()}) == read_policy({})


def _modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in (REPOSITORY / folder).rglob("*.py"):
            yield path, ast.parse(path.read_text())


def _imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_of_what_is_in_the_image_the_hub_knows_the_protocol_its_messages_the_version_and_lesson_packs() -> None:
    known = {f"classdesk_desktop.{name}" for name in ("messages", "protocol", "version", "lesson.shelf")}
    for path, module in _modules("spawner/classdesk_spawner", "hub_config/classdesk_hub"):
        found = {name for name in _imported(module) if name.startswith("classdesk_desktop")}
        assert found <= known, path


@pytest.mark.parametrize("module", [protocol, messages], ids=["protocol", "messages"])
def test_the_protocol_needs_nothing_but_the_standard_library(module: ModuleType) -> None:
    tree = ast.parse(Path(module.__file__ or "").read_text())
    outside = {name.partition(".")[0] for name in _imported(tree)} - sys.stdlib_module_names
    assert outside <= {"_typeshed"}, "for the type checker only"


def test_no_name_of_the_protocol_is_written_a_second_time() -> None:
    names = {*Variable, *HubPath, *SessionPath, protocol.SESSION_PROGRAM, protocol.VERSION_FILE}
    packages = ("spawner/classdesk_spawner", "hub_config/classdesk_hub", "desktop_image/classdesk_desktop")
    second = [
        f"{path.name}: {node.value}"
        for path, module in _modules(*packages)
        if path != Path(protocol.__file__).resolve()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value in names or any(node.value.endswith(f"/{name}") for name in names)
    ]
    assert second == []
    script = (REPOSITORY / "spawner/classdesk_spawner/session/batch_script.sh.j2").read_text()
    assert [name for name in names if name in script] == []

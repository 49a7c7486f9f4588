"""What the console says of a learner speaks to the instructor."""

import ast
import re
from pathlib import Path

import pytest

from classdesk_hub.console.voice import for_instructor

SPAWNER = Path(__file__).parents[3] / "spawner/classdesk_spawner"
ADDRESSED = re.compile(r"\b[Yy]ou(r|rs)?\b|instructor", re.IGNORECASE)


def _sentences() -> list[str]:
    """All texts of the modules that explain to a learner why a session waits, fails or ends."""
    return sorted(
        {
            node.value
            for name in (
                "errors",
                "slurm/refusals",
                "session/progress",
                "session/job",
                "session/extension",
                "hub/server_wait",
            )
            for node in ast.walk(ast.parse((SPAWNER / f"{name}.py").read_text()))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and "\n" not in node.value
            and ADDRESSED.search(node.value)
        }
    )


def test_there_are_sentences_to_try() -> None:
    assert len(_sentences()) > 30


@pytest.mark.parametrize("sentence", _sentences())
def test_nothing_that_a_learner_is_told_addresses_the_instructor(sentence: str) -> None:
    said = for_instructor(sentence)
    assert not re.search(r"\b[Yy]ou(r|rs)?\b", said)
    assert not re.search(r"(tell|ask|show) (the learner's|your) instructor", said)


@pytest.mark.parametrize(
    ("to_learner", "to_instructor"),
    [
        ("it was put on hold; tell your instructor", "on hold; an administrator can release it"),
        ("waiting for free cores; others are ahead of you", "waiting for free cores"),
        (
            "Your home directory is full: delete what you do not need, then start again.",
            "The learner's home directory is full.",
        ),
        (
            "The session used more memory than it had. Please start again; if it happens again, "
            "show your instructor this page.",
            "The session used more memory than it had.",
        ),
        (
            "No machine in the cluster has what you asked for. Please choose fewer cores.",
            "No machine in the cluster has what was asked for.",
        ),
        ("The session reached its time limit.", "The session reached its time limit."),
        ("opening the image", "opening the image"),
        ("", ""),
    ],
)
def test_it_says_the_same_without_the_advice(to_learner: str, to_instructor: str) -> None:
    assert for_instructor(to_learner) == to_instructor

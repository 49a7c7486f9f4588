"""The words of texts and code, as CONTRIBUTING.md names them."""

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = {".py", ".md", ".html", ".js", ".css", ".j2", ".toml", ".sh", ""}
WORDS = {
    "they, their, them": r"(?<!\")\b(he|him|his|himself|she|her|hers|herself)\b(?!\")",
    "instructor": r"\bteachers?\b",
    "cannot": r"(?<!bwrap: )\bcan['\u2019]t\b",
    "allow people to do it": r"\ballows? to\b",
    "each word once": r"\b(the|a|an|of|to|in|is|and|that|for|with|not) \1\b",
    "British spelling": r"\b(behavior|favorite|organiz\w+|recogniz\w+|canceled|canceling|labeled)\b",
}
# Where a word itself is the subject.
LEFT_OUT = {"tests/unit/test_words.py"}


def _texts() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        name
        for name in listed.stdout.splitlines()
        if Path(name).suffix in KINDS
        and name not in LEFT_OUT
        and not name.startswith("requirements/")
        and (REPOSITORY / name).is_file()
    ]


@pytest.mark.parametrize("better", WORDS)
def test_people_are_spoken_of_as_the_guide_says(better: str) -> None:
    found = []
    for name in _texts():
        text = (REPOSITORY / name).read_bytes().decode(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(WORDS[better], line, re.IGNORECASE):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not found, f"say {better}"

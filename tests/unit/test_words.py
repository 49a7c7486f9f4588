"""The words of texts and code, as far as a machine can judge them: the guide in CONTRIBUTING.md has the rest."""

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = {".py", ".md", ".html", ".js", ".css", ".j2", ".toml", ".sh", ".desktop", ""}
WORDS = {
    "they, their, them": r"(?<!\")\b(he|him|his|himself|she|her|hers|herself)\b(?!\")",
    "instructor": r"\bteachers?\b",
    # bwrap's own message is quoted.
    "cannot, do not: no contractions": r"(?<!bwrap: )\b"
    r"(ca|wo|do|does|did|is|are|was|were|has|have|had|should|would|could)n['\u2019]t\b",
    "is not a …": r"(?<!there )(?<!\")\b(is|are|was|were) no (?!longer|more\b|other|such|sense|room|older|wider)",
    "allow somebody to, or allow doing": r"\ballow(s|ing)? to\b",
    "each word once": r"\b(a|an|and|are|be|by|for|from|in|is|it|not|of|on|or|that|the|to|with) \1\b",
    "British spelling": r"\b(behaviors?|cancel(ed|ing)|favorites?|neighbors?|label(ed|ing)|travel(ed|ing)|defense"
    r"|(apolog|emphas|minim|optim|organ|real|recogn|summar)iz(e[ds]?|ing|ation))(?!=)\b",
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
def test_texts_use_the_words_of_the_guide(better: str) -> None:
    found = []
    for name in _texts():
        text = (REPOSITORY / name).read_bytes().decode(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(WORDS[better], line, re.IGNORECASE):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not found, f"say {better}: {found}"


@pytest.mark.parametrize(
    ("better", "line"),
    [
        ("cannot, do not: no contractions", "The file can't be read."),
        ("is not a …", "This is no folder."),
        ("allow somebody to, or allow doing", "Your site does not allow to look."),
        ("each word once", "It is in the the home."),
        ("British spelling", "The start was canceled."),
    ],
)
def test_the_words_find_what_they_are_for(better: str, line: str) -> None:
    assert re.search(WORDS[better], line, re.IGNORECASE)

"""Sentences that speak to a learner, said to an instructor. Pure.

Slurm's reasons and the session's ends are explained to the learner, who is told what to do. Who reads them in the
console is somebody else: there they name the learner, and what only the learner can do is left out.
"""

import re
from functools import lru_cache
from typing import Final

# What the learner is to do: whole sentences, what follows a semicolon, and what follows a colon.
_ADVICE: Final = re.compile(
    r"^(please\b(?! tell the administrator)|tell your instructor|ask your instructor|show your instructor"
    r"|cancel and choose|choose |end another|delete what|start (it )?again|if it (happens|stays) "
    r"|press |log in again|that is to be had)",
    re.IGNORECASE,
)
_WORDS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\bit was put on hold\b", "on hold; an administrator can release it"),
        (r"^Please tell the administrator\b", "Tell the administrator"),
        (r"; others are ahead of you\b", ""),
        (r"\bwhat you asked for\b", "what was asked for"),
        (r"\bthat you asked for\b", "asked for"),
        (r"\bYour account\b", "The account"),
        (r"\byour account\b", "the account"),
        (r"\bended by you or by an instructor\b", "ended by the learner or an instructor"),
        (r"\byou are not\b", "the learner is not"),
        (r"\bYou may\b", "The learner may"),
        (r"\bYou have\b", "The learner has"),
        (r"\byou have\b", "the learner has"),
        (r"\bis yours\b", "is there"),
        (r"\byours\b", "the learner's"),
        (r"\bYour\b", "The learner's"),
        (r"\byour\b", "the learner's"),
        (r"\bYou\b", "The learner"),
        (r"\byou\b", "the learner"),
    )
)


@lru_cache(maxsize=1024)
def for_instructor(text: str) -> str:
    """Return what a text for a learner says, as an instructor is to read it.

    Args:
        text: Sentences, or a part of one such as "waiting for free cores; others are ahead of you".
    """
    kept = []
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip()):
        end = "." if sentence.endswith(".") else ""
        clauses = re.split(r"(?<=[;:,])\s+", sentence.removesuffix("."))
        told = _without_advice(clauses)
        if told:
            kept.append(" ".join(told).rstrip(" ;:,") + end)
    said = " ".join(kept)
    for pattern, words in _WORDS:
        said = pattern.sub(words, said)
    return said


def _without_advice(clauses: list[str]) -> list[str]:
    """The clauses up to the first one that says what the learner is to do; it goes with all that follows it."""
    told: list[str] = []
    for clause in clauses:
        if _ADVICE.match(clause):
            break
        told.append(clause)
    return told

"""What people write to each other, made fit to be shown: plain text, no tricks, no more than agreed."""

from __future__ import annotations

import unicodedata
from typing import Final

_KEPT: Final = frozenset("\n\t")
# Signs that turn the direction of the text after them: a sentence could look like another one.
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


class TextError(ValueError):
    """The text cannot be taken; says why in a sentence."""


def plain_text(given: object, longest: int, *, required: bool = True) -> str:
    """A text as people see it, without control signs.

    Raises:
        TextError: it is not text, too long, or empty though required.
    """
    if not isinstance(given, str):
        raise TextError("The text is missing.")
    given = given.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(sign for sign in given if _is_shown(sign)).strip()
    if len(text) > longest:
        raise TextError(f"The text has {len(text)} characters; the most is {longest}.")
    if required and not text:
        raise TextError("The text is empty.")
    return text


def _is_shown(sign: str) -> bool:
    # Cc: control signs; Cs: halves of surrogate pairs, which no UTF-8 can hold.
    return sign in _KEPT or (sign not in _TURNING and unicodedata.category(sign) not in {"Cc", "Cs"})

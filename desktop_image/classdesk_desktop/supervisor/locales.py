"""The session's locale: the site's, or the browser's, if the image has it; and the node's time zone."""

from __future__ import annotations

import locale
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from classdesk_desktop.protocol import Variable

DEFAULT: Final = "C.UTF-8"
_ZONES: Final = Path("/usr/share/zoneinfo")
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")
_TAG: Final = re.compile(r"([a-z]{2,3})(?:[_-]([A-Za-z]{2}))?(?:\.[Uu][Tt][Ff]-?8)?")
# Where a language is not called as its country.
_COUNTRIES: Final = {
    "cs": "CZ",
    "da": "DK",
    "en": "US",
    "ja": "JP",
    "pt": "BR",
    "sv": "SE",
    "uk": "UA",
}


def choose_locale(wishes: tuple[str, ...], is_there: Callable[[str], bool] | None = None) -> str:
    """The first of the wished locales that the image has; a plain one with Unicode if it has none.

    Args:
        wishes: such as `fr_CA.UTF-8`, `fr-CA` or `fr`; empty ones are passed over.
        is_there: whether the image has a locale.
    """
    exists = is_there or _is_there
    return next((name for wish in wishes for name in _names(wish) if exists(name)), DEFAULT)


def with_locale(environ: Mapping[str, str], site_locale: str) -> dict[str, str]:
    """The job's environment with the session's locale, and nothing that would undo it."""
    wishes = (site_locale, environ.get(Variable.LOCALE, ""), environ.get("LANG", ""))
    kept = {name: value for name, value in environ.items() if not name.startswith("LC_") and name != "LANGUAGE"}
    # Programs and the course read and write numbers with a point, whatever the learner's language is.
    return kept | {"LANG": choose_locale(wishes), "LC_NUMERIC": DEFAULT}


def with_time_zone(environ: Mapping[str, str], zones: Path = _ZONES) -> dict[str, str]:
    """The environment with the node's time zone by name, where the image knows it.

    A file, such as the runtime has given before, is not enough for Firefox, Java and R.

    Args:
        environ: has the name in `Variable.TIME_ZONE`, such as `America/Halifax`.
        zones: where the image's time zones are.
    """
    kept = dict(environ)
    name = kept.pop(Variable.TIME_ZONE, "")
    if _ZONE.fullmatch(name) and (zones / name).is_file():
        kept["TZ"] = name
    return kept


def _names(wish: str) -> Iterator[str]:
    """The locales that fit a wish, the best first."""
    match = _TAG.fullmatch(wish)
    if not match:
        return
    language, country = match[1], match[2]
    if country:
        yield f"{language}_{country.upper()}.UTF-8"
    yield f"{language}_{_COUNTRIES.get(language, language.upper())}.UTF-8"


def _is_there(name: str) -> bool:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_ALL, before)
    return True

from __future__ import annotations

from pathlib import Path

import pytest

from classdesk_desktop.supervisor.locales import choose_locale, with_locale, with_time_zone

IMAGE = {"de_DE.UTF-8", "en_GB.UTF-8", "en_US.UTF-8", "fr_FR.UTF-8", "fr_CA.UTF-8", "pt_BR.UTF-8"}


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        pytest.param(("fr_CA.UTF-8",), "fr_CA.UTF-8", id="as the site writes it"),
        pytest.param(("fr-CA",), "fr_CA.UTF-8", id="as a browser writes it"),
        pytest.param(("de-at",), "de_DE.UTF-8", id="another country's"),
        pytest.param(("pt",), "pt_BR.UTF-8", id="a language alone"),
        pytest.param(("", "", "en_GB.utf8"), "en_GB.UTF-8", id="the first that is told"),
        pytest.param(("is-IS", "fr"), "fr_FR.UTF-8", id="the first that is there"),
        pytest.param(("is-IS",), "C.UTF-8", id="none is there"),
        pytest.param(("../../etc/passwd", "fr_CA; ls"), "C.UTF-8", id="no locale at all"),
        pytest.param((), "C.UTF-8", id="no wish"),
    ],
)
def test_the_locale_is_the_first_wish_that_the_image_has(wishes: tuple[str, ...], expected: str) -> None:
    assert choose_locale(wishes, IMAGE.__contains__) == expected


def test_what_would_undo_the_locale_is_left_out() -> None:
    environ = {"LC_ALL": "xx", "LC_TIME": "xx", "LANGUAGE": "xx", "HOME": "/h", "LANG": "xx_XX"}
    assert with_locale(environ, "") == {
        "HOME": "/h",
        "LANG": "C.UTF-8",
        "LC_NUMERIC": "C.UTF-8",
    }


def test_numbers_are_the_courses_whatever_the_language_is() -> None:
    environ = {"CLASSDESK_LOCALE": "de-DE", "LC_NUMERIC": "de_DE.UTF-8"}
    assert with_locale(environ, "")["LC_NUMERIC"] == "C.UTF-8"


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        pytest.param("America/Halifax", "America/Halifax", id="by name"),
        pytest.param("UTC", "UTC", id="a plain name"),
        pytest.param("Mars/Olympus", ":/run/localtime", id="unknown to the image"),
        pytest.param("/etc/localtime", ":/run/localtime", id="a file"),
        pytest.param("../UTC", ":/run/localtime", id="a way out"),
        pytest.param("", ":/run/localtime", id="none"),
    ],
)
def test_the_time_zone_is_the_nodes_by_name(tmp_path: Path, name: str, zone: str) -> None:
    (tmp_path / "America").mkdir()
    for known in ("America/Halifax", "UTC"):
        (tmp_path / known).touch()
    environ = {"TZ": ":/run/localtime", "CLASSDESK_TIME_ZONE": name}
    assert with_time_zone(environ, tmp_path) == {"TZ": zone}

from __future__ import annotations

import pytest

from classdesk_desktop.locales import choose_locale, with_locale

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
def test_the_locale_is_the_first_wish_that_the_image_has(
    wishes: tuple[str, ...], expected: str
) -> None:
    assert choose_locale(wishes, IMAGE.__contains__) == expected


def test_what_would_undo_the_locale_is_left_out() -> None:
    environ = {"LC_ALL": "xx", "LC_TIME": "xx", "LANGUAGE": "xx", "HOME": "/h", "LANG": "xx_XX"}
    assert with_locale(environ, "") == {"HOME": "/h", "LANG": "C.UTF-8"}

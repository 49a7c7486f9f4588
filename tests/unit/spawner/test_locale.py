"""What is taken of a browser's wishes for a language."""

import pytest

from classdesk_spawner.session.locale import browser_locale


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("fr-CA,fr;q=0.9,en;q=0.8", "fr-CA", id="as browsers send it"),
        pytest.param("en;q=0.5, de-at", "de-AT", id="the most wanted one"),
        pytest.param("de", "de", id="a language alone"),
        pytest.param("*", "", id="any"),
        pytest.param("", "", id="none"),
        pytest.param("en;q=0", "", id="not wanted"),
        pytest.param("zh-Hans-CN, pt-BR;q=0.7", "pt-BR", id="a script that we do not know"),
        pytest.param("x;y=$(reboot),;;,", "", id="nonsense"),
        pytest.param("en-US" + ",de" * 10_000, "en-US", id="very long"),
    ],
)
def test_the_most_wanted_language_is_taken(header: str, expected: str) -> None:
    assert browser_locale(header) == expected

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_spawner import OptionRules, OptionsError, SessionOptions
from classdesk_spawner.form.fields import shown


def test_nothing_given_is_the_desktop_with_two_cores_and_three_hours(rules: OptionRules) -> None:
    assert rules.validate({}) == SessionOptions(ui="desktop", kind="desktop", cores=2, minutes=180, memory_mib=2048)


def test_empty_fields_get_the_preset_of_the_chosen_interface(rules: OptionRules) -> None:
    options = rules.validate({"ui": "lab", "cores": "", "hours": "  "})
    assert (options.kind, options.cores, options.minutes) == ("lab", 1, 60)


@pytest.mark.parametrize(
    ("raw", "cores", "minutes"),
    [
        pytest.param({"cores": "1", "hours": "0.5"}, 1, 30, id="text"),
        pytest.param({"cores": 4, "hours": 8}, 4, 480, id="json-numbers-at-the-limits"),
        pytest.param({"cores": 2.0, "hours": 1.25}, 2, 75, id="json-floats"),
        pytest.param({"cores": " 2 ", "hours": "3."}, 2, 180, id="spaces-and-trailing-point"),
    ],
)
def test_accepted(rules: OptionRules, raw: dict[str, object], cores: int, minutes: int) -> None:
    options = rules.validate(raw)
    assert (options.cores, options.minutes) == (cores, minutes)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        pytest.param({"cores": "0"}, "Number of cores: you asked for 0; the least is 1.", id="no-core"),
        pytest.param(
            {"cores": "5"},
            "Number of cores: you asked for 5; the most that the partition “main” allows is 4.",
            id="more-cores-than-the-partition-has",
        ),
        pytest.param({"cores": "two"}, "Number of cores: “two” is not a whole number.", id="letters"),
        pytest.param({"cores": "1.5"}, "is not a whole number", id="half-a-core"),
        pytest.param({"cores": True}, "is not a whole number", id="json-true"),
        pytest.param({"cores": [2]}, "is not a whole number", id="json-list"),
        pytest.param({"cores": "²"}, "is not a whole number", id="digit-that-int-refuses"),
        pytest.param({"cores": "٣"}, "is not a whole number", id="arabic-digit"),
        pytest.param({"hours": "1e9"}, "Time (hours): “1e9” is not a number of hours", id="exponent"),
        pytest.param(
            {"hours": 1e9},
            "you asked for 1000000000; the most that this site allows is 8",
            id="float",
        ),
        pytest.param({"hours": "9"}, "you asked for 9; the most that this site allows is 8.", id="too-long"),
        pytest.param({"hours": "0"}, "you asked for 0; the least is 0.25.", id="no-time"),
        pytest.param({"hours": "-1"}, "is not a number of hours", id="negative"),
        pytest.param({"hours": "nan"}, "is not a number of hours", id="nan-text"),
        pytest.param({"hours": float("nan")}, "is not a number of hours", id="nan"),
        pytest.param({"hours": float("inf")}, "is not a number of hours", id="infinite"),
        pytest.param({"hours": "3\n#SBATCH --uid=0"}, "is not a number of hours", id="newline"),
        pytest.param({"hours": "$(reboot)"}, "is not a number of hours", id="shell"),
        pytest.param({"ui": "../../x"}, "User interface: “../../x” does not exist. Choose one of", id="path"),
        pytest.param({"ui": ["desktop"]}, "User interface: “['desktop']” does not exist", id="ui-list"),
        pytest.param({"ui": "__class__"}, "User interface: “__class__” does not exist", id="attribute"),
        pytest.param({"core": "2"}, "There is no option “core”. Did you mean “cores”?", id="misspelled-key"),
        pytest.param(
            {"cmd": "id"},
            "There is no option “cmd”. The options are ui, cores, hours, memory",
            id="unknown-key",
        ),
    ],
)
def test_refused_with_field_value_and_limit(rules: OptionRules, raw: dict[str, object], sentence: str) -> None:
    with pytest.raises(OptionsError) as caught:
        rules.validate(raw)
    assert sentence in caught.value.message
    assert caught.value.status_code == 400


def test_all_problems_are_told_at_once(rules: OptionRules) -> None:
    with pytest.raises(OptionsError) as caught:
        rules.validate({"cores": "0", "hours": "x", "cmd": "y"})
    assert len(caught.value.problems) == 3


_values = st.one_of(
    st.text(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(),
    st.lists(st.text(), max_size=2),
)


@given(st.dictionaries(st.one_of(st.sampled_from(["ui", "cores", "hours"]), st.text()), _values, max_size=5))
def test_anything_is_either_within_the_limits_or_refused_with_a_sentence(
    rules: OptionRules, raw: dict[str, Any]
) -> None:
    refusal = options = None
    try:
        options = rules.validate(raw)
    except OptionsError as error:
        refusal = error
    if refusal is not None:
        assert refusal.message
        assert refusal.message.isprintable()
    if options is not None:
        assert options.ui in rules.form.offer
        assert 1 <= options.cores <= 4
        assert 15 <= options.minutes <= 480


@given(st.text())
def test_shown_values_are_short_and_printable(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) < 600

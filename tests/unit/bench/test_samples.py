"""What the benchmarks make of their samples."""

import json
import math

import pytest

from classdesk_bench.report import print_object
from classdesk_bench.samples import most_within_a_second, percentile, read_samples


@pytest.mark.parametrize(
    ("percent", "value"),
    [
        pytest.param(0, 1.0, id="smallest"),
        pytest.param(50, 5.0, id="median"),
        pytest.param(90, 9.0, id="ninety"),
        pytest.param(91, 10.0, id="between two"),
        pytest.param(100, 10.0, id="largest"),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    assert percentile([float(n) for n in (3, 1, 2, 10, 9, 8, 7, 6, 5, 4)], percent) == value


def test_nothing_measured_has_no_percentile() -> None:
    assert math.isnan(percentile([], 50))


def test_samples_outside_of_the_span_and_half_lines_are_left_out() -> None:
    lines = ["1.0 0.1\n", "2.0 0.2\n", "3.0 0.3\n", "4.0 0.4"]
    assert read_samples(lines, 2.0, 9.0) == [(2.0, 0.2), (3.0, 0.3)]


def test_the_busiest_second_is_found_wherever_it_begins() -> None:
    assert most_within_a_second([0.0, 0.9, 1.0, 1.5, 1.8, 5.0]) == 4


def test_the_object_is_one_line_of_json_with_rounded_figures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_object({"ours_s": 2.71828, "stock_s": None, "runs": 5, "parts": {"x": [1.00049, math.nan]}})
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert json.loads(said) == {
        "ours_s": 2.718,
        "stock_s": None,
        "runs": 5,
        "parts": {"x": [1.0, None]},
    }

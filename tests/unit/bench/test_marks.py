"""What the benchmark of the start makes of the page's notes."""

import pytest

from classdesk_bench.marks import PHASES, phases, places_of

NOTES = [
    ("page /hub/spawn", 500.0),
    ("start", 1000.0),
    ("asked /hub/spawn-pending/ada", 1010.0),
    ("page /hub/spawn-pending/ada", 1200.0),
    ("loaded /hub/spawn-pending/ada", 1300.0),
    ("asked /user/ada/desktop/", 2500.0),
    ("page /user/ada/desktop/", 2800.0),
    ("loaded /user/ada/desktop/", 2900.0),
    ("canvas", 3000.0),
    ("painted", 3500.0),
]


def test_phases_are_counted_from_start_in_seconds() -> None:
    found = phases(NOTES)
    assert tuple(found) == PHASES
    assert list(found.values()) == [0.2, 1.5, 1.9, 2.0, 2.5]


def test_the_last_start_counts() -> None:
    assert phases([("start", 0.0), *NOTES])["painted"] == 2.5


def test_a_page_that_was_asked_for_twice_counts_when_it_came() -> None:
    again = [*NOTES[:7], ("asked /user/ada/desktop/", 2700.0), *NOTES[7:]]
    assert phases(again)["ready"] == 1.7


@pytest.mark.parametrize(
    "notes",
    [
        pytest.param(NOTES[:-1], id="never painted"),
        pytest.param(NOTES[2:], id="never started"),
        pytest.param([], id="nothing at all"),
    ],
)
def test_a_start_without_an_end_has_no_phases(notes: list[tuple[str, float]]) -> None:
    with pytest.raises(ValueError, match="no start to a painted desktop"):
        phases(notes) if notes else phases([("page /", 0.0)])


def test_places_are_on_the_panels_and_beside_them() -> None:
    found = places_of(1280, 800, [(0, 0, 1280, 25), (0, 775, 1280, 25)])
    assert found["panel"]
    assert found["ground"]
    assert all(y < 25 or y >= 775 for _, y in found["panel"])
    assert all(25 <= y < 775 for _, y in found["ground"])
    assert all(0 <= x < 1280 for x, _ in [*found["panel"], *found["ground"]])


def test_a_panel_outside_of_the_canvas_is_none() -> None:
    with pytest.raises(ValueError, match="no panel on a canvas of 1280 by 764"):
        places_of(1280, 764, [(0, -25, 1280, 25), (0, 764, 1280, 25)])

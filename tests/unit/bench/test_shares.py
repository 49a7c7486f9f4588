"""How the benchmark of memory reads and names processes."""

import pytest

from classdesk_bench.shares import has_settled, name_of, pss_mb

ROLLUP = """\
5581a2400000-7ffd0d3f8000 ---p 00000000 00:00 0                          [rollup]
Rss:               51200 kB
Pss:               40000 kB
Pss_Dirty:         30000 kB
"""


def test_the_proportional_size_is_in_millions_of_bytes() -> None:
    assert pss_mb(ROLLUP) == pytest.approx(40.96)


def test_a_process_without_memory_has_none() -> None:
    assert pss_mb("") == 0.0


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="no Pss"):
        pss_mb("Rss: 12 kB\n")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        pytest.param(["/usr/bin/Xtigervnc", ":102"], "Xtigervnc", id="program"),
        pytest.param(
            ["/usr/bin/python3", "-I", "/opt/classdesk/bin/classdesk-session"],
            "python3: classdesk-session",
            id="script",
        ),
        pytest.param(
            ["python", "-I", "-c", "from classdesk_desktop.server.app import main; main()"],
            "python: classdesk_desktop.server.app",
            id="imported module",
        ),
        pytest.param(["python3", "-m", "websockify"], "python3: websockify", id="module"),
        pytest.param(["/bin/bash"], "bash", id="interpreter alone"),
        pytest.param([], "?", id="no command line"),
    ],
)
def test_processes_have_names_for_people(words: list[str], name: str) -> None:
    assert name_of(words) == name


@pytest.mark.parametrize(
    ("totals", "settled"),
    [
        pytest.param([100.0] * 8, True, id="still"),
        pytest.param([200.0, 150.0, *[100.0] * 8], True, id="still at last"),
        pytest.param([100.0] * 7, False, id="too few looks"),
        pytest.param([100.0, 102.0] * 4, False, id="moving"),
    ],
)
def test_memory_has_settled_when_it_stands_still(totals: list[float], settled: bool) -> None:
    assert has_settled(totals) is settled

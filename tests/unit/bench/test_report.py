"""What the benchmarks print."""

import pytest

from classdesk_bench import class_start, report


def test_no_heading_is_cut_off_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report.show("A class", class_start.COLUMNS, [dict.fromkeys(class_start.COLUMNS, 123.456)])
    printed = capsys.readouterr().out
    assert "…" not in printed
    words = " ".join(class_start.COLUMNS.values()).split()
    assert [word for word in words if word not in printed] == []

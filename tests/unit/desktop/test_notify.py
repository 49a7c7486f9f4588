from __future__ import annotations

import asyncio

import pytest

from classdesk_desktop.server.notify import notification_arguments, notify
from classdesk_desktop.session.runtime import RuntimeDirectory, read_desktop, write_desktop


def test_the_text_is_shown_as_it_is() -> None:
    arguments = notification_arguments("'Hand' \"up\"", "<b>a</b> & b\nsecond\0 line", "normal")
    assert arguments[4] == '"\'Hand\' \\"up\\""'
    assert arguments[5] == '"&lt;b&gt;a&lt;/b&gt; &amp; b\\nsecond line"'


@pytest.mark.parametrize(
    ("urgency", "level", "shown"),
    [
        pytest.param("low", "<byte 0>", "15000", id="low"),
        pytest.param("critical", "<byte 2>", "0", id="critical stays"),
    ],
)
def test_the_urgency_reaches_the_desktop(urgency: str, level: str, shown: str) -> None:
    arguments = notification_arguments("a", "b", urgency)  # type: ignore[arg-type]
    assert level in arguments[-2]
    assert arguments[-1] == shown


def test_without_a_desktop_nothing_is_shown_and_nothing_fails(runtime: RuntimeDirectory) -> None:
    assert asyncio.run(notify(runtime, "a", "b")) == 0


def test_a_desktop_that_is_gone_is_no_fault(runtime: RuntimeDirectory) -> None:
    write_desktop(runtime.desktop_file, 101, runtime.x_authority, runtime.bus_address)
    assert asyncio.run(notify(runtime, "a", "b")) == 0


def test_where_the_desktop_is_can_be_read_by_its_owner_alone(runtime: RuntimeDirectory) -> None:
    write_desktop(runtime.desktop_file, 101, runtime.x_authority, runtime.bus_address)
    assert runtime.desktop_file.stat().st_mode & 0o777 == 0o600
    assert read_desktop(runtime.desktop_file) == {
        "display": ":101",
        "x_authority": str(runtime.x_authority),
        "bus": f"unix:path={runtime.path}/bus",
    }

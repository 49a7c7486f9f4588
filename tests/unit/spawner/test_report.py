"""What a session reports, and what the hub makes of it."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.apihandlers import default_handlers

from classdesk_desktop.protocol import PROTOCOL
from classdesk_desktop.version import VERSION
from classdesk_spawner import DesktopSettings
from classdesk_spawner.api.report_handler import REPORT_ROUTE, ReportHandler
from classdesk_spawner.session.report import note_activity, read_report, receive
from support.fake_slurm import FakeSlurm
from support.fake_spawner import make_spawner

REPORT: dict[str, Any] = {
    "idle_s": 12.5,
    "busy": False,
    "cpu_s": 40,
    "memory_mib": 210.5,
    "desktop": "painted",
    "safe": False,
    "hand": {"since": 1_800_000_000, "text": "the panel is gone"},
    "watchers": ["ines"],
}


def _body(**changes: Any) -> bytes:
    return json.dumps({**REPORT, **changes}).encode()


def test_a_report_is_read() -> None:
    report = read_report(_body())
    assert report.idle_s == 12.5
    assert report.hand is not None
    assert report.hand.text == "the panel is gone"
    assert report.watchers == ("ines",)
    assert read_report(_body(idle_s=None, hand=None, watchers=[])).hand is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(_body(busy="false"), "busy: Input should be a valid boolean", id="text-bool"),
        pytest.param(_body(idle_s=-1), "idle_s", id="negative"),
        pytest.param(_body(idle_s="1"), "idle_s", id="text-number"),
        pytest.param(_body(cpu_s=float("inf")), "cpu_s", id="infinite"),
        pytest.param(_body(hand={"since": 1, "text": "x" * 201}), "hand.text", id="long-text"),
        pytest.param(_body(desktop="<script>"), "desktop", id="markup"),
        pytest.param(_body(watchers=["x"] * 65), "watchers", id="too-many"),
        pytest.param(b"[]", "the report", id="list"),
        pytest.param(b"{" * 20_000, "too long", id="too-long"),
        pytest.param(b"\xff", "the report", id="no-text"),
    ],
)
def test_anything_else_is_refused(body: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_report(body)


def test_a_report_of_another_version_is_taken_as_far_as_it_is_known() -> None:
    older = read_report(json.dumps({"busy": True}).encode())
    assert (older.busy, older.idle_s, older.version) == (True, None, "")
    newer = read_report(_body(version="9.1.0", lesson={"step": 3}))
    assert newer.version == "9.1.0"


def test_load_is_the_difference_of_two_reports() -> None:
    first = receive(read_report(_body(cpu_s=40)), None, now=100)
    second = receive(read_report(_body(cpu_s=70)), first, now=120)
    anew = receive(read_report(_body(cpu_s=1)), second, now=140)
    assert (first.cpu, second.cpu, anew.cpu) == (None, 1.5, None)


@pytest.mark.parametrize(
    ("before", "said", "since"),
    [
        pytest.param(None, 70, 70, id="the hub is new"),
        pytest.param(None, 9_000, 200, id="from the future"),
        pytest.param({"hand": None}, 150, 150, id="raised since the last report"),
        pytest.param({"hand": None}, 0, 100, id="it was not up then"),
        pytest.param({"hand": {"since": 60, "text": ""}}, 0, 60, id="it was up, but not so long"),
        pytest.param({"hand": {"since": 60, "text": ""}}, 180, 180, id="lowered and raised anew"),
    ],
)
def test_nobody_gets_help_earlier_by_an_old_hand(before: dict[str, Any] | None, said: float, since: float) -> None:
    earlier = receive(read_report(_body(**before)), None, now=100) if before else None
    now = receive(read_report(_body(hand={"since": said, "text": "Help!"})), earlier, now=200).report
    assert now.hand is not None
    assert (now.hand.since, now.hand.text) == (since, "Help!")


@pytest.mark.parametrize(
    ("changes", "idle_cpu", "moment"),
    [
        pytest.param({"idle_s": 300}, True, 700, id="input"),
        pytest.param({"idle_s": 300, "busy": True}, True, 1000, id="computation-counts"),
        pytest.param({"idle_s": 300, "busy": True}, False, 700, id="computation-does-not-count"),
        pytest.param({"idle_s": None}, True, None, id="no-desktop"),
    ],
)
def test_activity_is_input_and_by_policy_computation(
    changes: dict[str, Any], idle_cpu: bool, moment: float | None
) -> None:
    received = receive(read_report(_body(**changes)), None, now=1000)
    assert received.active_at(idle_cpu=idle_cpu) == moment


def test_activity_is_stored_seldom_and_never_goes_back() -> None:
    stored = datetime(2026, 5, 4, 10, 0)  # noqa: DTZ001  # JupyterHub's are without a zone
    server = SimpleNamespace(last_activity=stored)
    moment = stored.replace(tzinfo=UTC).timestamp()
    assert not note_activity(server, moment + 59)
    assert not note_activity(server, moment - 600)
    assert note_activity(server, moment + 61)
    assert server.last_activity == stored + timedelta(seconds=61)
    fresh = SimpleNamespace(last_activity=None)
    assert note_activity(fresh, moment)


def test_the_policy_travels_without_what_only_the_hub_needs() -> None:
    policy = json.loads(DesktopSettings(extend_minutes=30, observe="off").for_session())
    assert policy["extend_minutes"] == 30
    assert policy["observe"] == "off"
    assert "extend_max_hours" not in policy
    assert set(policy) == {
        *("clipboard_in", "clipboard_out", "upload", "download", "extend_minutes", "observe"),
        *("thumbnails", "idle_cpu", "logout", "locale", "keyboard"),
    }


def test_the_hub_has_our_handler() -> None:
    assert dict(row[:2] for row in default_handlers)[REPORT_ROUTE] is ReportHandler


def test_a_hands_text_does_nothing_to_a_terminal() -> None:
    hand = {"since": 1, "text": "Hilfe\x1b]0;x\x07 \x9b2J \u202eno 👩\u200d🏫"}
    report = read_report(json.dumps({**REPORT, "hand": hand}).encode())
    assert report.hand is not None
    assert report.hand.text == "Hilfe ]0;x   2J  no 👩\u200d🏫"


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        pytest.param({"version": VERSION, "protocol": PROTOCOL}, 0, id="the same"),
        pytest.param({"version": "0.0.9", "protocol": PROTOCOL}, 1, id="another version"),
        pytest.param({"version": VERSION, "protocol": PROTOCOL + 1}, 1, id="another protocol"),
        pytest.param({}, 1, id="none"),
    ],
)
@pytest.mark.usefixtures("learner")
def test_a_session_of_another_version_is_logged_once(
    fake_slurm: FakeSlurm, told: dict[str, Any], lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    spawner = make_spawner(fake_slurm)
    for _ in range(2):
        spawner.take_report(read_report(_body(idle_s=None, watchers=[], **told)))
    assert caplog.text.count(f"the hub {VERSION} (protocol {PROTOCOL})") == lines

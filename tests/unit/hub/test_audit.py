"""The record's file: its lines, old files, and what is read from it."""

import json
from pathlib import Path
from typing import get_args

from classdesk_hub.audit import ACT_TITLES, AuditLog
from classdesk_hub.command.classes import record_lines
from classdesk_hub.learner_facts import ActName


def test_the_record_begins_a_new_file_and_keeps_old_ones(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl", largest=400)
    for number in range(12):
        log.write("dask" if number % 2 else "numpy", "ines", "stop", [f"l{number}"], "done")
    assert log.path.with_name("audit.jsonl.1").exists()
    newest = log.newest("dask", 3)
    assert [event["whom"] for event in newest] == [["l11"], ["l9"], ["l7"]]
    log.path.write_bytes(log.path.read_bytes() + b'{"half')
    assert log.newest("dask", 1)[0]["whom"] == ["l11"]


def test_what_was_asked_for_gives_way_to_its_results(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    log.write("dask", "ines", "stop", ["a", "b"], "asked", act_id="1")
    log.write("dask", "ines", "stop", ["a"], "done", act_id="1")
    assert [event["result"] for event in log.newest("dask", 9)] == ["done", "asked"]
    log.write("dask", "ines", "stop", ["b"], "failed", act_id="1")
    assert [event["result"] for event in log.newest("dask", 9)] == ["failed", "done"]


def test_every_event_is_one_line_of_json_whatever_people_are_called(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    texts = [
        'a"b\\c',
        "two\nlines\r\n",
        "three\u2028lines\u2029here\x85",
        "half a pair \ud800",
        "a terminal's \x1b[2J and \x9b2J",
        "from right to \u202etfel",
        "<b>Müller</b> 李 👩\u200d🏫 \U000e0041",
    ]
    for text in texts:
        log.write("dask", text, "message", [text], "done", detail=text)
    lines = log.path.read_text().splitlines()
    assert [json.loads(line)["detail"] for line in lines] == texts
    assert all(line.isprintable() for line in lines)
    assert "Müller" in lines[-1]
    assert [event["who"] for event in log.newest("dask", 20)] == texts[::-1]


def test_half_a_line_of_a_full_disk_takes_no_other_with_it(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    log.write("dask", "ines", "stop", ["ada"], "done")
    with log.path.open("a") as file:
        file.write('{"time": 1, "cl')
    log.write("dask", "ines", "stop", ["bob"], "done")
    assert [event["whom"] for event in log.newest("dask", 9)] == [["bob"], ["ada"]]


def test_an_event_is_a_line_of_a_terminal() -> None:
    event = {"time": 0.0, "who": "ines", "act": "observe", "whom": ["learner04"], "result": "began", "detail": ""}
    (line,) = record_lines(event).splitlines()
    assert line.split("  ")[1:] == ["ines", "Look at the desktop", "learner04", "began"]
    assert len(line) < 80
    many = {**event, "whom": [f"learner{n:02}" for n in range(1, 41)], "act": "restart", "detail": "Running on node1."}
    line, detail = record_lines(many).splitlines()
    assert "Restart  learner01, learner02, learner03 and 37 more  began" in line
    assert detail.strip() == "Running on node1."
    assert len(line) < 80


def test_each_act_has_a_title() -> None:
    assert set(get_args(ActName)) < set(ACT_TITLES)

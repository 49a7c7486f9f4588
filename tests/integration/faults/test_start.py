"""Starts that are given up, pressed twice, or fail on the node. See docs/developer/faults.md."""

import os
import signal
import threading
from pathlib import Path

import httpx
import pytest

from support import faults
from support.faults import (
    drained,
    failure_text,
    frozen,
    living_jobs,
    only_job,
    page_answers,
    until_failed,
    until_ready,
    until_told,
    waiting_page,
)
from support.hub_client import HubClient
from support.world import Hub, command, job_ids, wait_until

TERMINAL = {"ui": "terminal", "cores": "1", "hours": "1"}
DESKTOP = {"ui": "desktop", "cores": "1", "hours": "1"}


def _nothing_stays_and_a_start_works(client: HubClient) -> None:
    wait_until(lambda: not living_jobs(client.name), 90, "no job is left")
    client.start(**TERMINAL)
    assert page_answers(client)


def test_cancel_while_sbatch_hangs(ada: HubClient) -> None:
    with frozen("slurmctld"):
        ada.press_start(TERMINAL)
        wait_until(lambda: faults.submitting(ada.name), 10, "sbatch waits for slurmctld")
        ada.stop()
    _nothing_stays_and_a_start_works(ada)


def test_cancel_in_the_queue(ada: HubClient) -> None:
    with drained():
        ada.press_start(TERMINAL)
        only_job(ada.name)
        until_told(ada, "In the queue")
        ada.stop()
    _nothing_stays_and_a_start_works(ada)


def test_cancel_pressed_in_several_tabs(ada: HubClient) -> None:
    answers: list[int] = []

    def cancel() -> None:
        answers.append(ada.api("DELETE", f"/users/{ada.name}/server").status_code)

    with drained():
        ada.press_start(TERMINAL)
        only_job(ada.name)
        tabs = [threading.Thread(target=cancel) for _ in range(4)]
        for tab in tabs:
            tab.start()
        for tab in tabs:
            tab.join()
        wait_until(lambda: not ada.server(), 60, "the start is cancelled")
    assert set(answers) <= {202, 204}, answers
    _nothing_stays_and_a_start_works(ada)


def test_cancel_when_the_node_is_allocated(ada: HubClient) -> None:
    with frozen("slurmd"):
        ada.press_start(TERMINAL)
        only_job(ada.name)
        until_told(ada, "is yours")
        assert ada.api("DELETE", f"/users/{ada.name}/server").status_code in {202, 204}
    wait_until(lambda: not ada.server(), 60, "the start is cancelled")
    _nothing_stays_and_a_start_works(ada)


def test_cancel_while_the_server_starts(ada: HubClient) -> None:
    with faults.until_called_home(ada):
        ada.press_start(DESKTOP)
        only_job(ada.name)
    ada.stop()
    _nothing_stays_and_a_start_works(ada)


def test_cancel_while_slurm_does_not_answer(ada: HubClient) -> None:
    with drained():
        ada.press_start(TERMINAL)
        job_id = only_job(ada.name)
        until_told(ada, "In the queue")
        with faults.stopped("slurmctld"):
            assert ada.api("DELETE", f"/users/{ada.name}/server").status_code in {202, 204}
            wait_until(lambda: not ada.server(), 60, "the hub has given it up")
        wait_until(lambda: job_id not in living_jobs(ada.name), 60, "the job is cancelled later")
    _nothing_stays_and_a_start_works(ada)


def test_start_pressed_twice_at_the_same_time(ada: HubClient) -> None:
    ada.form()
    answers: list[httpx.Response] = []

    def press() -> None:
        with httpx.Client(base_url=ada.hub.url, timeout=60, cookies=ada.http.cookies) as http:
            answers.append(http.post(f"/hub/spawn?_xsrf={ada.xsrf}", data=TERMINAL))

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [302, 302]
    until_ready(ada)
    assert len(job_ids(ada.name)) == 1


def test_start_during_stop(ada: HubClient) -> None:
    first = ada.start(**TERMINAL)
    with frozen("slurmctld"):
        assert ada.api("DELETE", f"/users/{ada.name}/server").status_code == 202
        assert ada.server().get("pending") == "stop"
        answer = ada.press_start(TERMINAL)
        assert answer.status_code < 500, answer.text
        assert "being stopped" in waiting_page(ada).text
    wait_until(lambda: first not in living_jobs(ada.name), 60, "the first job is gone")
    wait_until(lambda: not ada.server(), 60, "the first session is gone")
    _nothing_stays_and_a_start_works(ada)


def test_stop_during_start(ada: HubClient) -> None:
    for _ in range(3):
        ada.press_start(TERMINAL)
        ada.stop()
    _nothing_stays_and_a_start_works(ada)


def test_image_missing_on_the_node(ada: HubClient, hub: Hub) -> None:
    image = hub.state / "image"
    target = image.readlink()
    image.unlink()
    try:
        ada.press_start(DESKTOP)
        told = until_failed(ada)
    finally:
        image.symlink_to(target)
    assert told.startswith(
        "The session's program failed. The compute node could not open the desktop image. Please tell your instructor."
    )
    assert "bwrap: Can't find source path" in told, "the last lines of the log are on the page"
    _nothing_stays_and_a_start_works(ada)


def test_home_full(ada: HubClient) -> None:
    with _home(ada.name, "size=64k", fill=True):
        ada.press_start(DESKTOP)
        _works_or_says(ada, "Your home directory is full")


def test_home_read_only(ada: HubClient) -> None:
    with _home(ada.name, "size=64k,ro", fill=False):
        ada.press_start(DESKTOP)
        _works_or_says(ada, "Your home directory cannot be written")


@pytest.mark.parametrize(
    ("closed", "fact"),
    [
        pytest.param("chown root:root", "it belongs to root and has mode 700", id="of-somebody-else"),
        pytest.param("chmod 000", "it belongs to learner01 and has mode 0", id="without-any-right"),
        pytest.param("mv -T --backup=simple", "it does not exist", id="missing"),
    ],
)
def test_home_that_can_not_be_opened(ada: HubClient, closed: str, fact: str) -> None:
    home = Path("/home", ada.name)
    before = home.stat()
    away = Path(f"{home}.away")
    command(*closed.split(), home, *([away] if "mv" in closed else []))
    try:
        ada.press_start(DESKTOP)
        told = until_failed(ada)
    finally:
        if away.exists():
            away.rename(home)
        os.chown(home, before.st_uid, before.st_gid)
        home.chmod(before.st_mode & 0o7777)
    assert "Your home directory cannot be opened on the compute node." in told
    assert f"the home directory {home} cannot be opened here: {fact}" in told
    assert "bwrap" not in told


def test_server_ends_before_its_first_answer(ada: HubClient) -> None:
    told = wait_until(lambda: _killed_at_its_start(ada), 120, "it was killed early enough")
    assert "The session's" in told
    assert "http://" not in told, "no address, no exception"
    _nothing_stays_and_a_start_works(ada)


def _killed_at_its_start(client: HubClient) -> str:
    """Start a session and kill its server at once; return what the learner reads of a start that failed.

    Some tenths of a second later it answers and the session is ready; then nothing is returned.
    """
    client.press_start(TERMINAL)
    server = wait_until(lambda: faults.server_of(client.name), 30, "the server begins", every=0.01)
    os.kill(server, signal.SIGKILL)
    wait_until(lambda: not client.server(), 30, "the session has ended")
    return failure_text(waiting_page(client))


def test_start_that_waits_longer_than_the_site_allows(ada: HubClient, hub: Hub) -> None:
    text = faults.SITE_FILE.read_text()
    assert text.count("[session]\n") == 1
    short = text.replace("[session]\n", "[session]\nstart_timeout_minutes = 0.1\n")
    with faults.site("", hub, text=short), drained():
        ada.press_start(TERMINAL)
        assert until_failed(ada).startswith("Your session waited too long in the queue.")
    _nothing_stays_and_a_start_works(ada)


def _works_or_says(client: HubClient, sentence: str) -> None:
    wait_until(lambda: client.server().get("ready") or not client.server(), 60, "ready or failed")
    if client.server():
        assert page_answers(client)
        print("the session works")
        client.stop()
    else:
        told = faults.failure_text(waiting_page(client))
        print(told)
        assert sentence in told


class _home:  # noqa: N801 - used like a function
    """A small file system of its own in the place of a learner's home."""

    def __init__(self, user: str, options: str, *, fill: bool) -> None:
        self._home = Path("/home", user)
        self._options = options
        self._fill = fill

    def __enter__(self) -> None:
        owner = self._home.stat()
        options = f"mode=700,uid={owner.st_uid},gid={owner.st_gid},{self._options}"
        command("mount", "-t", "tmpfs", "-o", options, "tmpfs", self._home)
        if self._fill:
            command("dd", "if=/dev/zero", f"of={self._home}/large", "bs=4k", check=False)

    def __exit__(self, *_: object) -> None:
        command("umount", "--lazy", self._home)

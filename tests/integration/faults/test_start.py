"""Starts that are given up, pressed twice, or fail on the node. See docs/developer/faults.md."""

import threading
from pathlib import Path

import httpx

from support import faults
from support.faults import (
    drained,
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
        "The session's program failed. The compute node could not open the desktop image. "
        "Please tell your instructor."
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
        _works_or_says(ada, "Your home directory can't be written")


def test_home_of_somebody_else(ada: HubClient) -> None:
    home = Path("/home", ada.name)
    owner = home.stat().st_uid
    command("chown", "root:root", home)
    try:
        ada.press_start(DESKTOP)
        _works_or_says(ada, "Your home directory")
    finally:
        command("chown", str(owner), home)
        ada.stop()


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

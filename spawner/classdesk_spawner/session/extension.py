"""More time for a running session: how much is allowed, and the sentence where it is none."""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classdesk_desktop.messages import ProtocolError, read
from classdesk_desktop.protocol import Extend, Extension
from classdesk_spawner.errors import SessionError
from classdesk_spawner.form.fields import number
from classdesk_spawner.settings.desktop import DesktopSettings
from classdesk_spawner.slurm.job import Job
from classdesk_spawner.slurm.states import Phase

if TYPE_CHECKING:
    from classdesk_spawner.spawner import DesktopSpawner

_LEAST_MINUTES = 1
_SEEN_WITHIN_S = 10.0


class ExtensionError(SessionError):
    """A session cannot be extended, with the sentence that says why."""

    reason = "extension"
    status_code = 409


class NotAllowedError(ExtensionError):
    """Who asks may not extend."""

    status_code = 403


@dataclass(frozen=True)
class Ceiling:
    """The end that a session can have at most, and who sets it.

    Attributes:
        end: Unix seconds; infinite where there is none.
        owner: As in "the partition main allows 8 hours".
    """

    end: float
    owner: str


def learners_minutes(policy: DesktopSettings, asked: int | None) -> int:
    """Return the minutes that a learner gets.

    Args:
        policy: What the site allows.
        asked: What was asked for; None: what one press of *Extend* adds.

    Raises:
        NotAllowedError: The site lets no learner extend, or not so much at once.
    """
    if not policy.extend_minutes:
        raise NotAllowedError("Learners cannot extend sessions here. Ask your instructor for more time.")
    if asked is not None and asked > policy.extend_minutes:
        raise NotAllowedError(
            f"A session can be extended by {policy.extend_minutes} minutes at a time, not by {asked}."
        )
    return policy.extend_minutes if asked is None else asked


def new_limit(job: Job | None, minutes: int, ceilings: list[Ceiling]) -> int:
    """Return the new time limit of a job in minutes, counted from its start.

    Where less than what is asked for is left, that is given.

    Raises:
        ExtensionError: The job does not run, or cannot have a minute more.
    """
    if job is None or job.phase is not Phase.RUNNING or job.start is None:
        raise ExtensionError("The session is not running, so it cannot be extended.")
    if job.end is None:
        raise ExtensionError("The session has no time limit; it needs no extension.")
    least = min(ceilings, key=lambda ceiling: ceiling.end)
    # Slurm counts whole minutes; what it shows as the end can be some seconds off.
    limit = round((job.end - job.start) / 60)
    most = limit + minutes
    if math.isfinite(least.end):
        most = min(most, math.floor((least.end - job.start) / 60))
    if most - limit < _LEAST_MINUTES:
        # Without the time: who reads it has a clock of their own, and the end is beside it.
        raise ExtensionError(f"The session cannot be longer: {least.owner}.")
    return most


async def ceilings(spawner: "DesktopSpawner", job: Job | None) -> list[Ceiling]:
    """Return what bounds a session's end: the site, its partition, its reservation."""
    start = job.start if job and job.start else 0
    most = spawner.settings.desktop.extend_max_hours
    found = [Ceiling(start + most * 3600, f"this site allows {number(most)} hours in all")]
    offer = await spawner.cluster.offer(spawner.user.name)
    chosen = spawner.chosen("partition")
    partition = offer.partition(chosen)
    if partition is not None and math.isfinite(partition.hours):
        text = f"the partition {partition.name} allows {number(partition.hours)} hours"
        found.append(Ceiling(start + partition.hours * 3600, text))
    name = spawner.chosen("reservation")
    for reservation in offer.reservations:
        if name and reservation.name == name:
            text = f"the reservation {name} ends then"
            found.append(Ceiling(reservation.end, text))
    return found


async def extend(spawner: "DesktopSpawner", minutes: int) -> Extension:
    """Give a running session more time.

    Raises:
        ExtensionError: It cannot have more, or Slurm refused.
        SlurmUnavailableError: Slurm does not answer.
    """
    if spawner.job is None or not spawner.ready:
        raise ExtensionError("The session is not running, so it cannot be extended.")
    async with spawner.extending:  # one after another: each counts from the end that holds
        watcher, began = spawner.cluster.watcher, time.monotonic()
        await _briefly(watcher.newer_than(began))
        job = spawner.job.seen if spawner.job else None
        bounds = await ceilings(spawner, job)
        limit = new_limit(job, minutes, bounds)
        if job is None or job.start is None or job.end is None:  # new_limit has refused these
            raise ExtensionError("The session is not running, so it cannot be extended.")
        await spawner.cluster.commands.set_time_limit(job.id, limit)
        before = job.end
        given = limit - round((job.end - job.start) / 60)
        least = min(bounds, key=lambda ceiling: ceiling.end)
        limited_by = least.owner if given < minutes else ""
        deadline = time.monotonic() + _SEEN_WITHIN_S
        while time.monotonic() < deadline:
            await _briefly(watcher.newer_than(time.monotonic()))
            seen = spawner.job.seen if spawner.job else None
            if seen is None or seen.end != before:
                end = spawner.job.end[0] if spawner.job and seen else None
                return Extension(end, given, limited_by)
        return Extension(job.start + limit * 60, given, limited_by)


async def _briefly(waiting: Awaitable[object]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SEEN_WITHIN_S / 2):
            await waiting


def read_minutes(data: object, refuse: Callable[[str], Exception]) -> int | None:
    """Return the minutes in a request's JSON; None where there are none.

    Args:
        data: An `Extend`, `{}` or nothing.
        refuse: Makes the error for anything else.
    """
    if data is None or data == {}:
        return None
    try:
        minutes = read(Extend, data).minutes
    except ProtocolError:
        minutes = 0
    if not 1 <= minutes <= 1440:
        raise refuse('Expected {"minutes": a whole number from 1 to 1440}.')
    return minutes

"""What the cluster offers a learner now: partitions with their limits, reservations, accounts.

Reading of sinfo, scontrol and sacctmgr; pure functions.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from .times import unix_time

PARTITION_FORMAT = "%P|%a|%l|%c|%m|%G|%T"
"""The fields of `parse_partitions`."""

ASSOCIATION_FORMAT = "account,qos"
"""The fields of `parse_associations`."""

_UNUSABLE_NODE = re.compile(r"down|drain|fail|maint|reboot|power(ed|ing)_down|unknown|inval|future|no_respond|\*")


@dataclass(frozen=True)
class Partition:
    """What a partition can give to one session: the largest of its usable nodes.

    Attributes:
        name: The partition's name.
        cores: CPUs.
        hours: Its time limit in hours; infinite where it has none.
        memory_mib: Memory in MiB.
        gpus: GPUs.
        gpu_types: The types that Slurm tells apart, with the number of GPUs of each.
    """

    name: str
    cores: int
    hours: float
    memory_mib: int
    gpus: int
    gpu_types: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Reservation:
    """A reservation of Slurm.

    Where it names users and accounts, both must fit. A name with a minus sign in front may not use it, and then all
    others may (see scontrol(1), "RESERVATIONS").

    Attributes:
        name: Its name.
        start: Begin in Unix seconds.
        end: End in Unix seconds.
        users: Who may use it; empty: not limited by name.
        accounts: Accounts that may use it; empty: not limited by account.
        groups: Unix groups that may use it; empty: not limited by group.
    """

    name: str
    start: int
    end: int
    users: frozenset[str]
    accounts: frozenset[str]
    groups: frozenset[str] = frozenset()

    def admits(self, user: str, accounts: Collection[str], groups: Collection[str], now: float) -> bool:
        """Tell whether a learner may use it and it has not ended."""
        return (
            self.end > now
            and bool(self.users or self.accounts or self.groups)
            and _fits({user}, self.users)
            and _fits(accounts, self.accounts)
            and _fits(groups, self.groups)
        )


def _fits(names: Collection[str], listed: frozenset[str]) -> bool:
    refused = {name.removeprefix("-") for name in listed if name.startswith("-")}
    if refused:
        return not names or not refused.issuperset(names)
    return not listed or not listed.isdisjoint(names)


@dataclass(frozen=True)
class Offer:
    """What the cluster offers one learner.

    Attributes:
        partitions: Open partitions that the learner may use, the default one first.
        default_is_open: Whether Slurm's default partition is among them.
        reservations: Those that the learner may use.
        accounts: Accounts of the learner; empty where Slurm keeps none.
        qos: Qualities of service of the learner.
        stale: Whether Slurm does not answer and this is what it said last.
    """

    partitions: tuple[Partition, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    accounts: tuple[str, ...] = ()
    qos: tuple[str, ...] = ()
    stale: bool = False
    default_is_open: bool = True

    def partition(self, name: str) -> Partition | None:
        """Return a partition, the default one for an empty name; None where it is not known."""
        if not name:
            return self.partitions[0] if self.partitions else None
        return next((p for p in self.partitions if p.name == name), None)


def parse_partitions(text: str) -> tuple[Partition, ...]:
    """Read the output of `sinfo --format=PARTITION_FORMAT`; the default partition comes first."""
    rows: dict[str, list[tuple[Partition, bool]]] = {}
    default = ""
    for line in text.splitlines():
        fields = line.strip().split("|")
        if len(fields) != 7 or fields[1] != "up":
            continue
        name = fields[0].rstrip("*")
        default = name if fields[0].endswith("*") else default
        gpus = _gpus(fields[5])
        row = Partition(
            name,
            cores=_number(fields[3]),
            hours=parse_time_limit(fields[2]),
            memory_mib=_number(fields[4]),
            gpus=sum(count for _, count in gpus),
            gpu_types=_by_type(gpus, sum),
        )
        rows.setdefault(name, []).append((row, not _UNUSABLE_NODE.search(fields[6].lower())))
    found = []
    for name, nodes in rows.items():
        # While every node is down, the largest one is the best that is known of the partition.
        usable = [row for row, is_usable in nodes if is_usable] or [row for row, _ in nodes]
        found.append(
            Partition(
                name,
                cores=max(row.cores for row in usable),
                hours=usable[0].hours,
                memory_mib=max(row.memory_mib for row in usable),
                gpus=max(row.gpus for row in usable),
                gpu_types=_by_type([pair for row in usable for pair in row.gpu_types], max),
            )
        )
    return tuple(sorted(found, key=lambda partition: partition.name != default))


def parse_reservations(text: str) -> tuple[Reservation, ...]:
    """Read the output of `scontrol show reservation --oneliner`."""
    found = []
    for line in text.splitlines():
        fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if {"ReservationName", "StartTime", "EndTime"} <= set(fields):
            start, end = unix_time(fields["StartTime"]), unix_time(fields["EndTime"])
            if start is not None and end is not None:
                found.append(
                    Reservation(
                        fields["ReservationName"],
                        start,
                        end,
                        _names(fields.get("Users", "")),
                        _names(fields.get("Accounts", "")),
                        _names(fields.get("Groups", "")),
                    )
                )
    return tuple(found)


def parse_associations(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the output of `sacctmgr --noheader --parsable2 show associations format=ASSOCIATION_FORMAT`.

    Returns:
        The accounts, and the qualities of service, each once and in Slurm's order.
    """
    accounts: dict[str, None] = {}
    qualities: dict[str, None] = {}
    for line in text.splitlines():
        account, bar, qos = line.strip().partition("|")
        if bar and account:
            accounts[account] = None
            qualities.update(dict.fromkeys(name for name in qos.split(",") if name))
    return tuple(accounts), tuple(qualities)


def parse_time_limit(text: str) -> float:
    """Return a Slurm time such as `1-12:00:00`, `30:00` or `infinite` in hours.

    Raises:
        ValueError: It is not a time.
    """
    if text.lower() in {"infinite", "unlimited", "n/a"}:
        return math.inf
    days, _, clock = text.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    if len(parts) > 3:
        raise ValueError(f"the time {text!r}")
    if days:
        hours, minutes, seconds = [*parts, 0, 0][:3]
    else:
        # Without days the last of two parts are seconds, and one part alone is minutes.
        hours, minutes, seconds = {1: [0, *parts, 0], 2: [0, *parts], 3: parts}[len(parts)]
    return int(days or 0) * 24 + hours + minutes / 60 + seconds / 3600


def _number(text: str) -> int:
    digits = re.match(r"\d+", text)
    return int(digits.group()) if digits else 0


def _gpus(gres: str) -> list[tuple[str, int]]:
    """Return the types, which may be empty, and numbers of GPUs of resources such as `gpu:a100:4(S:0-1),mps:100`."""
    words = [word.split(":") for word in re.sub(r"\([^)]*\)", "", gres).split(",")]
    found = []
    for kind, *rest in words:
        if kind == "gpu":
            count = int(rest.pop()) if rest and rest[-1].isdigit() else 1
            found.append((":".join(rest), count))
    return found


def _by_type(gpus: Iterable[tuple[str, int]], together: Callable[[Iterable[int]], int]) -> tuple[tuple[str, int], ...]:
    counts: dict[str, list[int]] = {}
    for kind, count in gpus:
        counts.setdefault(kind, []).append(count)
    return tuple((kind, together(each)) for kind, each in counts.items() if kind)


def _names(text: str) -> frozenset[str]:
    return frozenset(name for name in text.split(",") if name and name != "(null)")

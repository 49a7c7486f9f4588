import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_spawner.slurm.offer import (
    Offer,
    Partition,
    Reservation,
    parse_associations,
    parse_partitions,
    parse_reservations,
    parse_time_limit,
)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("30", 0.5),
        ("30:00", 0.5),
        ("8:00:00", 8),
        ("1-00:00:00", 24),
        ("2-12", 60),
        ("infinite", math.inf),
    ],
)
def test_time_limits(text: str, hours: float) -> None:
    assert parse_time_limit(text) == hours


def test_partitions_count_usable_nodes_only_and_the_default_one_is_first() -> None:
    text = (
        "big|up|1-00:00:00|128+|512000|gpu:a100:4(S:0-1),mps:9|idle\n"
        "main*|up|8:00:00|2|8000|(null)|idle\n"
        "main*|up|8:00:00|64|64000|(null)|drained\n"
        "main*|up|8:00:00|4|8000|(null)|mixed\n"
        "old|down|8:00:00|4|8000|(null)|idle\n"
    )
    assert parse_partitions(text) == (
        Partition("main", cores=4, hours=8, memory_mib=8000, gpus=0),
        Partition("big", cores=128, hours=24, memory_mib=512000, gpus=4, gpu_types=(("a100", 4),)),
    )


def test_a_partition_whose_nodes_are_all_down_keeps_what_is_known_of_it() -> None:
    (partition,) = parse_partitions("main*|up|1:00:00|8|16000|gpu:2|down*\n")
    assert partition == Partition("main", cores=8, hours=1, memory_mib=16000, gpus=2)


def test_reservations_are_read() -> None:
    text = (
        "ReservationName=class1 StartTime=1000 EndTime=4600 Duration=01:00:00 Nodes=node1 Users=ada,bob "
        "Accounts=(null) State=ACTIVE\n"
        "ReservationName=class2 StartTime=1000 EndTime=4600 Users=(null) Accounts=course State=ACTIVE\n"
        "No reservations in the system\n"
    )
    first, second = parse_reservations(text)
    assert first == Reservation("class1", 1000, 4600, frozenset({"ada", "bob"}), frozenset())
    assert first.admits("ada", (), (), now=2000)
    assert not first.admits("eve", (), (), now=2000)
    assert not first.admits("ada", (), (), now=5000)
    assert second.admits("eve", ("course",), (), now=2000)


@pytest.mark.parametrize(
    ("who", "admitted"),
    [
        ("Users=ada", True),
        ("Users=bob,eve", False),
        ("Users=-bob", True),
        ("Users=-ada,-bob", False),
        ("Accounts=course", True),
        ("Accounts=-course", False),
        ("Accounts=-other", True),
        ("Users=ada Accounts=physics", False),
        ("Users=ada Accounts=course,physics", True),
        ("Users=(null) Groups=learners", True),
        ("Users=(null) Groups=staff", False),
        ("Users=(null) Accounts=(null)", False),
    ],
)
def test_a_reservation_is_offered_to_whom_slurm_lets_use_it(who: str, admitted: bool) -> None:
    (reservation,) = parse_reservations(f"ReservationName=r StartTime=1000 EndTime=4600 {who}\n")
    assert reservation.admits("ada", ("course",), {"learners"}, now=2000) is admitted
    assert not reservation.admits("ada", ("course",), {"learners"}, now=5000), "it has ended"


def test_associations_are_read() -> None:
    assert parse_associations("course|normal,high\nresearch|normal\n|\n") == (
        ("course", "research"),
        ("normal", "high"),
    )


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_reservations(text)
    parse_associations(text)


def test_the_partition_of_an_offer() -> None:
    main, big = (Partition(name, 1, 1, 1, 0) for name in ("main", "big"))
    offer = Offer((main, big))
    assert offer.partition("") is main
    assert offer.partition("big") is big
    assert offer.partition("none") is None
    assert Offer().partition("") is None


def test_types_of_gpus_are_told_apart() -> None:
    (partition,) = parse_partitions(
        "gpu*|up|1:00:00|8|16000|gpu:a100:2(S:0),gpu:a100:2(S:1),gpu:v100:1,gpu,mps:9|idle\n"
        "gpu*|up|1:00:00|8|16000|gpu:1g.5gb:7|idle\n"
        "gpu*|up|1:00:00|8|16000|gpu:h100:9|down\n"
    )
    assert partition.gpus == 7
    assert dict(partition.gpu_types) == {"a100": 4, "v100": 1, "1g.5gb": 7}

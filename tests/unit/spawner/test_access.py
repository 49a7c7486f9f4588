"""Which partitions a learner may use."""

import asyncio
import getpass
import grp
import os

import pytest

from classdesk_spawner import FormSettings, Offer, OptionRules, OptionsError, SlurmSettings
from classdesk_spawner.slurm.access import Access, parse_access, unix_groups
from classdesk_spawner.slurm.cluster import Cluster
from support.fake_slurm import FakeSlurm

# As scontrol of Slurm 22.05 prints it, shortened behind the fields that count.
SCONTROL = """\
PartitionName=main AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL Default=YES Hidden=NO RootOnly=NO
PartitionName=staff AllowGroups=staff,wheel DenyAccounts=guests DenyQos=scavenger Default=NO Hidden=NO RootOnly=NO
PartitionName=paid AllowGroups=ALL AllowAccounts=physics,chemistry AllowQos=normal Hidden=NO RootOnly=NO
PartitionName=secret AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL Hidden=YES RootOnly=NO

nonsense
"""


def test_access_is_read_from_scontrol() -> None:
    assert parse_access(SCONTROL) == (
        Access("main"),
        Access(
            "staff",
            groups=frozenset({"staff", "wheel"}),
            denied_accounts=frozenset({"guests"}),
            denied_qos=frozenset({"scavenger"}),
        ),
        Access("paid", accounts=frozenset({"physics", "chemistry"}), qos=frozenset({"normal"})),
        Access("secret", hidden=True),
    )


@pytest.mark.parametrize(
    ("access", "admitted"),
    [
        (Access("p"), True),
        (Access("p", groups=frozenset({"staff"})), False),
        (Access("p", groups=frozenset({"learners", "staff"})), True),
        (Access("p", accounts=frozenset({"physics"})), False),
        (Access("p", accounts=frozenset({"course"})), True),
        (Access("p", denied_accounts=frozenset({"course"})), True),
        (Access("p", denied_accounts=frozenset({"course", "other"})), False),
        (Access("p", accounts=frozenset({"course"}), denied_accounts=frozenset({"course"})), True),
        (Access("p", qos=frozenset({"high"})), False),
        (Access("p", denied_qos=frozenset({"normal"})), False),
    ],
    ids=[
        "open",
        "another group",
        "own group among others",
        "other accounts",
        "own account",
        "one account denied",
        "all accounts denied",
        "own account among denied ones",
        "another quality of service",
        "quality of service denied",
    ],
)
def test_a_learner_is_admitted_where_one_of_his_accounts_is(access: Access, admitted: bool) -> None:
    assert access.admits({"learners"}, {"course", "other"}, {"normal"}) is admitted


def test_a_learner_without_accounts_is_not_denied_for_one() -> None:
    assert Access("p", denied_accounts=frozenset({"guests"})).admits(set(), (), ())
    assert not Access("p", accounts=frozenset({"physics"})).admits(set(), (), ())


def test_groups_are_those_of_the_machine() -> None:
    assert grp.getgrgid(os.getgid()).gr_name in unix_groups(getpass.getuser())
    assert unix_groups("no-such-user") == frozenset()


def _offer(fake_slurm: FakeSlurm, account: str = "") -> Offer:
    slurm = SlurmSettings(bin_directory=str(fake_slurm.directory), use_sudo=False, account=account)
    return asyncio.run(Cluster(slurm).offer(getpass.getuser()))


@pytest.mark.parametrize(
    ("main", "big", "offered"),
    [
        ("AllowGroups=ALL", "AllowGroups=ALL", ["main", "big"]),
        ("AllowGroups=ALL", "AllowGroups=no-such-group", ["main"]),
        ("AllowGroups=no-such-group", "AllowGroups=ALL", ["big"]),
        ("AllowAccounts=physics", "DenyAccounts=course", []),
        ("RootOnly=YES", "AllowAccounts=course,physics", ["big"]),
    ],
)
def test_only_partitions_that_the_learner_may_use_are_offered(
    fake_slurm: FakeSlurm, main: str, big: str, offered: list[str]
) -> None:
    fake_slurm.set_access(main, big)
    offer = _offer(fake_slurm, account="course")
    assert [partition.name for partition in offer.partitions] == offered
    assert not offer.stale


def test_without_slurms_default_partition_another_one_is_chosen(fake_slurm: FakeSlurm) -> None:
    fake_slurm.set_access("AllowGroups=no-such-group", "AllowGroups=ALL")
    rules = OptionRules(FormSettings(), SlurmSettings(), _offer(fake_slurm))
    assert rules.validate({"ui": "desktop"}).partition == "big"
    with pytest.raises(OptionsError, match="Partition: "):
        rules.validate({"ui": "desktop", "partition": "main"})


def test_while_slurm_does_not_tell_all_partitions_are_offered(fake_slurm: FakeSlurm) -> None:
    fake_slurm.set_access("AllowGroups=no-such-group", "AllowGroups=ALL")
    fake_slurm.break_program("scontrol", "Unable to contact slurm controller")
    offer = _offer(fake_slurm)
    assert [partition.name for partition in offer.partitions] == ["main", "big"]
    assert offer.stale

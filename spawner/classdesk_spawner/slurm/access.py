"""Which partitions a learner may use: Slurm's AllowGroups, AllowAccounts, AllowQos and their opposites."""

import grp
import os
import pwd
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Access:
    """Who may use a partition; None: everybody.

    Attributes:
        partition: Its name.
        groups: Unix groups.
        accounts: Accounts of Slurm.
        denied_accounts: Accounts that may not.
        qos: Qualities of service.
        denied_qos: Those that may not.
        hidden: Whether Slurm does not list it, or keeps it for root.
    """

    partition: str
    groups: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    denied_accounts: frozenset[str] = frozenset()
    qos: frozenset[str] | None = None
    denied_qos: frozenset[str] = frozenset()
    hidden: bool = False

    def admits(self, groups: Collection[str], accounts: Collection[str], qos: Collection[str]) -> bool:
        """Tell whether a learner may use the partition in any way.

        Args:
            groups: Their Unix groups.
            accounts: Accounts that their session may have; empty where none is known, and then none is refused for
                being on a list of denied ones.
            qos: Qualities of service that it may have, in the same way.
        """
        return (
            (self.groups is None or not self.groups.isdisjoint(groups))
            and _any_admitted(accounts, self.accounts, self.denied_accounts)
            and _any_admitted(qos, self.qos, self.denied_qos)
        )


def _any_admitted(names: Collection[str], allowed: frozenset[str] | None, denied: frozenset[str]) -> bool:
    if allowed is not None:  # then Slurm does not look at those that are denied
        return not allowed.isdisjoint(names)
    return not names or not denied.issuperset(names)


def parse_access(text: str) -> tuple[Access, ...]:
    """Read the output of `scontrol --oneliner --all show partition`."""
    found = []
    for line in text.splitlines():
        fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "PartitionName" in fields:
            found.append(
                Access(
                    fields["PartitionName"],
                    groups=_allowed(fields.get("AllowGroups", "ALL")),
                    accounts=_allowed(fields.get("AllowAccounts", "ALL")),
                    denied_accounts=_names(fields.get("DenyAccounts", "")),
                    qos=_allowed(fields.get("AllowQos", "ALL")),
                    denied_qos=_names(fields.get("DenyQos", "")),
                    hidden="YES" in {fields.get("Hidden"), fields.get("RootOnly")},
                )
            )
    return tuple(found)


def unix_groups(user: str) -> frozenset[str]:
    """Return a user's Unix groups; empty for an unknown user. Asks the directory service, so it blocks."""
    try:
        account = pwd.getpwnam(user)
        numbers = os.getgrouplist(user, account.pw_gid)
    except (KeyError, OSError):
        return frozenset()
    return frozenset(filter(None, map(_group_name, numbers)))


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return ""


def _allowed(text: str) -> frozenset[str] | None:
    return None if text.upper() == "ALL" else _names(text)


def _names(text: str) -> frozenset[str]:
    return frozenset(name for name in text.split(",") if name and name != "(null)")

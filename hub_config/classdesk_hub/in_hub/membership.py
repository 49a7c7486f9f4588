"""Who is in a class: the members of a hub group, with their full names in the group's properties."""

import grp
import os
import pwd
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from jupyterhub import orm

from classdesk_hub.roster import Change, Entry, Problem
from classdesk_hub.site.classes import ClassSettings

_PROPERTY = "classdesk"
_SHOWN_UNKNOWN = 5


def members(group: Any) -> dict[str, str]:
    """Return the full names of a group's users by user name; empty ones where none is known."""
    names = _facts(group).get("names", {})
    return {user.name: str(names.get(user.name, "")) for user in group.users}


def apply(db: Any, group: Any, entries: Iterable[Entry], change: Change) -> None:
    """Change a group as a roster says; who has never been at the hub gets a record there."""
    names = {**members(group), **{entry.user: entry.name for entry in entries}}
    for name in change.add:
        user = orm.User.find(db, name)
        if user is None:
            user = orm.User(name=name)
            db.add(user)
            user.roles.append(orm.Role.find(db, "user"))
        group.users.append(user)
    group.users = [user for user in group.users if user.name not in change.remove]
    present = {user.name for user in group.users}
    _store(group, names={name: full for name, full in names.items() if full and name in present})
    db.commit()


def follow_site_file(db: Any, classes: Mapping[str, ClassSettings]) -> None:
    """Take out of the classes who was in the site file when the hub started last, and is no longer.

    JupyterHub itself only adds the users of a configured group.
    """
    for name, class_ in classes.items():
        group = orm.Group.find(db, name)
        if group is None:
            continue
        gone = set(_facts(group).get("site_learners", ())) - set(class_.learners)
        if gone:
            group.users = [user for user in group.users if user.name not in gone]
        _store(group, site_learners=sorted(class_.learners))
    db.commit()


def account_problems(entries: Iterable[Entry], allowed_groups: Collection[str]) -> list[Problem]:
    """Return the lines whose user could not have a session on this machine; asks the account database.

    Of a list for another machine, the first lines say what is wrong.
    """
    allowed = set()
    for name in allowed_groups:
        try:
            allowed.add(grp.getgrnam(name).gr_gid)
        except KeyError:
            continue
    problems, unknown = [], []
    for entry in entries:
        try:
            account = pwd.getpwnam(entry.user)
        except KeyError:
            unknown.append(Problem(entry.line, f"There is no account “{entry.user}” on this machine."))
            continue
        groups = set(os.getgrouplist(entry.user, account.pw_gid))
        if account.pw_uid == 0 or (allowed_groups and not groups & allowed):
            problems.append(
                Problem(
                    entry.line,
                    f"{entry.user} may not log in to this hub: the account is not in "
                    f"{' or '.join(allowed_groups) or 'a group of learners'}.",
                )
            )
    if (more := len(unknown) - _SHOWN_UNKNOWN) > 1:
        unknown[_SHOWN_UNKNOWN:] = [Problem(0, f"… and {more} more accounts do not exist.")]
    return [*problems, *unknown]


def rank_problems(
    entries: Iterable[Entry],
    classes: Mapping[str, ClassSettings],
    name: str,
    admins: Collection[str],
    *,
    by_administrator: bool,
) -> list[Problem]:
    """Return the lines whose user must not become somebody's learner.

    An instructor acts in their learners' sessions: by a roster nobody may get at those of people who may do
    more than they may.

    Args:
        entries: The learners of the roster.
        classes: All classes.
        name: The class that they would come into.
        admins: The hub's administrators.
        by_administrator: Whether an administrator asks.
    """
    others = {user for class_ in classes.values() for user in class_.instructors}
    problems = []
    for entry in entries:
        if entry.user in admins:
            text = f"{entry.user} is an administrator of the hub, and cannot be a learner."
        elif entry.user in classes[name].instructors:
            text = f"{entry.user} is an instructor of this class."
        elif entry.user in others and not by_administrator:
            text = f"{entry.user} is an instructor; only an administrator can make them a learner."
        else:
            continue
        problems.append(Problem(entry.line, text))
    return problems


def _facts(group: Any) -> Mapping[str, Any]:
    facts = (group.properties or {}).get(_PROPERTY, {})
    return facts if isinstance(facts, Mapping) else {}


def _store(group: Any, **changes: Any) -> None:
    facts = {**_facts(group), **changes}
    if facts != _facts(group):
        # A new dictionary: the database's session does not notice what changes inside of one.
        group.properties = {**(group.properties or {}), _PROPERTY: facts}

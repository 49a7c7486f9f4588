"""Who is in a class, as the hub's database keeps it."""

from collections.abc import Iterator
from typing import Any

import pytest
from jupyterhub import orm, roles

from classdesk_hub.in_hub.membership import account_problems, apply, follow_site_file, members
from classdesk_hub.roster import Entry, change
from classdesk_hub.site.classes import ClassSettings


@pytest.fixture
def db() -> Iterator[Any]:
    session = orm.new_session_factory("sqlite:///:memory:")()
    for role in roles.get_default_roles():
        roles.create_role(session, role)
    session.add(orm.Group(name="dask"))
    session.commit()
    yield session
    session.close()
    session.get_bind().dispose()


def _group(db: Any) -> Any:
    return orm.Group.find(db, "dask")


def _apply(db: Any, *entries: tuple[str, str], fixed: tuple[str, ...] = ()) -> None:
    wanted = [Entry(line, user, name) for line, (user, name) in enumerate(entries, 1)]
    apply(db, _group(db), wanted, change(wanted, members(_group(db)), fixed))


def test_a_roster_makes_users_with_the_rights_of_users(db: Any) -> None:
    _apply(db, ("ada", "Ada L"), ("bob", ""))
    assert members(_group(db)) == {"ada": "Ada L", "bob": ""}
    assert [role.name for role in orm.User.find(db, "ada").roles] == ["user"]
    assert not orm.User.find(db, "ada").admin


def test_names_stay_until_the_learner_leaves(db: Any) -> None:
    _apply(db, ("ada", "Ada L"), ("bob", "Bob"))
    _apply(db, ("ada", "Ada Lovelace"))
    assert members(_group(db)) == {"ada": "Ada Lovelace"}
    _apply(db, ("ada", "Ada Lovelace"), ("bob", ""))
    assert members(_group(db))["bob"] == ""
    assert orm.User.find(db, "bob") is not None


def test_who_is_no_longer_in_the_site_file_leaves(db: Any) -> None:
    _apply(db, ("ada", "Ada L"), ("bob", "Bob"), ("cy", "Cy"))
    _group(db).properties = {**_group(db).properties, "of": "somebody else"}
    follow_site_file(db, {"dask": ClassSettings(learners=("ada", "bob"))})
    assert set(members(_group(db))) == {"ada", "bob", "cy"}
    follow_site_file(db, {"dask": ClassSettings(learners=("ada",)), "gone": ClassSettings()})
    assert members(_group(db)) == {"ada": "Ada L", "cy": "Cy"}
    assert _group(db).properties["of"] == "somebody else"


def test_only_who_may_log_in_can_be_a_learner() -> None:
    entries = [Entry(1, "nobody", ""), Entry(2, "root", ""), Entry(3, "no-such-user", "")]
    assert [problem.line for problem in account_problems(entries, ())] == [2, 3]
    assert [problem.line for problem in account_problems(entries, ("no-such-group",))] == [1, 2, 3]
    (problem,) = account_problems([Entry(7, "root", "")], ("nogroup",))
    assert problem.message == ("root may not log in to this hub: the account is not in nogroup.")
    assert account_problems([Entry(1, "nobody", "")], ("nogroup",)) == []


def test_of_many_unknown_accounts_the_first_are_named() -> None:
    entries = [Entry(line, f"no-such-user{line}", "") for line in range(1, 301)]
    found = account_problems(entries, ())
    assert [problem.line for problem in found] == [1, 2, 3, 4, 5, 0]
    assert found[-1].message == "… and 295 more accounts do not exist."
    assert [problem.line for problem in account_problems(entries[:6], ())] == [1, 2, 3, 4, 5, 6]

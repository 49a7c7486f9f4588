"""What the hub itself puts on record: into which class, and how much of what a session tells."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm

from classdesk_hub import Site
from classdesk_hub.audit import audit_log
from classdesk_hub.audit_hooks import class_name_of, record_watchers
from classdesk_hub.class_settings import ClassSettings
from classdesk_hub.site import HubSettings


@pytest.fixture
def db() -> Iterator[Any]:
    session = orm.new_session_factory("sqlite:///:memory:")()
    ada = orm.User(name="ada")
    session.add_all([ada, orm.User(name="ines"), orm.User(name="olaf"), orm.User(name="root2")])
    session.add_all([orm.Group(name=name, users=[ada]) for name in ("algebra", "dask")])
    session.commit()
    yield session
    session.close()
    session.get_bind().dispose()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(
        hub=HubSettings(state_directory=str(tmp_path)),
        classes={
            "algebra": ClassSettings(instructors=("olaf",)),
            "dask": ClassSettings(instructors=("ines",)),
            "other": ClassSettings(instructors=("ivan",)),
        },
    )


@pytest.mark.parametrize(
    ("who", "learner", "class_name"),
    [
        pytest.param("olaf", "ada", "algebra", id="of-the-first"),
        pytest.param("ines", "ada", "dask", id="of-the-second"),
        pytest.param("root2", "ada", "algebra", id="administrator"),
        pytest.param("ines", "olaf", "", id="of-no-class"),
        pytest.param("ines", "nobody", "", id="unknown-learner"),
    ],
)
def test_an_act_on_a_learner_of_two_classes_belongs_to_the_one_whose_instructor_acts(
    db: Any, site: Site, who: str, learner: str, class_name: str
) -> None:
    assert class_name_of(site, who, learner, db) == class_name


def test_a_session_can_neither_make_up_visitors_nor_fill_the_record(db: Any, site: Site) -> None:
    warnings: list[str] = []
    log = SimpleNamespace(warning=lambda text, *args: warnings.append(text % args))
    spawner: Any = SimpleNamespace(user=SimpleNamespace(name="ada", db=db), log=log)
    record_watchers(site, spawner, {"ines", "made up", "\x1b[2J"}, set())
    events = audit_log(site).newest("dask", 99)
    assert [(event["who"], event["result"]) for event in events] == [("ines", "began")]
    for _ in range(300):
        record_watchers(site, spawner, {"ines"}, set())
        record_watchers(site, spawner, set(), {"ines"})
    assert len(audit_log(site).newest("dask", 999)) == 200
    assert "too many" in warnings[0]

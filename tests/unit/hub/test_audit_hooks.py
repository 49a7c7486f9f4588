"""What the hub itself puts on record: into which class, and how much of what a session tells."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm

from classdesk_hub import Site
from classdesk_hub.audit import audit_log
from classdesk_hub.in_hub.audit_hooks import class_name_of, record_visits
from classdesk_hub.site.classes import ClassSettings
from classdesk_hub.site.file import HubSettings
from classdesk_spawner import Event


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
    spawner: Any = SimpleNamespace(user=SimpleNamespace(name="ada", db=db), log=log, job=None)
    record_visits(site, spawner, {"ines", "made up", "\x1b[2J"}, set())
    events = audit_log(site).newest("dask", 99)
    assert [(event["who"], event["result"]) for event in events] == [("ines", "began")]
    for _ in range(300):
        record_visits(site, spawner, {"ines"}, set())
        record_visits(site, spawner, set(), {"ines"})
    assert len(audit_log(site).newest("dask", 999)) == 200
    assert "too many" in warnings[0]


def _event(number: int, result: str) -> Event:
    return Event(number=number, time=1.0, who="ines", act="control", result=result)


def test_who_had_control_is_on_record_once_also_after_the_hub_was_started_anew(db: Any, site: Site) -> None:
    job = SimpleNamespace(job_id="17")
    spawner: Any = SimpleNamespace(user=SimpleNamespace(name="grace", db=db), job=job)
    db.add(orm.User(name="grace", groups=[orm.Group.find(db, "dask")]))
    db.commit()
    told = [_event(1, "asked"), _event(2, "given")]
    record_visits(site, spawner, {"ines"}, set(), told)
    # Its first report is heard as if nothing of it were known.
    record_visits(site, spawner, set(), {"ines"}, [*told, _event(3, "ended")])
    events = audit_log(site).newest("dask", 99)
    assert [(event["act"], event["result"]) for event in reversed(events)] == [
        ("observe", "began"),
        ("control", "asked"),
        ("control", "given"),
        ("control", "ended"),
        ("observe", "ended"),
    ]
    # Another session counts from one again.
    job.job_id = "18"
    record_visits(site, spawner, set(), set(), [_event(1, "asked")])
    assert len(audit_log(site).newest("dask", 99)) == 6

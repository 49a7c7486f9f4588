"""What a learner types in a session's shell, in a browser that speaks Canadian French."""

from collections.abc import Iterator

import pytest

from support.desktop_session import DesktopSession, desktop_session, learner, painted_within
from support.fake_hub import fake_hub
from support.world import require_world

START_SECONDS = 15


@pytest.fixture(scope="module")
def session() -> Iterator[DesktopSession]:
    require_world()
    with (
        fake_hub() as hub,
        learner(1) as ada,
        desktop_session(ada, hub, env={"CLASSDESK_LOCALE": "fr-CA"}) as session,
    ):
        painted_within(session, START_SECONDS)
        yield session


def test_numbers_are_the_course_s(session: DesktopSession) -> None:
    typed = "echo $LANG; printf '%.2f\\n' 3.14; seq 0 .5 1"
    assert session.run("bash", "-lc", typed).split() == ["fr_CA.UTF-8", "3.14", "0.0", "0.5", "1.0"]


def test_a_first_commit_is_by_the_account_and_a_later_one_by_whom_the_learner_says(session: DesktopSession) -> None:
    commit = "git commit --quiet --allow-empty --message=a && git log -1 --format='%an <%ae>'"
    first = session.run("bash", "-lc", f"git init --quiet ~/work 2>/dev/null && cd ~/work && {commit}")
    assert first == f"{session.learner.name} <{session.learner.name}@localhost>\n"
    own = "git config --global user.name Ada && git config --global user.email ada@example.org"
    assert session.run("bash", "-lc", f"cd ~/work && {own} && {commit}") == "Ada <ada@example.org>\n"

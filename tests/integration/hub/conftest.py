"""A real hub with two classes, and a token of one person of each role."""

from collections.abc import Iterator

import pytest

from support.class_hub import ClassHub, class_hub

CLASSES = """
admins = ["root2"]
[desktop]
thumbnails = true
[classes.dask]
title = "Dask, Tuesday"
instructors = ["ines"]
learners = ["nobody", "games"]
preset = { interface = "desktop", cores = 1, hours = 2.0 }
[classes.other]
instructors = ["olaf"]
learners = ["daemon"]
may_import = "instructor"
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClassHub]:
    with class_hub(tmp_path_factory.mktemp("class") / "hub", CLASSES) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(hub: ClassHub) -> dict[str, str]:
    """Tokens of one person of each role."""
    hub.hub("POST", "/users/root2", json={"admin": True})
    names = {"instructor": "ines", "foreign": "olaf", "learner": "nobody", "admin": "root2"}
    return {role: hub.token(name) for role, name in names.items()}

"""What `tests/run changed` runs."""

from pathlib import Path

import pytest

from support.changed import CONCERNS, concerned, importers_of_support

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("pattern", CONCERNS)
def test_the_table_names_files_and_tests_that_exist(pattern: str) -> None:
    assert any(REPOSITORY.glob(pattern))
    assert [test for test in CONCERNS[pattern] if not (REPOSITORY / test).exists()] == []


def test_every_folder_of_the_product_concerns_some_test() -> None:
    product = ["bench", "cluster", "desktop_image", "hub_config", "lesson_scripts", "requirements", "spawner"]
    always = concerned([], {})
    assert [folder for folder in product if concerned([f"{folder}/a"], {}) == always] == []


def test_a_changed_test_concerns_itself_and_a_fixture_its_folder() -> None:
    assert "tests/unit/hub/test_site.py" in concerned(["tests/unit/hub/test_site.py"], {})
    assert "tests/browser/console_page" in concerned(["tests/browser/console_page/conftest.py"], {})


def test_what_a_folder_has_is_not_named_twice() -> None:
    both = concerned(["tests/unit/hub/test_site.py", "hub_config/classdesk_hub/audit.py"], {})
    assert "tests/unit/hub" in both
    assert "tests/unit/hub/test_site.py" not in both


@pytest.mark.parametrize("module", ["console", "console_board", "fake_class"])
def test_what_the_consoles_pages_share_concerns_them(module: str) -> None:
    tests = concerned([f"tests/support/{module}.py"], importers_of_support())
    assert {"tests/browser/console_page", "tests/unit/hub/test_watching.py"} <= {*tests}
    assert "tests/unit" not in tests


def test_a_helper_concerns_what_imports_it_by_way_of_another_one() -> None:
    importers = {
        "tests/support/inner.py": {"tests/support/outer.py"},
        "tests/support/outer.py": {"tests/support/inner.py", "tests/unit/hub/test_site.py", "bench/watcher.py"},
    }
    found = concerned(["tests/support/inner.py"], importers)
    assert {*found} - {*concerned([], {})} == {"tests/unit/bench", "tests/unit/hub/test_site.py"}


def test_a_helper_that_nothing_imports_concerns_the_unit_tests() -> None:
    assert "tests/unit" in concerned(["tests/support/enter_world.py"], importers_of_support())

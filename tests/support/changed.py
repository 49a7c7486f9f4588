"""Which tests a change concerns: the files that changed on standard input, the tests on standard output.

Every change concerns the tests of words. What no line of the table names concerns those of the docs. A module of
`tests/support` concerns what imports it, itself or by way of another one.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]

# Patterns of files, and what concerns them. The first that fits counts; `*` stands for folders, too.
CONCERNS = {
    "spawner/classdesk_spawner/form/*": ("tests/unit/spawner", "tests/browser/test_form.py"),
    "spawner/*": ("tests/unit/spawner", "tests/integration/test_session.py"),
    "hub_config/classdesk_hub/console/static/*": (
        "tests/javascript",
        "tests/unit/hub/test_console_page.py",
        "tests/browser/console_page",
    ),
    "hub_config/classdesk_hub/console/*": (
        "tests/unit/hub",
        "tests/integration/hub",
        "tests/browser/console_page",
        "tests/browser/test_console.py",
    ),
    "hub_config/README.md": ("tests/site/test_install.py",),
    "hub_config/proxy/*": ("tests/integration/test_make.py",),
    "hub_config/*": ("tests/unit/hub", "tests/integration/hub", "tests/integration/test_log_in.py"),
    "desktop_image/web/static/keyboard/*": (
        "tests/javascript",
        "tests/browser/test_page_composed.py",
        "tests/browser/test_page_mac.py",
        "tests/browser/test_people_keyboard.py",
    ),
    "desktop_image/web/*": ("tests/javascript", "tests/unit/desktop/test_web.py", "tests/browser/test_page.py"),
    "desktop_image/classdesk_desktop/*": ("tests/unit/desktop", "tests/integration/test_session.py"),
    "desktop_image/*": ("tests/integration/test_image.py", "tests/integration/test_image_desktop.py"),
    "lesson_scripts/*": ("tests/unit/lesson", "tests/integration/test_lesson.py"),
    "cluster/*": ("tests/integration/test_make.py", "tests/integration/test_bare_machine.py"),
    "bench/*": ("tests/unit/bench",),
    "requirements/*": ("tests/unit", "tests/integration/test_image_python.py"),
    "pyproject.toml": ("tests/unit",),
    "Makefile": ("tests/integration/test_make.py",),
    "tests/site/*": ("tests/site",),
    "tests/support/*": ("tests/unit",),
    "tests/conftest.py": ("tests/unit",),
}
ALWAYS = ("tests/unit/test_docs.py", "tests/unit/test_words.py")

_IMPORT = re.compile(r"^\s*from support(?:\.(\w+) import| import (\([^)]*\)|.*))", re.MULTILINE)


def concerned(changed: Iterable[str], importers: Mapping[str, Collection[str]]) -> list[str]:
    """Return the files and folders of tests that changed files concern, each once, in order.

    Args:
        changed: Paths in the repository.
        importers: The files that import a module of `tests/support`, by its path.
    """
    paths = [*changed]
    for path in paths:
        paths += [importer for importer in importers.get(path, ()) if importer not in paths]
    found = set(ALWAYS)
    for path in paths:
        found.update(() if path in importers else _concerns(path))
    return sorted(test for test in found if not any(test.startswith(f"{other}/") for other in found))


def importers_of_support() -> dict[str, set[str]]:
    """Return the files of tests and benchmarks that import a module of `tests/support`, by its path."""
    found = defaultdict[str, set[str]](set)
    for folder in ("tests", "bench"):
        for file in (_REPOSITORY / folder).rglob("*.py"):
            for said in _IMPORT.finditer(file.read_text()):
                for module in re.findall(r"\w+", said[1] or said[2]):
                    found[f"tests/support/{module}.py"].add(str(file.relative_to(_REPOSITORY)))
    return dict(found)


def _concerns(path: str) -> tuple[str, ...]:
    kind, _, name = path.rpartition("/")
    if path.startswith("tests/javascript/"):
        return ("tests/javascript",)
    if path.startswith(("tests/unit/", "tests/integration/", "tests/browser/", "tests/site/")) and path.endswith(".py"):
        return (path,) if name.startswith("test_") else (kind,)
    return next((tests for pattern, tests in CONCERNS.items() if fnmatch(path, pattern)), ())


if __name__ == "__main__":
    print(*concerned((line.strip() for line in sys.stdin), importers_of_support()), sep="\n")

"""The console's page: its files fit together, and nothing comes from elsewhere."""

import re
from pathlib import Path
from typing import Any

import pytest

import classdesk_hub
from classdesk_hub.console.context import Context
from classdesk_hub.site.file import Site

PAGE = Path(classdesk_hub.__file__).parent / "console"
STATIC = PAGE / "static"
TEMPLATES = PAGE / "templates"
MODULES = sorted(STATIC.glob("*.js"))
TEXTS = sorted(
    file for folder in (STATIC, STATIC / "keyboard", TEMPLATES) for file in folder.iterdir() if file.is_file()
)


def name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_imports_name_what_the_other_module_has(module: Path) -> None:
    for names, target in re.findall(r'^import ([^;]+?) from "\./([^"]+)";', module.read_text(), re.MULTILINE):
        other = (STATIC / target).read_text()
        for imported in re.findall(r"\w+", names.removeprefix("* as ")) if "{" in names else ():
            assert re.search(rf"^export (?:async )?(?:const|function|class) {imported}\b", other, re.MULTILINE), (
                f"{imported} of {target}"
            )


@pytest.mark.parametrize("text", TEXTS, ids=name)
def test_nothing_comes_from_another_host_and_nothing_runs_inline(text: Path) -> None:
    content = text.read_text()
    assert not re.search(r"(?:https?:)?//[a-z]", content)
    assert not re.search(r"\son[a-z]+=[\"']|<script>|<style|style=|javascript:|innerHTML", content)


def test_every_element_that_a_script_asks_for_is_in_the_page() -> None:
    there = set(re.findall(r'id="([^"]+)"', "".join(t.read_text() for t in TEMPLATES.glob("*.html"))))
    for module in MODULES:
        text = module.read_text()
        prefix = "one-" if module.name == "one.js" else ""
        wanted = set(re.findall(r'getElementById\("([^"]+)"\)', text))
        wanted |= {prefix + found for found in re.findall(r'\bfind\("([a-z][a-z-]*)"\)', text)}
        if module.name not in {"row.js", "wall.js"}:  # theirs look inside a template
            assert wanted <= there, module.name


def test_each_page_has_the_sites_name_and_logo() -> None:
    site = Site.model_validate({"hub": {"name": "Desktops & more"}})
    unused: Any = None
    page = Context(site, unused, unused, "/services/console/").page(
        "error.html", sentence="It is away.", status=503, again="", user="ines"
    )
    assert "<title>503: Class console · Desktops &amp; more</title>" in page
    assert '<link rel="icon" href="/hub/logo">' in page


@pytest.mark.parametrize("text", TEXTS, ids=name)
def test_files_are_short(text: Path) -> None:
    assert len(text.read_text().splitlines()) < 400

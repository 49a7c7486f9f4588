"""The pages' own files: what they import is there, and nothing comes from elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from classdesk_desktop.server.assets import WebAssets

from .conftest import WEB

MODULES = sorted((WEB / "static").rglob("*.js"))
TEXTS = sorted([*WEB.glob("*.html"), *MODULES, *(WEB / "static").rglob("*.css")])


def name(path: Path) -> str:
    return str(path.relative_to(WEB))


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_imports_lead_to_files_that_are_served(module: Path, web: Path) -> None:
    assets = WebAssets(web)
    for target in re.findall(r'^import [^;]* from "([^"]+)";', module.read_text(), re.MULTILINE):
        path = (web / name(module)).parent.joinpath(target).resolve()
        assert path.is_file(), target
        assert assets.is_served(str(path.relative_to(web))), target


@pytest.mark.parametrize("text", TEXTS, ids=name)
def test_nothing_comes_from_another_host_and_nothing_runs_inline(text: Path) -> None:
    content = text.read_text()
    assert not re.search(r"(?:https?:)?//[a-z]", content.replace("http://www.w3.org", ""))
    assert not re.search(r"\son[a-z]+=|<script>|style=|javascript:", content)


def _whole(page: str) -> str:
    """A page's text with the parts that it is made of."""
    text = (WEB / page).read_text()
    parts = re.findall(r'{% (?:extends|include) "([^"]+)" %}', text)
    return text + "".join(_whole(part) for part in parts)


def test_every_element_that_a_script_asks_for_is_in_its_page() -> None:
    for page, folders in {
        "desktop.html": ("desktop", "common"),
        "terminal.html": ("terminal", "common"),
        "lab.html": ("lab", "common"),
    }.items():
        there = set(re.findall(r'id="([^"]+)"', _whole(page)))
        for folder in folders:
            for module in (WEB / "static" / folder).glob("*.js"):
                wanted = set(re.findall(r'getElementById\("([^"]+)"\)', module.read_text()))
                assert wanted <= there, f"{page}, {module.name}"


def test_the_lock_pins_every_package_and_names_no_registry() -> None:
    wanted = json.loads((WEB / "package.json").read_text())["dependencies"]
    packages = json.loads((WEB / "package-lock.json").read_text())["packages"]
    for package, version in wanted.items():
        assert packages[f"node_modules/{package}"]["version"] == version
    assert all("integrity" in entry for key, entry in packages.items() if key)
    assert not any("resolved" in entry for entry in packages.values())


def test_the_assets_address_changes_with_their_content(web: Path) -> None:
    before = WebAssets(web).version
    assert WebAssets(web).version == before
    (web / "static" / "icon.svg").write_text("<svg/>")
    assert WebAssets(web).version != before

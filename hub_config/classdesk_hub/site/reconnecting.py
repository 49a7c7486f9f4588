"""The page in the place of whatever does not answer, with the site's name. Hub and proxy show it."""

from importlib.resources import files
from pathlib import Path

import jinja2

from .file import Site

_FOLDER = "proxy_pages"
_PAGE = "503.html"


def reconnecting_page(site: Site, again: str = "") -> str:
    """Return the page.

    Args:
        site: The site.
        again: The address to try in the place of the page's own.
    """
    text = (files("classdesk_hub") / _FOLDER / _PAGE).read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    return environment.from_string(text).render(site_name=site.hub.name, again=again)


def error_folder(site: Site) -> Path:
    """Return the folder from which the proxy shows the page; `write_error_folder` fills it."""
    return Path(site.hub.state_directory) / _FOLDER


def write_error_folder(site: Site) -> None:
    """Write the page for the proxy, which reads it for each answer."""
    folder = error_folder(site)
    folder.mkdir(exist_ok=True)
    (folder / _PAGE).write_text(reconnecting_page(site), encoding="utf-8")

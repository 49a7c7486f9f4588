"""What all handlers of the console share."""

import asyncio
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from classdesk_hub.audit import AuditLog, audit_log
from classdesk_hub.site.file import Site

from .acts import Acts
from .hub_client import HubClient
from .metrics import Metrics
from .performer import Performer
from .view import View


def _environment() -> jinja2.Environment:
    folder = Path(str(files("classdesk_hub") / "console" / "templates"))
    return jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined)


@dataclass
class Context:
    """What all handlers share.

    Args:
        site: The site file.
        hub: The hub.
        view: The view of the sessions.
        prefix: The console's own path, with a slash at its end.
        hub_base: The hub's path.
    """

    site: Site
    hub: HubClient
    view: View
    prefix: str
    hub_base: str = "/hub/"
    templates: jinja2.Environment = field(default_factory=_environment)
    audit: AuditLog = field(init=False)
    metrics: Metrics = field(init=False)
    acts: Acts = field(init=False)

    def __post_init__(self) -> None:
        self.audit = audit_log(self.site)
        self.metrics = Metrics(self.view)
        performer = Performer(self.hub, self.view)
        self.acts = Acts(self.view, performer, self.audit, self.metrics.count)

    def snapshot(self, name: str) -> dict[str, Any]:
        """Return a class as it was seen last, with the acts that are under way."""
        return {**self.view.snapshot(name), "acts": self.acts.under_way(name)}

    async def record(self, name: str, limit: int) -> list[dict[str, Any]]:
        """Return the newest events of a class, the newest first."""
        return await asyncio.to_thread(self.audit.newest, name, limit)

    def page(self, template: str, **values: Any) -> str:
        """Render a page."""
        return self.templates.get_template(template).render(
            prefix=self.prefix,
            hub_base=self.hub_base,
            site_name=self.site.hub.name,
            site_has_logo=bool(self.site.hub.logo),
            **values,
        )

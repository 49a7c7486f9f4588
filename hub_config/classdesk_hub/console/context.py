"""What all handlers of the console share."""

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from classdesk_hub.site import Site

from .hub_client import HubClient
from .world import World


def _environment() -> jinja2.Environment:
    folder = Path(str(files("classdesk_hub") / "console" / "templates"))
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined
    )


@dataclass(frozen=True)
class Context:
    """What all handlers share.

    Args:
        site: The site file.
        hub: The hub.
        world: The view of the sessions.
        prefix: The console's own path, with a slash at its end.
        hub_base: The hub's path.
    """

    site: Site
    hub: HubClient
    world: World
    prefix: str
    hub_base: str = "/hub/"
    templates: jinja2.Environment = field(default_factory=_environment)

    def snapshot(self, name: str) -> dict[str, Any]:
        """Return a class as it was seen last, with what the site allows in its sessions."""
        policy = self.site.desktop
        return {
            **self.world.snapshot(name),
            "policy": {
                **policy.model_dump(include={"observe", "thumbnails", "extend_minutes"}),
                "extend_max_hours": policy.extend_max_hours,
            },
        }

    def page(self, template: str, **values: Any) -> str:
        """Render a page."""
        return self.templates.get_template(template).render(
            prefix=self.prefix, hub_base=self.hub_base, **values
        )

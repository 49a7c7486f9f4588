"""A class's roster: as a file, and what a file would change."""

from typing import Any

from classdesk_hub.request_body import read_body
from classdesk_hub.roster import RosterRequest, write_roster

from .base import ConsoleHandler, translated


class RosterFileHandler(ConsoleHandler):
    """`GET api/class/CLASS/roster.csv`."""

    @translated
    async def get(self, name: str) -> None:
        """Answer with the roster as a file."""
        self.class_(name)
        await self.context.view.fresh(members=True)
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{name}.csv"')
        self.finish(write_roster({name: self.context.view.members.get(name, {})}))


class RosterHandler(ConsoleHandler):
    """`POST api/class/CLASS/roster`."""

    @translated
    async def post(self, name: str) -> None:
        """Show what a roster changes, or change it; the hub decides whether who asks may."""
        self.class_(name)
        wish = {**read_body(RosterRequest, self.request.body).model_dump(), "class": name}
        answer = await self.context.hub.hub("POST", "/classdesk/roster", self.token, wish)
        change: dict[str, Any] = answer["classes"].get(
            name, {"add": [], "remove": [], "rename": [], "keep": 0, "fixed": 0}
        )
        if answer["applied"]:
            await self.context.view.fresh(members=True)
        self.answer({**change, "errors": answer["errors"], "applied": answer["applied"]})

"""Acts, their progress, and the record of them."""

from tornado import web

from classdesk_hub.request_body import read_body

from .act_request import ActRequest
from .base import ConsoleHandler, translated

_MOST_EVENTS = 2000


class ActsHandler(ConsoleHandler):
    """`POST api/class/CLASS/acts`."""

    @translated
    async def post(self, name: str) -> None:
        """Begin an act; answer 202 with its id."""
        self.class_(name)
        request = read_body(ActRequest, self.request.body)
        view = self.context.view
        await view.fresh()
        if set(request.learners) - set(view.members.get(name, {})):
            await view.fresh(members=True)
        strangers = sorted(set(request.learners) - set(view.members.get(name, {})))
        if strangers:
            raise web.HTTPError(403, f"Not in your class: {', '.join(strangers[:5])}.")
        act = self.context.acts.begin(name, request, self.user_name, self.token)
        self.answer({"id": act.id}, 202)


class ActHandler(ConsoleHandler):
    """`GET api/class/CLASS/acts/ID`."""

    def get(self, name: str, act_id: str) -> None:
        """Answer with the act as it stands."""
        self.class_(name)
        act = self.context.acts.find(name, act_id)
        if act is None:
            raise web.HTTPError(404, "That act is unknown, or too old to look up.")
        self.answer(act.model())


class AuditHandler(ConsoleHandler):
    """`GET api/class/CLASS/audit`."""

    @translated
    async def get(self, name: str) -> None:
        """Answer with the newest events of the class."""
        self.class_(name)
        limit = self.get_query_argument("limit", "200")
        if not limit.isdecimal() or not 1 <= int(limit) <= _MOST_EVENTS:
            raise web.HTTPError(400, f"limit must be a whole number from 1 to {_MOST_EVENTS}.")
        self.answer(await self.context.record(name, int(limit)))

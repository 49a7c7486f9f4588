"""The hub's calls for classes: who is in them, rosters, and visits to a learner's session.

Each is decided by the scopes of who asks; see `classes.instructor_scopes`.
"""

import asyncio
import json
import math
from dataclasses import asdict

from jupyterhub import orm
from jupyterhub.apihandlers import APIHandler
from jupyterhub.scopes import needs_scope
from pydantic import Field
from tornado import web

from classdesk_hub.audit import audit_log
from classdesk_hub.request_body import read_body
from classdesk_hub.roster import Change, RosterRequest, change, read_roster
from classdesk_hub.site.file import Site

from .membership import account_problems, apply, members, rank_problems

CLASSES_ROUTE = r"/api/classdesk/classes"
ROSTER_ROUTE = r"/api/classdesk/roster"
VISIT_ROUTE = r"/api/classdesk/users/([^/]+)/visit"

_VISIT_S = 60


class _RosterRequest(RosterRequest):
    only: str = Field("", alias="class", description="The only class that may be named; empty: any.")


class _ClassHandler(APIHandler):  # type: ignore[misc]  # jupyterhub has no type information
    def initialize(self, site: Site) -> None:
        super().initialize()
        self.site = site


class ClassesHandler(_ClassHandler):
    """Tells who is in the classes that the asker may read."""

    @needs_scope("read:groups", post_filter=True)  # type: ignore[untyped-decorator]  # as above
    def get(self) -> None:
        """Answer with full names by user name, by class."""
        found = {}
        for name in self.site.classes:
            group = orm.Group.find(self.db, name)
            if group is not None and self.has_scope(f"read:groups!group={name}"):
                found[name] = members(group)
        self.finish(json.dumps({"classes": found}))


class RosterHandler(_ClassHandler):
    """Takes rosters: a preview of what they change, and the change."""

    @web.authenticated
    async def post(self) -> None:
        """Take `{"csv": TEXT, "preview": BOOL, "class": NAME or ""}`; answer 200, 400 or 403.

        Where any line has an error nothing is changed.
        """
        request = read_body(_RosterRequest, self.request.body)
        preview, only = request.preview, request.only
        roster = read_roster(request.csv, self.site.classes, only)
        for name in {only, *roster.classes} - {""}:
            self._check_may_change(name, preview=preview)
        problems = list(roster.problems)
        admins = self._administrators()
        for name, entries in roster.classes.items():
            problems += rank_problems(
                entries,
                self.site.classes,
                name,
                admins,
                by_administrator=self.has_scope(f"groups!group={name}"),
            )
            problems += await asyncio.to_thread(account_problems, entries, self.site.login.allowed_groups)
        changes: dict[str, Change] = {}
        for name, entries in roster.classes.items():
            group = orm.Group.find(self.db, name)
            fixed = self.site.classes[name].learners
            changes[name] = change(entries, members(group), fixed)
            if not preview and not problems:
                apply(self.db, group, entries, changes[name])
                self._record(name, changes[name])
        answer = {
            "classes": {name: asdict(changed) for name, changed in changes.items()},
            "errors": [asdict(p) for p in sorted(problems, key=lambda p: p.line or math.inf)],
            "applied": not preview and not problems,
        }
        self.finish(json.dumps(answer))

    def _check_may_change(self, name: str, *, preview: bool) -> None:
        class_ = self.site.classes.get(name)
        # What a list would change may be seen before it is sent to who may import it.
        by_instructor = class_ is not None and (preview or class_.may_import == "instructor")
        if class_ is None or not (
            self.has_scope(f"groups!group={name}") or (by_instructor and self.has_scope(f"admin:servers!group={name}"))
        ):
            raise web.HTTPError(403, f"You may not change who is in the class “{name}”.")

    def _record(self, name: str, changed: Change) -> None:
        audit_log(self.site).write(
            name,
            self.current_user.name,
            "import",
            [*changed.add, *changed.remove],
            "done",
            detail=f"{len(changed.add)} came, {len(changed.remove)} left, {changed.keep} stay",
        )

    def _administrators(self) -> set[str]:
        found = self.db.query(orm.User.name).filter(orm.User.admin)
        return {*self.site.login.admins, *(name for (name,) in found)}


class VisitHandler(_ClassHandler):
    """Gives out tokens that open one learner's session for a minute, and nothing else."""

    @web.authenticated
    def post(self, name: str) -> None:
        """Answer with a token, or 403.

        A learner can read what is sent to their session. So the console never sends an instructor's own
        token there, which is good for the whole class.
        """
        # The second scope is what such a token lacks: nobody can make the next one with it.
        needed = (f"access:servers!server={name}/", f"admin:servers!user={name}")
        if not all(self.has_scope(scope) for scope in needed):
            raise web.HTTPError(403, "You have no access to this session.")
        token = self.current_user.new_api_token(
            note=f"console: a call to the session of {name}",
            expires_in=_VISIT_S,
            scopes=[f"access:servers!server={name}/"],
        )
        self.finish(json.dumps({"token": token, "seconds": _VISIT_S}))

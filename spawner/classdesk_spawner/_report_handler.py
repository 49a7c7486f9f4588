"""`POST /hub/api/classdesk/report`: a running session tells of itself, and learns when it ends."""

import json

from tornado import web

from ._report import read_report
from ._session_handler import SessionHandler

REPORT_ROUTE = r"/api/classdesk/report"


class ReportHandler(SessionHandler):
    """Accepts a session's reports."""

    @web.authenticated
    def post(self) -> None:
        """Take a `SessionReport`; answer 200 with the session's end, 400 or 403."""
        try:
            report = read_report(self.request.body)
        except ValueError as error:
            raise web.HTTPError(400, str(error)) from None
        spawner = self.session()
        spawner.take_report(report)
        job = spawner.job.seen if spawner.job else None
        self.finish(json.dumps({"end": job.end if job else None}))

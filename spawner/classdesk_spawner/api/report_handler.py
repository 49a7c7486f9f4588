"""`POST /hub/api/classdesk/report`: a running session tells of itself, and learns when it ends."""

from tornado import web

from classdesk_desktop.messages import as_json
from classdesk_desktop.protocol import HubPath, ReportAnswer
from classdesk_spawner.session.report import read_report

from .session_handler import SessionHandler

REPORT_ROUTE = f"/api/{HubPath.REPORT}"


class ReportHandler(SessionHandler):
    """Accepts a session's reports."""

    @web.authenticated
    async def post(self) -> None:
        """Take a `SessionReport`; answer 200 with a `ReportAnswer`, 400 or 403."""
        try:
            report = read_report(self.request.body)
        except ValueError as error:
            raise web.HTTPError(400, str(error)) from None
        spawner = self.session()
        spawner.take_report(report)
        job = spawner.job
        if job is not None:
            job.ends_in_order = bool(report.ending)
        if job is not None and job.reservation:
            await spawner.cluster.learn_reservations()
        end, reservation = job.end if job else (None, "")
        self.finish(as_json(ReportAnswer(end, reservation)))

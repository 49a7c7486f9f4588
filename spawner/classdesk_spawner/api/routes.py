"""Where the hub answers what is ours."""

from jupyterhub.apihandlers import default_handlers

from .extension_handlers import EXTEND_ROUTE, USER_EXTEND_ROUTE, ExtendHandler, UserExtendHandler
from .job_handlers import LAST_WORDS_ROUTE, PORT_ROUTE, LastWordsHandler, PortHandler
from .report_handler import REPORT_ROUTE, ReportHandler


def install() -> None:
    """Put our handlers into JupyterHub's list, in the place of the one that importing batchspawner registered."""
    ours = {
        PORT_ROUTE: PortHandler,
        LAST_WORDS_ROUTE: LastWordsHandler,
        REPORT_ROUTE: ReportHandler,
        EXTEND_ROUTE: ExtendHandler,
        USER_EXTEND_ROUTE: UserExtendHandler,
    }
    default_handlers[:] = [row for row in default_handlers if row[0] not in ours] + list(ours.items())

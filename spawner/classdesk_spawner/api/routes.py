"""Where the hub answers what is ours."""

from batchspawner.api import BatchSpawnerAPIHandler
from jupyterhub.apihandlers import default_handlers

from classdesk_spawner.hub.upstream import replace_handler

from .extension_handlers import EXTEND_ROUTE, USER_EXTEND_ROUTE, ExtendHandler, UserExtendHandler
from .job_handlers import LAST_WORDS_ROUTE, LastWordsHandler, PortHandler
from .report_handler import REPORT_ROUTE, ReportHandler


def install() -> None:
    """Put our handlers into JupyterHub's list, in the place of the one that importing batchspawner registered."""
    replace_handler(default_handlers, BatchSpawnerAPIHandler, PortHandler)
    ours = {
        LAST_WORDS_ROUTE: LastWordsHandler,
        REPORT_ROUTE: ReportHandler,
        EXTEND_ROUTE: ExtendHandler,
        USER_EXTEND_ROUTE: UserExtendHandler,
    }
    default_handlers.extend(ours.items())

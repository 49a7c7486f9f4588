"""How JupyterHub waits for a session's server between its call home and its first answer.

JupyterHub asks one address until a time limit, which its HTTP client may outlast by minutes, and then shows the
learner the exception. Here the job is looked at in between: it may have ended, or Slurm may have started it anew.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from jupyterhub.objects import Server

from classdesk_spawner.errors import ServerLostError, SessionError
from classdesk_spawner.session.job import SessionJob

from .upstream import wait_instead

_ATTEMPT_S = 5.0


def look_after(server: Server, job: SessionJob, move: Callable[[str, int], None]) -> None:
    """Let JupyterHub's wait for a server look at the session's job in between.

    The object that JupyterHub has made is changed, not replaced: a new one asks the database a dozen times, which a
    class that starts at once feels.

    Args:
        server: The server of a session that starts.
        job: The session's job.
        move: Told address and port where Slurm has started the job anew; changes the server's.
    """

    async def wait_up(timeout: float = 10, **options: Any) -> object:  # noqa: ASYNC109  # JupyterHub's name
        """Wait until the server answers, as JupyterHub does.

        Raises:
            ServerLostError: It does not, and will not.
        """
        deadline = time.monotonic() + timeout
        try:
            while (left := deadline - time.monotonic()) > 0:
                attempt = min(_ATTEMPT_S, left)
                try:
                    async with asyncio.timeout(attempt):
                        return await Server.wait_up(server, timeout=attempt, **options)
                except TimeoutError:
                    if address := await job.goes_on():
                        move(address, job.port)
                        deadline = time.monotonic() + timeout
        except SessionError as error:
            raise ServerLostError(error) from error
        raise ServerLostError(
            SessionError(
                "The session has started, but its server does not answer. Please start again; "
                "if it happens again, tell your instructor."
            )
        )

    wait_instead(server, wait_up)

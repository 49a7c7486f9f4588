"""How JupyterHub waits for a session's server between its call home and its first answer.

JupyterHub asks one address until a time limit, which its HTTP client may outlast by minutes, and then shows the
learner the exception. Here the job is looked at in between: it may have ended, or Slurm may have started it anew.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Self

from jupyterhub.objects import Server

from ._errors import ServerLostError, SessionError
from ._job import SessionJob

_ATTEMPT_S = 5.0


class SessionServer(Server):  # type: ignore[misc]  # jupyterhub has no type information
    """The server of a session that starts.

    Attributes:
        job: The session's job.
        move: Told address and port where Slurm has started the job anew.
    """

    job: SessionJob
    move: Callable[[str, int], None]

    @classmethod
    def of(cls, server: Server, job: SessionJob, move: Callable[[str, int], None]) -> Self:
        """Return a server on the database record of another one."""
        ours = cls(orm_server=server.orm_server)
        ours.job, ours.move = job, move
        return ours

    async def wait_up(self, timeout: float = 10, **options: Any) -> object:  # noqa: ASYNC109  # JupyterHub's name
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
                        return await super().wait_up(timeout=attempt, **options)
                except TimeoutError:
                    if address := await self.job.goes_on():
                        self.move(address, self.job.port)
                        deadline = time.monotonic() + timeout
        except SessionError as error:
            raise ServerLostError(error) from error
        raise ServerLostError(
            SessionError(
                "The session has begun, but its server does not answer. Please start again; "
                "if it happens again, tell your instructor."
            )
        )

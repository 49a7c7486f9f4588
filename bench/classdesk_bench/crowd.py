"""The class: learners who log in, press Start within one second, and wait on their pages.

Each does what a browser does: the form's POST, the waiting page, its stream of events, and at the end the session
itself through the proxy. And each does what a learner does: when the page says that it has failed they press Start
again, and when it says nothing new for half a minute they reload it.
"""

import asyncio
import json
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp
import yarl

from .stack import URL

FORM = {"ui": "terminal", "cores": "1", "hours": "1"}
_LOG_INS_AT_ONCE = 8
_THINKING_S = 2.0
"""A learner needs so long to read that it has failed, and to press Start again."""
_PATIENCE_S = 30.0
"""So long without anything new on the page, and they reload it."""


class _RefusedError(Exception):
    """The page says that there is no session."""


class _NothingNewError(Exception):
    """The page says nothing new."""


@dataclass
class Learner:
    """One learner with a browser.

    Attributes:
        name: Their account.
        http: Their browser: cookies of its own.
        began: Monotonic time of their first Start.
        ready: Monotonic time at which their session answered; infinity while it has not.
        refusals: Why they had to press Start again, each time, or to reload the page.
    """

    name: str
    http: aiohttp.ClientSession
    began: float = 0.0
    ready: float = math.inf
    refusals: list[str] = field(default_factory=list)
    _page: str = "nothing"

    @property
    def xsrf(self) -> str:
        """The token against cross-site requests that the hub's pages carry."""
        cookie = self.http.cookie_jar.filter_cookies(yarl.URL(f"{URL}/hub/")).get("_xsrf")
        return cookie.value if cookie else ""

    async def log_in(self) -> None:
        """Log in and look at the home page.

        Raises:
            RuntimeError: The hub does not let them in.
        """
        async with self.http.get(f"{URL}/hub/login") as page:
            await page.read()
        fields = {"username": self.name, "password": "x", "_xsrf": self.xsrf}
        login = f"{URL}/hub/login?next=%2Fhub%2Fhome"
        async with self.http.post(login, data=fields) as page:
            await page.read()
            if page.status != 200 or page.url.path != "/hub/home":
                raise RuntimeError(f"{self.name} cannot log in: {page.status} at {page.url}")

    async def start(self, delay: float, form: Mapping[str, str]) -> None:
        """Press Start after a delay, and again where that fails, until the session answers."""
        await asyncio.sleep(delay)
        self.began = time.monotonic()
        press = True
        while self.ready == math.inf:
            try:
                if press:
                    await self._press_start(form)
                await self._wait()
                await self._open()
                self.ready = time.monotonic()
            except _NothingNewError:
                self.refusals.append(f"nothing new for {_PATIENCE_S:g} s after “{self._page}”")
                press = False
            except (_RefusedError, aiohttp.ClientError, OSError, ValueError) as error:
                name = "" if isinstance(error, _RefusedError) else f"{type(error).__name__}: "
                self.refusals.append(f"{name}{error}")
                press = True
                await asyncio.sleep(_THINKING_S)

    async def _press_start(self, form: Mapping[str, str]) -> None:
        address = f"{URL}/hub/spawn?_xsrf={self.xsrf}"
        async with self.http.post(address, data=form, allow_redirects=False) as answer:
            text = await answer.text()
            # 400 after the first time: it is starting already, and the waiting page tells how.
            if answer.status != 302 and not (self.refusals and answer.status == 400):
                raise _RefusedError(f"status {answer.status} at Start{_sentence(text)}")

    async def _wait(self) -> None:
        async with self.http.get(f"{URL}/hub/spawn-pending/{self.name}", allow_redirects=False) as page:
            await page.read()
            if page.status not in {200, 302}:
                raise _RefusedError(f"status {page.status} at the waiting page")
            if page.status == 302 and "/spawn-pending/" not in page.headers["Location"]:
                return  # it was ready before the page was there
        stream = f"{URL}/hub/api/users/{self.name}/server/progress?_xsrf={self.xsrf}"
        async with self.http.get(stream) as events:
            if events.status != 200:
                raise _RefusedError(f"status {events.status} at the stream of events")
            lines, said = aiter(events.content), time.monotonic()
            while True:
                try:
                    async with asyncio.timeout(max(0.0, said + _PATIENCE_S - time.monotonic())):
                        line = await anext(lines, b"")
                except TimeoutError:
                    raise _NothingNewError from None
                if not line:
                    raise _RefusedError("the stream of events ended")
                if not line.startswith(b"data:"):
                    continue
                event = json.loads(line.removeprefix(b"data:"))
                if event.get("ready"):
                    return
                if event.get("failed"):
                    raise _RefusedError(f"failed: {event.get('message')}")
                if (news := str(event)) != self._page:
                    self._page, said = news, time.monotonic()

    async def _open(self) -> None:
        async with self.http.get(f"{URL}/user/{self.name}/api", allow_redirects=False) as answer:
            await answer.read()
            if answer.status != 200:
                raise _RefusedError(f"status {answer.status} from the session")


@dataclass(frozen=True)
class ClassResult:
    """How a class has started.

    Attributes:
        began: Unix time of the first Start.
        seconds: From the first Start until the last session answered; infinity where one never did.
        waits: Seconds from each learner's first Start until their session answered.
        never: How many never got a session.
        refused: How many had to press Start again, or to reload the page.
        refusals: How often each reason for that was given.
    """

    began: float
    seconds: float
    waits: Sequence[float]
    never: int
    refused: int
    refusals: Mapping[str, int]


async def start_class(
    names: Sequence[str], within_s: float, limit_s: float, tell: Callable[[str], None]
) -> ClassResult:
    """Let a class log in, then press Start.

    Args:
        names: The accounts.
        within_s: Seconds over which the Starts are spread evenly.
        limit_s: Seconds after which those who still wait get no session any more.
        tell: Is told now and then how far it has come.
    """
    connector = aiohttp.TCPConnector(limit=0)
    learners = [
        Learner(
            name,
            aiohttp.ClientSession(
                connector=connector,
                connector_owner=False,
                cookie_jar=aiohttp.CookieJar(unsafe=True),  # "unsafe": it is asked by address
                timeout=aiohttp.ClientTimeout(total=None),
                read_bufsize=2**20,
            ),
        )
        for name in names
    ]
    try:
        await _log_in(learners, tell)
        began, clock = time.time(), time.monotonic()
        starts = [
            asyncio.create_task(learner.start(within_s * number / len(learners), FORM))
            for number, learner in enumerate(learners)
        ]
        pending = set(starts)
        while pending and time.monotonic() - clock < limit_s:
            _, pending = await asyncio.wait(pending, timeout=0.5)
            ready = sum(learner.ready < math.inf for learner in learners)
            tell(f"{ready} of {len(learners)} ready after {time.monotonic() - clock:.0f} s")
        for task in pending:
            task.cancel()
        await asyncio.gather(*starts, return_exceptions=True)
    finally:
        for learner in learners:
            await learner.http.close()
        await connector.close()
    return ClassResult(
        began=began,
        seconds=max(learner.ready for learner in learners) - clock,
        waits=[learner.ready - learner.began for learner in learners],
        never=sum(learner.ready == math.inf for learner in learners),
        refused=sum(bool(learner.refusals) for learner in learners),
        refusals=Counter(refusal for learner in learners for refusal in learner.refusals),
    )


async def _log_in(learners: Sequence[Learner], tell: Callable[[str], None]) -> None:
    gate = asyncio.Semaphore(_LOG_INS_AT_ONCE)
    done = 0

    async def one(learner: Learner) -> None:
        nonlocal done
        async with gate:
            await learner.log_in()
        done += 1
        tell(f"{done} of {len(learners)} logged in")

    await asyncio.gather(*map(one, learners))


def _sentence(page: str) -> str:
    found = re.search(r'class="text-danger">\s*(?:Error:)?\s*([^<]+)|"classdesk-refusal">([^<]+)', page)
    return f": {(found.group(1) or found.group(2)).strip()}" if found else ""

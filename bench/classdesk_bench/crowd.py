"""The class: learners who log in, press Start within one second, and wait on their pages.

Each does what a browser does: the form's POST, the waiting page, its stream of events, and at the end the session
itself through the proxy.
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


@dataclass
class Learner:
    """One learner with his browser.

    Attributes:
        name: His account.
        http: His browser: cookies of his own.
        began: Monotonic time of his Start.
        ready: Monotonic time at which his session answered; infinity while it has not.
        refusal: Why he was refused; empty where he was not.
    """

    name: str
    http: aiohttp.ClientSession
    began: float = 0.0
    ready: float = math.inf
    refusal: str = ""

    @property
    def xsrf(self) -> str:
        """The token against cross-site requests that the hub's pages carry."""
        cookie = self.http.cookie_jar.filter_cookies(yarl.URL(f"{URL}/hub/")).get("_xsrf")
        return cookie.value if cookie else ""

    async def log_in(self) -> None:
        """Log in and look at the home page.

        Raises:
            RuntimeError: The hub does not let him in.
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
        """Press Start after a delay and wait until the session answers or is refused."""
        await asyncio.sleep(delay)
        self.began = time.monotonic()
        try:
            self.refusal = await self._press_start(form) or await self._wait() or await self._open()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self.refusal = f"{type(error).__name__}: {error}"
        if not self.refusal:
            self.ready = time.monotonic()

    async def _press_start(self, form: Mapping[str, str]) -> str:
        address = f"{URL}/hub/spawn?_xsrf={self.xsrf}"
        async with self.http.post(address, data=form, allow_redirects=False) as answer:
            text = await answer.text()
            if answer.status == 302:
                return ""
            return f"status {answer.status} at Start{_sentence(text)}"

    async def _wait(self) -> str:
        async with self.http.get(
            f"{URL}/hub/spawn-pending/{self.name}", allow_redirects=False
        ) as page:
            await page.read()
            if page.status not in {200, 302}:
                return f"status {page.status} at the waiting page"
            if page.status == 302 and "/spawn-pending/" not in page.headers["Location"]:
                return ""  # it was ready before the page was there
        stream = f"{URL}/hub/api/users/{self.name}/server/progress?_xsrf={self.xsrf}"
        async with self.http.get(stream) as events:
            if events.status != 200:
                return f"status {events.status} at the stream of events"
            async for line in events.content:
                if line.startswith(b"data:"):
                    event = json.loads(line.removeprefix(b"data:"))
                    if event.get("ready"):
                        return ""
                    if event.get("failed"):
                        return f"failed: {event.get('message')}"
        return "the stream of events ended"

    async def _open(self) -> str:
        async with self.http.get(f"{URL}/user/{self.name}/api", allow_redirects=False) as answer:
            await answer.read()
            return "" if answer.status == 200 else f"status {answer.status} from the session"


@dataclass(frozen=True)
class ClassResult:
    """How a class has started.

    Attributes:
        began: Unix time of the first Start.
        seconds: From the first Start until the last session answered, of those that ever did.
        waits: Seconds from each learner's Start until his session answered.
        refusals: How often each refusal was given.
    """

    began: float
    seconds: float
    waits: Sequence[float]
    refusals: Mapping[str, int] = field(default_factory=dict)


async def start_class(
    names: Sequence[str],
    within_s: float,
    limit_s: float,
    patience_s: float,
    tell: Callable[[str], None],
) -> ClassResult:
    """Let a class log in, then press Start.

    Args:
        names: The accounts.
        within_s: Seconds over which the Starts are spread evenly.
        limit_s: Seconds after which those who still wait are counted as timed out.
        patience_s: Seconds without any news after which they are.
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
                timeout=aiohttp.ClientTimeout(total=limit_s),
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
        pending, moved = set(starts), clock
        while pending and time.monotonic() - clock < limit_s:
            done, pending = await asyncio.wait(pending, timeout=0.5)
            moved = time.monotonic() if done else moved
            if time.monotonic() - moved > patience_s:
                break
            ready = sum(learner.ready < math.inf for learner in learners)
            tell(f"{ready} of {len(learners)} ready after {time.monotonic() - clock:.0f} s")
        for task in pending:
            task.cancel()
        await asyncio.gather(*starts, return_exceptions=True)
    finally:
        for learner in learners:
            await learner.http.close()
        await connector.close()
    refusals = Counter(
        learner.refusal or "never ready" for learner in learners if learner.ready == math.inf
    )
    return ClassResult(
        began=began,
        seconds=max((one.ready for one in learners if one.ready < math.inf), default=math.inf)
        - clock,
        waits=[learner.ready - learner.began for learner in learners],
        refusals=refusals,
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
    found = re.search(
        r'class="text-danger">\s*(?:Error:)?\s*([^<]+)|"classdesk-refusal">([^<]+)', page
    )
    return f": {(found.group(1) or found.group(2)).strip()}" if found else ""

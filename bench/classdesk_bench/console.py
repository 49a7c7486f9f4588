"""300 sessions and one instructor's page: what the console's process uses, and how soon the page shows a raised hand.

Hub, proxy, console and Chromium are real. Slurm is the unit tests' fake, and each session is its reports: what a real
one posts every 20 s.
"""

import argparse
import asyncio
import contextlib
import math
import os
import random
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, Page, async_playwright

from support.browser import CHROMIUM, FLAGS
from support.fake_slurm import FakeSlurm

from . import machine, samples, stack
from .command_line import CommandLine
from .crowd import start_class
from .report import Progress, print_object, show
from .watcher import run_jobs, stand_in

COLUMNS = {
    "n": "sessions",
    "console_cpu_percent": "console's CPU\n% of a core",
    "console_rss_mb": "console\nMB",
    "hub_cpu_percent": "hub's CPU\n% of a core",
    "shown_p50_s": "hand shown\np50, s",
    "shown_max_s": "hand shown\nmax, s",
    "long_task_max_ms": "page's longest\ntask, ms",
    "first_s": "page with all\nlearners, s",
    "not_shown": "not shown\nin 10 s",
}
INSTRUCTOR = "instructor"
REPORT_EACH_S = 20.0
HAND_EACH_S = 2.0
PATIENCE_S = 10.0

# In the page: when a learner's row first shows a text, and each task that held the page up.
_WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => {
    window.longTasks.push(...list.getEntries().map((entry) => entry.duration));
  }).observe({ type: "longtask" });
}"""
_WAIT_FOR = """([name, text, patience]) => new Promise((resolve) => {
  const look = () => document.querySelector(`[data-name="${name}"]`)?.textContent.includes(text);
  const end = (value) => { observer.disconnect(); resolve(value); };
  const observer = new MutationObserver(() => {
    if (look()) requestAnimationFrame(() => end(Date.now() / 1000));
  });
  observer.observe(document.getElementById("rows"), { childList: true, subtree: true, characterData: true });
  setTimeout(() => end(null), patience * 1000);
})"""


@dataclass(frozen=True)
class Figures:
    """What a run has shown; the meaning of each is in bench/README.md."""

    console_cpu_percent: float
    console_rss_mb: float
    hub_cpu_percent: float
    shown_p50_s: float
    shown_max_s: float
    long_task_max_ms: float
    first_s: float
    not_shown: int


class Session:
    """The reports of one session."""

    def __init__(self, token: str, chance: random.Random) -> None:
        self._headers = {"Authorization": f"token {token}"}
        self._chance = chance
        self._cpu_s = 0.0
        self.hand: Mapping[str, Any] | None = None

    async def report(self, http: aiohttp.ClientSession) -> None:
        """Tell the hub how the session is."""
        self._cpu_s += self._chance.random() * REPORT_EACH_S
        body = {
            "idle_s": self._chance.random() * 100,
            "busy": False,
            "cpu_s": self._cpu_s,
            "memory_mib": 300 + self._chance.random() * 400,
            "desktop": "painted",
            "safe": False,
            "hand": self.hand,
            "watchers": [],
        }
        address = f"{stack.API_URL}/classdesk/report"
        async with http.post(address, json=body, headers=self._headers) as answer:
            answer.raise_for_status()

    async def report_for_ever(self, http: aiohttp.ClientSession) -> None:
        """Report every 20 s, beginning at a moment of its own."""
        await asyncio.sleep(self._chance.random() * REPORT_EACH_S)
        while True:
            await self.report(http)
            await asyncio.sleep(REPORT_EACH_S)


def process_usage(pid: int) -> tuple[float, float]:
    """Return a process's CPU seconds and largest resident memory in MB."""
    process = Path(f"/proc/{pid}")
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks, int(status["VmHWM"].split()[0]) / 1000


def console_pid() -> int:
    """Return the process of the console.

    Raises:
        RuntimeError: There is none.
    """
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"\0run\0console\0" in (process / "cmdline").read_bytes():
                return int(process.name)
    raise RuntimeError("the console does not run")


@contextlib.asynccontextmanager
async def instructor_at(browser: Browser) -> AsyncIterator[Page]:
    """Log the instructor in and open the class's page."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.goto(f"{stack.URL}/hub/login?next=%2Fhub%2Fhome")
    await page.get_by_label("Username").fill(INSTRUCTOR)
    await page.get_by_label("Password").fill("x")
    await page.locator("#login_submit").click()
    await page.wait_for_url("**/hub/home")
    yield page
    await context.close()


async def look(page: Page, sessions: Mapping[str, Session], http: aiohttp.ClientSession, seconds: float) -> list[float]:
    """Raise one hand after the other; return after how many seconds the page has shown each, infinity for never."""
    chance = random.Random(3)  # noqa: S311  # whose turn it is
    shown: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pause = asyncio.create_task(asyncio.sleep(HAND_EACH_S))
        name = chance.choice(sorted(sessions))
        text = f"question {len(shown)}"
        waits = asyncio.create_task(page.evaluate(_WAIT_FOR, [name, text, PATIENCE_S]))
        await asyncio.sleep(0.1)  # the page looks before the hand is up
        began = time.time()
        sessions[name].hand = {"since": began, "text": text}
        await sessions[name].report(http)
        at = await waits
        shown.append(math.inf if at is None else at - began)
        sessions[name].hand = None
        await pause
    return shown


async def run_class(
    names: Sequence[str],
    slurm: FakeSlurm,
    running: stack.Stack,
    seconds: float,
    progress: Progress,
) -> Figures:
    """Start all sessions, let them report, and look at them."""
    chance = random.Random(1)  # noqa: S311  # figures of made-up sessions
    async with (
        stand_in() as port,
        aiohttp.ClientSession() as http,
        async_playwright() as playwright,
        asyncio.TaskGroup() as tasks,
    ):
        jobs = tasks.create_task(run_jobs(slurm, 2, port))
        result = await start_class(names, 10, 120, progress.tell)
        if result.never:
            raise RuntimeError(f"not all sessions have started: {dict(result.refusals)}")
        jobs.cancel()
        sessions = {
            job["variables"]["JUPYTERHUB_USER"]: Session(job["variables"]["JUPYTERHUB_API_TOKEN"], chance)
            for job in slurm.jobs().values()
        }
        reports = [tasks.create_task(one.report_for_ever(http)) for one in sessions.values()]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        async with instructor_at(browser) as page:
            began = time.monotonic()
            await page.goto(f"{stack.URL}/services/console/class/bench")
            await page.wait_for_function("n => document.querySelectorAll('.learner.live').length === n", arg=len(names))
            first_s = time.monotonic() - began
            await asyncio.sleep(REPORT_EACH_S + 1)  # until each has reported
            await page.evaluate(_WATCH)
            progress.tell("all report")
            console = console_pid()
            clock, before, hub_before = time.monotonic(), process_usage(console), running.figures()
            shown = await look(page, sessions, http, seconds)
            took = time.monotonic() - clock
            after, hub_after = process_usage(console), running.figures()
            tasks_ms = await page.evaluate("window.longTasks")
        await browser.close()
        for report in reports:
            report.cancel()
    return Figures(
        console_cpu_percent=100 * (after[0] - before[0]) / took,
        console_rss_mb=after[1],
        hub_cpu_percent=100 * (hub_after.cpu_s - hub_before.cpu_s) / took,
        shown_p50_s=samples.percentile(shown, 50),
        shown_max_s=max(shown),
        long_task_max_ms=max(tasks_ms, default=0.0),
        first_s=first_s,
        not_shown=sum(math.isinf(value) for value in shown),
    )


def main() -> None:
    """Run it and print the table."""
    options = parse_arguments()
    machine.require_world()
    progress = Progress()
    progress.begin("preparing accounts")
    names = machine.set_up(options.sessions)
    machine.run("ip", "address", "add", "192.0.2.7/32", "dev", "lo")  # the fake's sinfo says so
    directory = machine.DIRECTORY / "slurm"
    shutil.rmtree(directory, ignore_errors=True)
    slurm = FakeSlurm.install(directory)
    directory.chmod(0o777)  # sbatch writes there as the learner
    (directory / "calls").touch()
    (directory / "calls").chmod(0o666)
    learners = ", ".join(f'"{name}"' for name in names)
    site = f'[classes.bench]\ninstructors = ["{INSTRUCTOR}"]\nlearners = [{learners}]\n'
    progress.begin(f"{options.sessions} sessions, {options.seconds:g} s")
    with stack.running("ours", options.python, bin_directory=str(directory), more_site=site) as running:
        try:
            figures = asdict(asyncio.run(run_class(names, slurm, running, options.seconds, progress)))
        finally:
            machine.keep_logs()
    row = {"n": options.sessions, **figures}
    show(f"{options.seconds:g} s, a hand every {HAND_EACH_S:g} s", COLUMNS, [row])
    if options.json:
        print_object(row)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = CommandLine(
        "console",
        "Made-up sessions that report to a real hub, and an instructor's page in Chromium.",
    )
    parser.add_python()
    parser.add_sessions()
    parser.add_json()
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""`classdesk class …`: what instructors do on the console's page, for administrators on the hub's machine."""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from classdesk_hub.audit import ACT_TITLES
from classdesk_hub.in_hub.roles import CONSOLE
from classdesk_hub.learner_facts import LEARNERS, ActName, Learner
from classdesk_hub.roster import decode_roster
from classdesk_hub.site.file import SITE_FILE, Site, load_site
from classdesk_hub.site.tokens import class_token

app = typer.Typer(
    help="See the classes, start and stop their sessions, help learners; as the console's page does.",
    no_args_is_help=True,
)

SiteFile = Annotated[Path, typer.Option("--site", help="The site file.", envvar="CLASSDESK_SITE", dir_okay=False)]
ClassName = Annotated[str, typer.Argument(metavar="CLASS", help="Name of the class.")]
Learners = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LEARNER]…", help="User names; none: the whole class."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]

_MOST_NAMES = 3
_POLL_S = 0.5
_TIMEOUT_S = 60
_OUT = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class _Caller:
    site: Site

    def console(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the console, and end the command with a sentence where it refuses."""
        url = f"{self.site.hub.console_url}/services/{CONSOLE}/api/{path}"
        return self._call(method, url, body, "The class console")

    def hub(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the hub, likewise."""
        base = self.site.hub.api_url.replace("//0.0.0.0:", "//127.0.0.1:")
        return self._call(method, f"{base}/hub/api{path}", body, "The hub")

    def learners(self, name: str) -> tuple[Learner, ...]:
        """Return the learners of a class as they are now."""
        return LEARNERS.validate_python(self.console("GET", f"class/{quote(name)}/learners")["learners"])

    def _call(self, method: str, url: str, body: Mapping[str, Any] | None, who: str) -> Any:
        request = urllib.request.Request(  # noqa: S310  # the site file allows http and https only
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"token {class_token(self.site)}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                text = answer.read().decode()
                return json.loads(text) if "json" in answer.headers["Content-Type"] else text
        except urllib.error.HTTPError as error:
            try:
                sentence = json.load(error)["message"]
            except (ValueError, KeyError, TypeError):
                sentence = f"{who} answered with the status {error.code}."
            raise _ended(sentence) from None
        except OSError as error:
            raise _ended(f"{who} does not answer at {url.partition('/services')[0]}: {error}") from None


def _ended(sentence: str) -> typer.Exit:
    print(sentence, file=sys.stderr)
    return typer.Exit(1)


def _caller(site_file: Path) -> _Caller:
    site = load_site(site_file)
    if not site.classes:
        raise _ended(f"{site_file} names no classes. Add a table [classes.NAME].")
    return _Caller(site)


@app.command("list")
def list_(site_file: SiteFile = SITE_FILE) -> None:
    """List the classes."""
    caller = _caller(site_file)
    table = Table("class", "title", "instructors", "learners", box=None, pad_edge=False)
    for found in caller.console("GET", "classes"):
        instructors = ", ".join(caller.site.classes[found["name"]].instructors)
        table.add_row(*map(escape, (found["name"], found["title"], instructors, str(found["learners"]))))
    _OUT.print(table)


@app.command()
def show(name: ClassName, site_file: SiteFile = SITE_FILE) -> None:
    """Show the learners of a class with their sessions."""
    table = Table("learner", "name", "state", "node", "ends", "what", box=None, pad_edge=False)
    for one in _caller(site_file).learners(name):
        what = f"asks for help: {one.hand.text}".rstrip(": ") if one.hand else one.sentence or one.reason
        table.add_row(*map(escape, (one.name, one.full_name, one.state, one.node, one.end_clock, what)))
    _OUT.print(table)


@app.command()
def start(name: ClassName, learners: Learners = None, site_file: SiteFile = SITE_FILE) -> None:
    """Start sessions with the preset of the class."""
    _act(site_file, name, "start", learners)


@app.command()
def stop(name: ClassName, learners: Learners = None, yes: Yes = False, site_file: SiteFile = SITE_FILE) -> None:
    """Stop sessions. What is not saved in them is lost."""
    _act(site_file, name, "stop", learners, ask="" if yes else "stopped")


@app.command()
def reset(
    name: ClassName,
    kind: Annotated[
        Literal["session", "desktop", "lesson"],
        typer.Argument(
            help="session: restart it; desktop: fresh settings, the old ones are kept; "
            "lesson: fresh files, the learner's copies are kept."
        ),
    ],
    learners: Learners = None,
    yes: Yes = False,
    site_file: SiteFile = SITE_FILE,
) -> None:
    """Reset sessions, desktops or lesson files."""
    _act(site_file, name, _RESETS[kind], learners, ask="" if yes else f"reset ({kind})")


@app.command()
def extend(
    name: ClassName,
    minutes: Annotated[int, typer.Argument(min=1, max=1440, help="Minutes more.")],
    learners: Learners = None,
    site_file: SiteFile = SITE_FILE,
) -> None:
    """Give running sessions more time."""
    _act(site_file, name, "extend", learners, minutes=minutes)


@app.command()
def message(
    name: ClassName,
    text: Annotated[str, typer.Argument(help="The message.")],
    learners: Learners = None,
    site_file: SiteFile = SITE_FILE,
) -> None:
    """Send a message that appears in the desktops."""
    _act(site_file, name, "message", learners, text=text)


@app.command("lower-hand")
def lower_hand(name: ClassName, learners: Learners = None, site_file: SiteFile = SITE_FILE) -> None:
    """Lower raised hands."""
    _act(site_file, name, "lower-hand", learners)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV with the columns user, name, group.", exists=True)],
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would change.")] = False,
    site_file: SiteFile = SITE_FILE,
) -> None:
    """Import the roster of one or more classes. Who is not in it leaves the class."""
    try:
        text = decode_roster(file.read_bytes())
    except OSError as error:
        raise _ended(f"{file} cannot be read: {error}") from None
    answer = _caller(site_file).hub("POST", "/classdesk/roster", {"csv": text, "preview": preview})
    for problem in answer["errors"]:
        where = f"line {problem['line']}: " if problem["line"] else ""
        print(f"{where}{problem['message']}", file=sys.stderr)
    if answer["errors"]:
        raise _ended("Nothing was changed.")
    for name, change in answer["classes"].items():
        print(f"{name}: {'would change' if preview else 'changed'}")
        for word in ("add", "remove", "rename"):
            for user in change[word]:
                print(f"  {word} {user}")
        fixed = f", {change['fixed']} because the site file names them" if change["fixed"] else ""
        print(f"  keep {change['keep']}{fixed}")


@app.command("export")
def export_(
    names: Annotated[list[str] | None, typer.Argument(metavar="[CLASS]…")] = None,
    site_file: SiteFile = SITE_FILE,
) -> None:
    """Print the roster of classes, or of all, as import takes it."""
    caller = _caller(site_file)
    for number, name in enumerate(names or caller.site.classes):
        text = caller.console("GET", f"class/{quote(name)}/roster.csv")
        lines = text.splitlines()
        print("\n".join(lines[1:] if number else lines))


@app.command()
def audit(
    name: ClassName,
    limit: Annotated[int, typer.Option(min=1, max=2000, help="How many, the newest.")] = 50,
    site_file: SiteFile = SITE_FILE,
) -> None:
    """Show what instructors did in a class, the newest first."""
    for event in _caller(site_file).console("GET", f"class/{quote(name)}/audit?limit={limit}"):
        print(record_lines(event))


def record_lines(event: Mapping[str, Any]) -> str:
    """Return an event of the record for a terminal: a line, and where there is more to say of it, one beneath."""
    when = f"{datetime.fromtimestamp(event['time']).astimezone():%d %b %H:%M}"
    act, whom = ACT_TITLES.get(event["act"], event["act"]), event["whom"]
    people = ", ".join(whom[:_MOST_NAMES])
    if len(whom) > _MOST_NAMES:
        people += f" and {len(whom) - _MOST_NAMES} more"
    line = "  ".join(filter(None, (when, event["who"], act, people, event["result"])))
    return f"{line}\n{' ' * len(when)}  {event['detail']}" if event["detail"] else line


def _clock(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment).astimezone():%H:%M}"


_RESETS: dict[str, ActName] = {"session": "restart", "desktop": "reset-desktop", "lesson": "reset-lesson"}

_OVER = {"done": "done", "partly": "done in part", "failed": "failed"}
"""What has come of an act for a learner, by its status."""


def _act(
    site_file: Path, name: str, act: ActName, learners: Iterable[str] | None, *, ask: str = "", **more: Any
) -> None:
    """Do an act and print what came of it for each learner; exit status 1 where any failed."""
    caller = _caller(site_file)
    chosen = list(learners or [])
    if not chosen:
        chosen = [one.name for one in caller.learners(name) if act in one.can]
    if not chosen:
        print("Nothing to do: no learner is in a state to which this applies.")
        return
    if ask:
        people = "1 learner" if len(chosen) == 1 else f"{len(chosen)} learners"
        typer.confirm(f"The sessions of {people} will be {ask}. Go on?", abort=True)
    wish = {"act": act, "learners": chosen, **more}
    path = f"class/{quote(name)}/acts"
    address = f"{path}/{caller.console('POST', path, wish)['id']}"
    told: set[str] = set()
    failed = 0
    while True:
        model = caller.console("GET", address)
        for one in model["results"]:
            if one["status"] in _OVER and one["learner"] not in told:
                told.add(one["learner"])
                failed += one["status"] == "failed"
                end = f" It ends at {_clock(one['end'])}." if one["end"] else ""
                print(f"{one['learner']}: {_OVER[one['status']]}: {one['message']}{end}")
        if model["done"]:
            break
        time.sleep(_POLL_S)
    if failed:
        raise _ended(f"{failed} of {len(chosen)} failed. The same command tries them again.")

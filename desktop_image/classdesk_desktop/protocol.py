"""What hub and session say to each other: names, words and shapes. The standard library is all that it needs.

Beside `messages` and `version`, it is the only module of this package that the hub's packages import. A hub and
sessions of another version are the normal case after each upgrade, because running sessions keep their image. So
whoever reads leaves out what it does not know, and has a default for what is missing (`messages.py`).
`tests/data/protocol` has the messages of each released version, and the tests play them against the readers of today.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

PROTOCOL: Final = 1
"""Raised where a name or a shape changes so that the other side misses something that it had before."""

# In the image ------------------------------------------------------------------------------

SESSION_PROGRAM: Final = "/opt/classdesk/bin/classdesk-session"
"""What the job runs."""

JOB_PROGRAM: Final = "/opt/classdesk/bin/run-job"
"""Runs what a learner submits in a session."""

OWN_NETWORK: Final = "own-network"
"""A file in the door's directory: the session has a network of its own, and only the node's sockets are reached."""

VERSION_FILE: Final = "/opt/classdesk/VERSION"
"""Holds the version of the image and a line end."""

GPU_DIRECTORY: Final = "/run/classdesk-gpu"
"""Has what the driver of the node's GPUs brings along, in `lib` and `bin`, where the runtime does not know GPUs."""

# The job's environment ---------------------------------------------------------------------


class Variable(StrEnum):
    """Variables of the job that the hub sets for the session, beside JupyterHub's own."""

    POLICY = "CLASSDESK_POLICY"
    """A `Policy` as JSON."""
    LOCALE = "CLASSDESK_LOCALE"
    """What the learner's browser asks for, such as `fr-CA`; may be empty."""
    INTERFACE = "CLASSDESK_INTERFACE"
    """An `InterfaceKind`."""
    END = "CLASSDESK_END"
    """When the job's time is over, in Unix seconds."""
    MEMORY = "CLASSDESK_MEMORY"
    """The session's memory in MiB."""
    SCRATCH = "CLASSDESK_SCRATCH"
    """A directory of the session's own on the node's disk; empty where the node has no disk for it."""
    TIME_ZONE = "CLASSDESK_TIME_ZONE"
    """The node's, such as `America/Halifax`; may be a file's name, where the node has no name for it."""
    START_AGAIN = "CLASSDESK_START_AGAIN"
    """The query of a link to the form with what was chosen."""
    DOOR = "CLASSDESK_DOOR"
    """The directory of the door to the node; not there where a session has no Slurm (`session/door.py`)."""
    DIRECTORY = "CLASSDESK_DIRECTORY"
    """Where a job that was submitted in a session is to work."""
    PORTS = "CLASSDESK_PORTS"
    """The ports on which the session listens for others, such as `20000-20999`; empty: any."""
    LESSONS = "CLASSDESK_LESSONS"
    """The directories with lesson packs, separated by colons; of packs with one name, the first counts."""
    LESSONS_URL = "LESSONS_URL"
    """Where the hub serves the lesson files, without a slash at the end. Learners read it, so its name is short."""


IMAGE_LESSONS: Final = "/opt/classdesk/lessons"
"""Where the image has its lesson packs."""
LESSONS_MOUNT: Final = "/run/lessons"
"""Below it, a session has the site's and its classes' directories of packs, under their own paths."""

InterfaceKind = Literal["desktop", "lab", "terminal"]
"""What a session runs and opens."""

DEFAULT_URLS: Final[dict[InterfaceKind, str]] = {"desktop": "/desktop/", "lab": "/lab", "terminal": "/terminal/"}
"""The page that a session opens."""

Observe = Literal["ask", "notify", "off"]
"""Whether instructors may look: once the learner has accepted, at once, never."""

Logout = Literal["ask", "new", "end"]
"""What a log-out does: the learner chooses, a new desktop, the session ends."""


@dataclass(frozen=True)
class Policy:
    """What the site allows in a session.

    Attributes:
        clipboard_in: Text may be pasted into the desktop.
        clipboard_out: Text may be copied out of the desktop.
        upload: Files may be dropped on the page.
        download: Files may be fetched from the page.
        extend_minutes: Minutes that one press of *Extend* adds; 0 offers no *Extend*.
        observe: Whether instructors may look at the desktop.
        thumbnails: The console may show small pictures of the desktop.
        idle_cpu: A running computation counts as activity.
        logout: What a log-out from MATE does.
        locale: The desktop's locale; empty means the browser's.
        keyboard: The desktop's keyboard layout, as setxkbmap takes it; empty leaves the VNC server's own.
    """

    clipboard_in: bool = True
    clipboard_out: bool = True
    upload: bool = True
    download: bool = True
    extend_minutes: int = 0
    observe: Observe = "ask"
    thumbnails: bool = False
    idle_cpu: bool = True
    logout: Logout = "ask"
    locale: str = ""
    keyboard: str = ""


# What a session asks of the hub ------------------------------------------------------------


class HubPath(StrEnum):
    """What a session posts to, below the address of the hub's API, with its own token."""

    PORT = "batchspawner"
    """A `Port`; the path is batchspawner's, so that its client works too."""
    LAST_WORDS = "classdesk/last-words"
    """A `LastWords`."""
    REPORT = "classdesk/report"
    """A `Report`; the answer is a `ReportAnswer`."""
    EXTEND = "classdesk/extend"
    """An `Extend`; the answer is an `Extension`."""


@dataclass(frozen=True)
class Port:
    """The port on which the session's server listens."""

    port: int


@dataclass(frozen=True)
class LastWords:
    """The end of a failed session's log.

    Attributes:
        log: UTF-8 text in base64.
    """

    log: str


DesktopState = Literal["starting X", "starting MATE", "painted", "restarting", "failed", "logged out", "no desktop"]
"""How far the desktop is. After a log-out the learner is asked what to do, and nothing runs meanwhile.

A report has it in small letters, and `FROZEN` for a desktop that does not answer.
"""

FROZEN: Final = "frozen"

VisitAct = Literal["observe", "control", "help"]


@dataclass(frozen=True)
class RaisedHand:
    """A raised hand.

    Attributes:
        since: When it was raised, in Unix seconds.
        text: What the learner wrote to it.
        helper: The instructor who comes to help; empty while nobody has said so.
        helper_since: When they said so, in Unix seconds.
        look: Whether who helps may look at the desktop without asking.
    """

    since: float = 0.0
    text: str = ""
    helper: str = ""
    helper_since: float | None = None
    look: bool = False


@dataclass(frozen=True)
class VisitEvent:
    """What an instructor did in the session.

    Attributes:
        number: Each one's own in this session, growing from 1.
        time: When, in Unix seconds, by the session's clock.
        who: The hub's account.
        act: What they wanted.
        result: What became of it, in a word or two.
    """

    number: int = 0
    time: float = 0.0
    who: str = ""
    act: VisitAct = "observe"
    result: str = ""


@dataclass(frozen=True)
class Report:
    """What a session tells of itself every few seconds.

    Attributes:
        idle_s: Seconds since somebody last did something; None where that is not known.
        busy: Whether a computation of the learner runs.
        cpu_s: Processor time that the session has used so far, in seconds.
        memory_mib: Memory that the session uses now, in MiB.
        desktop: State of the desktop in a word; see `DesktopState`.
        starts: How many desktops the session has had.
        pages: How many pages the learner has open; None where that is not known.
        safe: Whether the desktop runs with safe settings.
        hand: The learner's raised hand.
        watchers: Who looks at the desktop now.
        events: What instructors did last, the oldest first.
        version: classdesk's in the image; empty where it is not known.
        protocol: The session's `PROTOCOL`; 0 where it is not known.
        ending: Why the session ends in order, in a word; empty while it goes on.
    """

    idle_s: float | None = None
    busy: bool = False
    cpu_s: float = 0.0
    memory_mib: float = 0.0
    desktop: str = ""
    starts: int = 0
    pages: int | None = None
    safe: bool = False
    hand: RaisedHand | None = None
    watchers: tuple[str, ...] = ()
    events: tuple[VisitEvent, ...] = ()
    version: str = ""
    protocol: int = 0
    ending: str = ""


@dataclass(frozen=True)
class ReportAnswer:
    """What the session learns from its report.

    Attributes:
        end: The session's end in Unix seconds; None where it is not known.
        reservation: The reservation that ends the session then; else empty.
    """

    end: float | None = None
    reservation: str = ""


@dataclass(frozen=True)
class Extend:
    """A wish for more time, of a session or an instructor; who sends nothing wants what the site gives at a time."""

    minutes: int


@dataclass(frozen=True)
class Extension:
    """What came of it.

    Attributes:
        end: The session's new end in Unix seconds; None where it is no longer known.
        minutes: How much was given.
        limited_by: What allows no more, where less was given than asked for; else empty.
    """

    end: float | None = None
    minutes: int = 0
    limited_by: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why either side does not do what it was asked.

    Attributes:
        message: A sentence for the person who asked.
    """

    message: str = ""


# What the hub's console asks of a session --------------------------------------------------


class SessionPath(StrEnum):
    """What a session serves to visitors, below its own address."""

    CHANNEL = "desktop/channel"
    """A websocket with `ToVisitor` and `FromVisitor` messages as JSON."""
    SCREEN = "desktop-websockify"
    """A websocket with VNC; jupyter-remote-desktop-proxy's path, which existing links and tools know."""
    MESSAGE = "desktop/message"
    """POST a `Message`; the answer is a `MessageAnswer`."""
    ANNOUNCE = "desktop/announce"
    """POST an `Announcement`."""
    HAND = "desktop/hand"
    """POST `{}` to say that one comes to help, and get a `HandAnswer`; DELETE to lower it."""
    RESET = "desktop/reset"
    """POST a `Reset`; the answer is a `DesktopReset` or a `LessonReset`."""
    THUMBNAIL = "desktop/thumbnail"
    """GET a small picture as PNG; 204 where there is none."""


@dataclass(frozen=True)
class Message:
    """What an instructor writes to the learner."""

    text: str


@dataclass(frozen=True)
class MessageAnswer:
    """On how many of the learner's pages the message is shown now; None where that is not known."""

    shown: int | None = None


@dataclass(frozen=True)
class HandAnswer:
    """Who comes to help; empty where the hand is down already."""

    helper: str = ""


AnnouncedAct = Literal["stop", "restart", "restarted", "extend"]
"""The last two are announced when they are done."""


@dataclass(frozen=True)
class Announcement:
    """What an instructor is about to do to the session, or has done."""

    act: AnnouncedAct


@dataclass(frozen=True)
class Reset:
    """What is to be put back as it was: the desktop's settings, or the lesson's files."""

    what: Literal["desktop", "lesson"]


@dataclass(frozen=True)
class DesktopReset:
    """What came of it.

    Attributes:
        sentence: For the learner.
        kept: Where the old settings are; empty where there were none.
    """

    sentence: str = ""
    kept: str = ""


@dataclass(frozen=True)
class LessonReset:
    """What came of it.

    Attributes:
        sentence: For the learner.
        restored: Names of the files that have fresh copies.
        kept: Where the learner's own are.
    """

    sentence: str = ""
    restored: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


# The channel of a visit --------------------------------------------------------------------

# RFC 6455 leaves 4000-4999 to applications; after HTTP's 403.
NOT_ALLOWED: Final = 4403
"""Code of a websocket's end: the visit was refused or is over."""

TRY_AGAIN_LATER: Final = 1013
"""Code of a websocket's end, from RFC 6455's registry."""

VisitState = Literal["asking", "watching", "refused"]

VisitReason = Literal[
    "",
    "not now",  # the learner's answers, and what stands for one
    "no page",
    "no answer",
    "ended",
    "off",
    "control refused",
    "control taken back",
    "control given to another",
    "control asked by another",
]
"""Why an instructor does not see the desktop, or has no control."""


@dataclass(frozen=True)
class Visit:
    """How a visit stands; told to the visitor."""

    state: VisitState
    reason: VisitReason = ""
    type: Literal["visit"] = "visit"


@dataclass(frozen=True)
class Watcher:
    """Somebody who sees the desktop."""

    name: str
    control: bool = False


@dataclass(frozen=True)
class SessionFacts:
    """What a visitor may learn of the session's state. The learner's pages get more on the same channel.

    Attributes:
        state: A `DesktopState`, or another version's word.
        watchers: Who sees the desktop.
        view_asked_by: Who waits for the learner's consent to see it.
        control_asked_by: Who waits for the learner's consent to keyboard and mouse.
    """

    state: str = ""
    watchers: tuple[Watcher, ...] = ()
    view_asked_by: tuple[str, ...] = ()
    control_asked_by: str | None = None
    type: Literal["state"] = "state"


@dataclass(frozen=True)
class Ended:
    """The session ends; told to all."""

    type: Literal["ended"] = "ended"


@dataclass(frozen=True)
class Pong:
    """The answer to a `Ping`, with its time."""

    t: float
    type: Literal["pong"] = "pong"


@dataclass(frozen=True)
class Focus:
    """Whether a terminal has the desktop's keyboard; told to who sees the desktop and has asked."""

    terminal: bool = False
    type: Literal["focus"] = "focus"


ToVisitor = Visit | SessionFacts | Ended | Pong | Focus


@dataclass(frozen=True)
class Control:
    """A visitor's wish to have keyboard and mouse, or to give them back."""

    want: bool
    type: Literal["control"] = "control"


@dataclass(frozen=True)
class Ping:
    """A question whether the session is there, with any time of one's own."""

    t: float
    type: Literal["ping"] = "ping"


@dataclass(frozen=True)
class FocusQuestion:
    """A question whether a terminal has the keyboard: a Mac's Cmd + C is another key there than elsewhere."""

    type: Literal["focus"] = "focus"


FromVisitor = Control | Ping | FocusQuestion

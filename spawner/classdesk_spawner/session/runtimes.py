"""The container runtimes: pure functions from settings to the command that opens the image.

Each gives the session, or a job submitted in one, the learner's home, its own /tmp and its own pid namespace: when the
job is cancelled, the kernel ends everything that was started in it. Each shows the door (`node_door.py`) inside.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from classdesk_desktop.protocol import LESSONS_MOUNT
from classdesk_spawner.settings.models import RuntimeSettings, split_bind

_PROGRAMS: Mapping[str, str] = {
    "bubblewrap": "/usr/bin/bwrap",
    "apptainer": "/usr/bin/apptainer",
    "host": "/usr/bin/unshare",
}
_SCRATCH = "/var/tmp"  # noqa: S108 - the session's own; its /tmp is memory

DOOR = "\0door\0"
"""Stands for the directory of the door, which the batch script knows when it runs; no word of a site can be it."""
RESOLV_CONF = "\0resolv_conf\0"
"""Stands for the file that names the resolver."""
_DOOR_INSIDE = "/run/classdesk"


def runtime_program(settings: RuntimeSettings) -> str:
    """Return the absolute path of the program that opens the image."""
    return settings.program or _PROGRAMS[settings.kind]


@dataclass(frozen=True)
class RuntimeCommand:
    """How a batch script opens the image.

    Attributes:
        argv: The command, to which the program in the image is added.
        door: Where the door's directory is inside; the word `DOOR` is replaced in it.
        needs_accounts: The script must open descriptor 11 on the learner's passwd lines and 12 on
            group lines, so that names resolve in the image whatever directory service the node uses.
        scratch: Where the session finds the directory on the node's disk that the script has opened as descriptor 13;
            empty: at its own path.
        bind_variable: The variable by which the runtime is told to put it there; empty: the command does it.
        path_variable: The variable by which it is told of a job's PATH; empty: it keeps what it gets.
        gpus: How the runtime is told of the job's GPUs, and of directories of lesson packs: by arguments, which the
            script must open as descriptor 14, or by variables; empty: it need not be told.
        lessons: Directories of the node with lesson packs.
        lessons_mount: Below which directory inside those are that the learner may read; empty: at their own paths.
    """

    argv: tuple[str, ...]
    door: str = DOOR
    needs_accounts: bool = False
    scratch: str = ""
    bind_variable: str = ""
    path_variable: str = ""
    gpus: Literal["", "arguments", "variables"] = ""
    lessons: tuple[str, ...] = ()
    lessons_mount: str = ""


def bubblewrap(settings: RuntimeSettings, home: str) -> RuntimeCommand:
    """Open an unpacked image with bwrap, as an ordinary user.

    The root is an empty tmpfs into which the image's directories are bound: any home path can be made in it.
    """
    image = settings.image.rstrip("/")
    argv = [runtime_program(settings)]
    argv += ["--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc"]
    for name in ("usr", "etc", "opt", "var"):
        argv += ["--ro-bind", f"{image}/{name}", f"/{name}"]
    for name in ("bin", "sbin", "lib", "lib64"):
        argv += ["--symlink", f"usr/{name}", f"/{name}"]
    argv += ["--proc", "/proc", "--dev", "/dev", "--ro-bind-try", "/sys", "/sys"]
    argv += ["--size", str(settings.tmp_mib * 1024 * 1024), "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
    argv += ["--tmpfs", "/run", "--tmpfs", "/var/tmp", "--tmpfs", "/home"]  # noqa: S108
    argv += ["--bind-try", "/proc/self/fd/13", _SCRATCH]
    argv += ["--ro-bind-try", RESOLV_CONF, "/etc/resolv.conf", "--ro-bind-try", "/etc/hosts", "/etc/hosts"]
    # The node's time zone; bwrap cannot bind onto the image's /etc/localtime, which is a symbolic link.
    argv += [
        "--ro-bind-try",
        "/etc/localtime",
        "/run/localtime",
        "--setenv",
        "TZ",
        ":/run/localtime",
    ]
    argv += ["--ro-bind-data", "11", "/etc/passwd", "--ro-bind-data", "12", "/etc/group"]
    # Read-only, so that whoever empties /run still has it; what listens there can be reached all the same.
    argv += ["--ro-bind-try", DOOR, _DOOR_INSIDE]
    argv += ["--bind", home, home]
    for bind in settings.binds:
        source, inside, read_only = split_bind(bind)
        argv += ["--ro-bind" if read_only else "--bind", source, inside]
    argv += ["--args", "14", "--chdir", home, "--"]
    return RuntimeCommand(
        tuple(argv),
        door=_DOOR_INSIDE,
        needs_accounts=True,
        scratch=_SCRATCH,
        gpus="arguments",
        lessons_mount=LESSONS_MOUNT,
    )


def apptainer(settings: RuntimeSettings, home: str) -> RuntimeCommand:
    """Open a SIF (or image directory) with Apptainer, which brings the learner's account itself."""
    argv = [runtime_program(settings), "exec"]
    argv += ["--pid", "--ipc", "--contain", "--home", f"{home}:{home}", "--pwd", home]
    argv += ["--bind", f"{DOOR}:{_DOOR_INSIDE}:ro"]
    for bind in settings.binds:
        source, inside, read_only = split_bind(bind)
        argv += ["--bind", f"{source}:{inside}" + (":ro" if read_only else "")]
    argv += [settings.image]
    return RuntimeCommand(
        tuple(argv),
        door=_DOOR_INSIDE,
        scratch=_SCRATCH,
        bind_variable="APPTAINER_BIND",
        path_variable="APPTAINERENV_PATH",
        gpus="variables",
        lessons_mount=LESSONS_MOUNT,
    )


def host(settings: RuntimeSettings, home: str) -> RuntimeCommand:
    """Run what is installed on the node itself, in a pid namespace of its own; it sees all devices of its job."""
    argv = [
        runtime_program(settings),
        "--user",
        "--map-current-user",
        "--pid",
        "--fork",
        "--kill-child",
    ]
    argv += ["--mount-proc", "--wd", home, "--"]
    return RuntimeCommand(tuple(argv))


RUNTIMES: Mapping[str, Callable[[RuntimeSettings, str], RuntimeCommand]] = {
    "bubblewrap": bubblewrap,
    "apptainer": apptainer,
    "host": host,
}


def runtime_command(settings: RuntimeSettings, home: str, lessons: Sequence[str] = ()) -> RuntimeCommand:
    """Return the command of the runtime that the settings name.

    Args:
        settings: The site's runtime.
        home: The learner's home directory, an absolute path.
        lessons: Directories with lesson packs that the learner's session has beside the image's.
    """
    return replace(RUNTIMES[settings.kind](settings, home), lessons=tuple(lessons))

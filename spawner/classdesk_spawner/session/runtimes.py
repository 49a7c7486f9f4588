"""The container runtimes: pure functions from settings to the command that opens the image.

Each gives the session the learner's home, its own /tmp and its own pid namespace: when the job is
cancelled, the kernel ends everything that the session started.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from classdesk_desktop.protocol import SESSION_PROGRAM
from classdesk_spawner.settings.models import RuntimeSettings, split_bind

_PROGRAMS: Mapping[str, str] = {
    "bubblewrap": "/usr/bin/bwrap",
    "apptainer": "/usr/bin/apptainer",
    "host": "/usr/bin/unshare",
}
_SCRATCH = "/var/tmp"  # noqa: S108 - the session's own; its /tmp is memory


def runtime_program(settings: RuntimeSettings) -> str:
    """Return the absolute path of the program that opens the image."""
    return settings.program or _PROGRAMS[settings.kind]


@dataclass(frozen=True)
class RuntimeCommand:
    """How the batch script starts the session.

    Attributes:
        argv: The command.
        needs_accounts: The script must open descriptor 11 on the learner's passwd lines and 12 on
            group lines, so that names resolve in the image whatever directory service the node uses.
        scratch: Where the session finds the directory on the node's disk that the script has opened as descriptor 13;
            empty: at its own path.
        bind_variable: The variable by which the runtime is told to put it there; empty: the command does it.
        gpus: How the runtime is told of the job's GPUs: by arguments, which the script must open as descriptor 14, or
            by variables; empty: it has none, or need not be told.
    """

    argv: tuple[str, ...]
    needs_accounts: bool = False
    scratch: str = ""
    bind_variable: str = ""
    gpus: Literal["", "arguments", "variables"] = ""


def bubblewrap(settings: RuntimeSettings, home: str, *, gpus: bool = False) -> RuntimeCommand:
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
    for name in ("resolv.conf", "hosts"):
        argv += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
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
    argv += ["--bind", home, home]
    for bind in settings.binds:
        source, inside, read_only = split_bind(bind)
        argv += ["--ro-bind" if read_only else "--bind", source, inside]
    if gpus:
        argv += ["--args", "14"]
    argv += ["--chdir", home, "--", SESSION_PROGRAM]
    return RuntimeCommand(tuple(argv), needs_accounts=True, scratch=_SCRATCH, gpus="arguments" if gpus else "")


def apptainer(settings: RuntimeSettings, home: str, *, gpus: bool = False) -> RuntimeCommand:
    """Open a SIF (or image directory) with Apptainer, which brings the learner's account itself."""
    argv = [runtime_program(settings), "exec"]
    argv += ["--pid", "--ipc", "--contain", "--home", f"{home}:{home}", "--pwd", home]
    for bind in settings.binds:
        source, inside, read_only = split_bind(bind)
        argv += ["--bind", f"{source}:{inside}" + (":ro" if read_only else "")]
    argv += [settings.image, SESSION_PROGRAM]
    return RuntimeCommand(
        tuple(argv), scratch=_SCRATCH, bind_variable="APPTAINER_BIND", gpus="variables" if gpus else ""
    )


def host(settings: RuntimeSettings, home: str, *, gpus: bool = False) -> RuntimeCommand:  # noqa: ARG001 - they are there
    """Run what is installed on the node itself, in a pid namespace of its own; it sees all devices of its job."""
    argv = [
        runtime_program(settings),
        "--user",
        "--map-current-user",
        "--pid",
        "--fork",
        "--kill-child",
    ]
    argv += ["--mount-proc", "--wd", home, SESSION_PROGRAM]
    return RuntimeCommand(tuple(argv))


class _Runtime(Protocol):
    def __call__(self, settings: RuntimeSettings, home: str, *, gpus: bool = False) -> RuntimeCommand: ...


RUNTIMES: Mapping[str, _Runtime] = {
    "bubblewrap": bubblewrap,
    "apptainer": apptainer,
    "host": host,
}


def runtime_command(settings: RuntimeSettings, home: str, *, gpus: bool = False) -> RuntimeCommand:
    """Return the command of the runtime that the settings name.

    Args:
        settings: The site's runtime.
        home: The learner's home directory, an absolute path.
        gpus: Whether the session has GPUs.
    """
    return RUNTIMES[settings.kind](settings, home, gpus=gpus)

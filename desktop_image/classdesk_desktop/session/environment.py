"""The environments of a session's children, made from the job's."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from classdesk_desktop.protocol import GPU_DIRECTORY, Variable
from classdesk_desktop.session.runtime import RuntimeDirectory

# Only the system's directories: a conda or a virtual environment in front of them replaces dbus-launch,
# python3 and gsettings, which is the classic dead desktop (OSC/ondemand#700). The learner's own
# directories come back in terminals, which run login shells.
SYSTEM_PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"

# Names the process that starts a new desktop when it gets a SIGUSR1.
SUPERVISOR_VARIABLE: Final = "CLASSDESK_SUPERVISOR"

# Where the runtimes put the libraries of the GPU's driver.
_DRIVER_LIBRARIES: Final = (f"{GPU_DIRECTORY}/lib", "/.singularity.d/libs")

# Settings of other desktops, Pythons and sessions. Whatever else a site gives to its sessions is kept.
_FOREIGN_PREFIXES: Final = (
    "BASH_FUNC_",
    "CONDA",
    "DBUS_",
    "DCONF_",
    "FONTCONFIG_",
    "GDK_",
    "GIO_",
    "GNOME_",
    "GSETTINGS_",
    "GTK",
    # Of GLib; G_DEBUG=fatal-warnings ends MATE at its first word.
    "G_",
    "KDE_",
    "LD_",
    "MAMBA_",
    "MATE_",
    "PIP_",
    "PYTHON",
    "QT_",
    "SBATCH_",
    # A session's terminal is like a log-in node: what is submitted there inherits nothing of the session's own job.
    "SLURM",
    "SSH_",
    "VIRTUAL_ENV",
    "XDG_",
    "_CE_",
    "__LMOD",
)
_FOREIGN_NAMES: Final = frozenset(
    {
        "BASH_ENV",
        "DESKTOP_SESSION",
        "DISPLAY",
        "ENV",
        "ICEAUTHORITY",
        "MODULESHOME",
        "PROMPT_COMMAND",
        "PS1",
        "SESSION_MANAGER",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
        "XMODIFIERS",
        # Of the job's temporary directory only the private one below is used.
        "TMPDIR",
    }
)

_DASK_TLS: Final = "DASK_DISTRIBUTED__COMM__TLS__"

# Of a session alone, and of no use or a secret elsewhere.
_SESSION_PREFIXES: Final = (
    # What Apptainer says of the session's own container.
    *("APPTAINER_", "SINGULARITY_"),
    *("CLASSDESK_", "DBUS_", "GVFS_", "JUPYTER", "XDG_SESSION_", _DASK_TLS),
)
_SESSION_NAMES: Final = frozenset(
    {
        "BROWSER",
        "DASK_DISTRIBUTED__DASHBOARD__LINK",
        "DASK_TEMPORARY_DIRECTORY",
        "DESKTOP_SESSION",
        "DISPLAY",
        "GIT_CONFIG_SYSTEM",
        "ICEAUTHORITY",
        "SESSION_MANAGER",
        "WINDOWID",
        "XAUTHORITY",
        "XDG_RUNTIME_DIR",
    }
)


def desktop_environment(environ: Mapping[str, str], runtime: RuntimeDirectory, display: int) -> dict[str, str]:
    """The environment of mate-session: clean, on its own display, without the hub's token."""
    env = {name: value for name, value in _without_foreign(environ).items() if not name.startswith("JUPYTER")}
    env |= dask_variables(environ, runtime.dask_certificate)
    env |= {
        "DISPLAY": f":{display}",
        "XAUTHORITY": str(runtime.x_authority),
        # Beside the X cookie and not in the home, which may be full or read-only.
        "ICEAUTHORITY": str(runtime.ice_authority),
        "XDG_RUNTIME_DIR": str(runtime.path),
        "GIT_CONFIG_SYSTEM": str(runtime.git_config),
        "DBUS_SESSION_BUS_ADDRESS": runtime.bus_address,
        "XDG_CURRENT_DESKTOP": "MATE",
        "XDG_SESSION_DESKTOP": "mate",
        "XDG_SESSION_TYPE": "x11",
        "XDG_MENU_PREFIX": "mate-",
        "DESKTOP_SESSION": "mate",
        # There is no /dev/fuse in the job, and no disk for a learner to mount.
        "GVFS_DISABLE_FUSE": "1",
        "GIO_USE_VOLUME_MONITOR": "unix",
        # The accessibility bus serves screen readers, which need sound; VNC carries none.
        "NO_AT_BRIDGE": "1",
        "GTK_A11Y": "none",
    }
    return env


def server_environment(
    environ: Mapping[str, str], runtime: RuntimeDirectory, listen_fd: int, supervisor_pid: int
) -> dict[str, str]:
    """The environment of the single-user server, which is also that of its terminals and kernels."""
    env = _without_foreign(environ)
    env |= dask_variables(environ, runtime.dask_certificate) | dashboard_link(environ)
    env |= {
        "XDG_RUNTIME_DIR": str(runtime.path),
        "GIT_CONFIG_SYSTEM": str(runtime.git_config),
        # None of these has a screen; whatever would open a page says where the page is.
        "BROWSER": "/opt/classdesk/bin/no-browser",
        "JUPYTER_RUNTIME_DIR": str(runtime.path / "jupyter"),
        # A learner's ~/.jupyter must not be able to stop the page; kernels of the learner's are still found.
        "JUPYTER_NO_CONFIG": "1",
        "CLASSDESK_RUNTIME": str(runtime.path),
        "CLASSDESK_LISTEN_FD": str(listen_fd),
        SUPERVISOR_VARIABLE: str(supervisor_pid),
    }
    return env


def dask_variables(environ: Mapping[str, str], certificate: Path) -> dict[str, str]:
    """What dask is told of this session or job.

    It refuses everybody without the learner's certificate (`distributed.comm` in its configuration), and what it puts
    out of memory goes to the node's disk: its own choice is /tmp, which in a session is memory.

    Args:
        environ: The job's variables.
        certificate: A file with the certificate and its key.
    """
    names = [f"{role}__{kind}" for role in ("SCHEDULER", "WORKER", "CLIENT") for kind in ("KEY", "CERT")]
    scratch = environ.get(Variable.SCRATCH, "")
    return {f"{_DASK_TLS}{name}": str(certificate) for name in (*names, "CA_FILE")} | {
        **({"DASK_TEMPORARY_DIRECTORY": scratch} if scratch else {}),
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true",
        "DASK_DISTRIBUTED__COMM__DEFAULT_SCHEME": "tls",
    }


def learners_certificate(home: Path) -> Path:
    """Where the learner's certificate for dask is, for this session, the next ones, and jobs on other nodes."""
    return home / ".local/state/classdesk/dask.pem"


def job_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a command of Slurm gets from a session: all but what is the session's alone."""
    return {
        name: value
        for name, value in environ.items()
        if name not in _SESSION_NAMES and not name.startswith(_SESSION_PREFIXES)
    }


def with_job_defaults(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program in a job that was submitted in a session, also with `--export=NONE`."""
    home = environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    defaults = {
        "HOME": home,
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        # As its own start-up files set them in a session; scripts have `module`, too.
        "MODULEPATH": "/opt/modules/Core",
        "BASH_ENV": "/usr/share/lmod/lmod/init/bash",
    }
    return defaults | dict(environ) | dask_variables(environ, learners_certificate(Path(home)))


def dashboard_link(environ: Mapping[str, str], origin: str = "") -> dict[str, str]:
    """The link to dask's dashboard that is right in the learner's own browser: through the session's server.

    dask's own names 127.0.0.1, which is the learner's laptop there. In a desktop it is right, for the browser is in the
    session, too. Where neither the hub nor the browser has told the hub's address, the page makes the rest a link.

    Args:
        environ: the session's environment.
        origin: what the learner's browser calls the hub, such as "https://hub.example.org".
    """
    if environ.get(Variable.INTERFACE, "desktop") == "desktop":
        return {}
    prefix = origin + environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")
    session = environ.get("JUPYTERHUB_PUBLIC_URL") or prefix
    # dask fills in what is in braces.
    session = session.replace("{", "{{").replace("}", "}}")
    return {"DASK_DISTRIBUTED__DASHBOARD__LINK": f"{session}proxy/{{port}}/status"}


def web_root(environ: Mapping[str, str]) -> Path:
    """Where the pages and the npm packages are; CLASSDESK_WEB moves it for tests."""
    return Path(environ.get("CLASSDESK_WEB") or "/opt/classdesk/web")


def _without_foreign(environ: Mapping[str, str]) -> dict[str, str]:
    env = {
        name: value
        for name, value in environ.items()
        if name not in _FOREIGN_NAMES and not name.startswith(_FOREIGN_PREFIXES)
    }
    env["PATH"] = SYSTEM_PATH
    # Of the job's own LD_LIBRARY_PATH nothing is kept: Apptainer's place for the driver is in it, and whatever else.
    driver = [place for place in _DRIVER_LIBRARIES if Path(place).is_dir()]
    if driver:
        env["LD_LIBRARY_PATH"] = ":".join(driver)
    env.setdefault("LANG", "C.UTF-8")
    # The node may have shells that the image has not.
    if not os.access(env.get("SHELL", ""), os.X_OK):
        env["SHELL"] = "/bin/bash"
    return env

"""The checks of `classdesk check`: each looks at one thing and says how to mend it."""

import asyncio
import grp
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from classdesk_desktop.lesson.shelf import read_shelf
from classdesk_desktop.protocol import SESSION_PROGRAM, VERSION_FILE
from classdesk_hub.site.file import Site
from classdesk_spawner import (
    OPERATOR_QUESTIONS,
    Cluster,
    Offer,
    OptionRules,
    OptionsError,
    SessionError,
    lost_variables,
    parse_flags,
    runtime_program,
)

_COMMAND_TIMEOUT_S = 20
_SUDO = "/usr/bin/sudo"
_NODE_PYTHON = "/usr/bin/python3"
_TUNNEL = "/dev/net/tun"
_SUBMITTING = ("sinfo", "squeue", "sbatch", "srun", "salloc", "scancel", "scontrol")


@dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes:
        ok: Whether it is well.
        text: What was seen.
        remedy: What to do, where something is to do.
    """

    ok: bool
    text: str
    remedy: str = ""


def service_account(site: Site) -> Result:
    """The hub's account exists, is not root, and owns its state directory alone."""
    state = Path(site.hub.state_directory)
    try:
        seen = state.stat()
    except OSError as error:
        return Result(
            False,
            f"{state}: {error.strerror}",
            f"As root: install -d -o classdesk -g classdesk -m 0700 {state}",
        )
    try:
        owner = pwd.getpwuid(seen.st_uid).pw_name
    except KeyError:
        owner = str(seen.st_uid)
    if seen.st_uid == 0:
        return Result(False, f"{state} belongs to root", "The hub needs an account of its own.")
    mode = stat.S_IMODE(seen.st_mode)
    if mode & 0o077:
        return Result(False, f"{state} has mode {mode:04o}", f"As root: chmod 0700 {state}")
    return Result(True, f"{state} belongs only to {owner}")


def pam(site: Site) -> Result:
    """The PAM service exists, and the hub's account may check passwords."""
    service = Path("/etc/pam.d") / site.login.pam_service
    if not service.is_file():
        return Result(
            False,
            f"{service} is missing",
            "Install hub_config/pam.d/classdesk, or name another service.",
        )
    account = _hub_account(site)
    if account and Path("/etc/shadow").exists():
        shadow = Path("/etc/shadow").stat()
        groups = os.getgrouplist(account.pw_name, account.pw_gid)
        if shadow.st_gid not in groups and account.pw_uid != 0:
            group = grp.getgrgid(shadow.st_gid).gr_name
            return Result(
                False,
                f"{account.pw_name} may not check local passwords",
                f"As root: usermod -aG {group} {account.pw_name}, then restart the hub.",
            )
    return Result(True, str(service))


def login_groups(site: Site) -> Result:
    """The groups that may log in exist."""
    missing = []
    for name in site.login.allowed_groups:
        try:
            grp.getgrnam(name)
        except KeyError:
            missing.append(name)
    if missing:
        return Result(
            False,
            f"login.allowed_groups: there is no group {', '.join(missing)}",
            "Create it (groupadd), or correct the site file.",
        )
    return Result(True, ", ".join(site.login.allowed_groups) or "everyone whom PAM lets in")


def proxy_program(site: Site) -> Result:
    """configurable-http-proxy is installed."""
    program = Path(site.hub.proxy_command[0])
    if not program.exists():
        return Result(
            False,
            f"{program} is missing",
            "Install it with npm from hub_config/proxy, see hub_config/README.md.",
        )
    return Result(True, str(program))


def novnc(site: Site) -> Result:
    """The console has noVNC, with which it shows learners' desktops."""
    main = Path(site.hub.novnc_directory) / "core/rfb.js"
    if site.classes and not main.is_file():
        return Result(
            False,
            f"{main} is missing",
            "Install it with npm from hub_config/proxy, see hub_config/README.md.",
        )
    return Result(True, str(main.parents[1]))


def sudo_rules(site: Site) -> Result:
    """The hub's account may run sbatch and scancel as a learner, and as root nothing."""
    if not site.slurm.use_sudo:
        return Result(True, "not used (slurm.use_sudo is false)")
    if not Path(_SUDO).exists():
        return Result(False, f"{_SUDO} is missing", "Install sudo.")
    account, learner = _hub_account(site), _some_learner(site)
    if account is None or learner is None:
        return Result(
            False,
            "there is no hub account, or no learner to test it with",
            "Add a learner to a group of login.allowed_groups.",
        )
    for name in ("sbatch", "scancel"):
        command = f"{site.slurm.bin_directory}/{name}"
        if not _sudo_allows(account, learner, command):
            return Result(
                False,
                f"{account.pw_name} may not run {command} as {learner}",
                "Install hub_config/sudoers.d/classdesk as /etc/sudoers.d/classdesk, mode 0440.",
            )
    if _sudo_allows(account, "root", "/bin/sh"):
        return Result(
            False,
            f"{account.pw_name} may become root through sudo",
            "Take the hub's account out of all other sudo rules.",
        )
    return Result(True, f"{account.pw_name} may run sbatch and scancel as a learner, and nothing as root")


def secrets(site: Site) -> Result:
    """What sudo does with a session's settings: it hands them over, and writes them into no log."""
    account = _hub_account(site)
    if not site.slurm.use_sudo or account is None:
        return Result(True, "not used")
    rules = _run([_SUDO, "-n", "-l", *(["-U", account.pw_name] if os.geteuid() == 0 else [])]).stdout
    if names := lost_variables(rules, site.slurm.environment):
        return Result(
            False,
            f"sudo does not pass on {', '.join(names)}, which sessions need",
            "Install hub_config/sudoers.d/classdesk as /etc/sudoers.d/classdesk, mode 0440; it says where "
            "slurm.environment belongs.",
        )
    if "SETENV" in rules:
        return Result(
            False,
            f"{account.pw_name} may set variables through sudo (SETENV), which sudo writes into the system's log",
            "Take SETENV out of the rules: hub_config/sudoers.d/classdesk has none.",
        )
    return Result(True, "sudo passes on a session's settings, and logs none of them")


def extensions(site: Site) -> Result:
    """The hub's account may raise a job's time limit, where the site extends sessions."""
    if not (site.classes or site.desktop.extend_minutes) or not site.slurm.use_sudo:
        return Result(True, "not used")
    account, operator = _hub_account(site), site.slurm.operator
    command = (f"{site.slurm.bin_directory}/scontrol", "update", "JobId=1", "TimeLimit=1")
    if account is None or not _sudo_allows(account, operator, *command):
        return Result(
            False,
            f"the hub may not run scontrol as {operator}",
            "Install hub_config/sudoers.d/classdesk with the name of slurm.operator; it needs sudo 1.9.10.",
        )
    return Result(True, f"the hub may raise the time limit of a job as {operator}")


def slurm(site: Site) -> Result:
    """Slurm answers and has the partition."""
    cluster = Cluster(site.slurm)
    try:
        partitions = asyncio.run(cluster.commands.partitions())
        asyncio.run(cluster.commands.jobs(site.slurm.job_name))
    except SessionError as error:
        return Result(False, error.detail, "Start Slurm, or correct slurm.bin_directory in the site file.")
    partition = Offer(partitions).partition(site.slurm.partition)
    if partition is None:
        return Result(
            False,
            f"there is no open partition {site.slurm.partition or 'at all'}",
            "Set slurm.partition to one that `sinfo` shows.",
        )
    return Result(
        True,
        f"partition {partition.name}: up to {partition.cores} cores, {partition.memory_mib / 1024:g} GiB "
        f"and {partition.hours:g} hours",
    )


def privacy(site: Site) -> Result:
    """The hub sees its jobs, and Slurm keeps no secrets of sessions."""
    commands = Cluster(site.slurm).commands
    try:
        config = asyncio.run(commands.config())
    except SessionError as error:
        return Result(False, error.detail, "Start Slurm first.")
    if "job_env" in parse_flags(config, "AccountingStoreFlags"):
        return Result(
            False,
            "AccountingStoreFlags has job_env: Slurm keeps each session's token in its accounting database",
            "Take job_env out of AccountingStoreFlags in slurm.conf, then: scontrol reconfigure",
        )
    private = parse_flags(config, "PrivateData")
    if not private or not site.slurm.use_sudo:
        return Result(True, "the hub sees all jobs")
    words = ",".join(sorted(private))
    account, operator = _hub_account(site), site.slurm.operator
    for command in OPERATOR_QUESTIONS:
        program = f"{site.slurm.bin_directory}/{command[0]}"
        if account is None or not _sudo_allows(account, operator, program, *command[1:]):
            return Result(
                False,
                f"PrivateData={words}: Slurm hides it from the hub, which may not run {command[0]} as {operator}",
                "Install hub_config/sudoers.d/classdesk with the name of slurm.operator, a Slurm operator.",
            )
    if not asyncio.run(commands.sees_all(operator, config)):
        return Result(
            False,
            f"PrivateData={words}: the hub asks as {operator}, from whom Slurm hides it as well",
            "Set slurm.operator to SlurmUser, or to an account with AdminLevel=Operator; name it in the sudoers file.",
        )
    return Result(True, f"PrivateData={words}; the hub asks as {operator}")


def presets(site: Site) -> Result:
    """Each interface gets what it presets; a partition that gives less lowers it."""
    try:
        partitions = asyncio.run(Cluster(site.slurm).commands.partitions())
    except SessionError as error:
        return Result(False, error.detail, "Start Slurm first.")
    rules = OptionRules(site.form, site.slurm, Offer(partitions))
    for key in site.form.offer:
        interface = site.form.interfaces[key]
        try:
            options = rules.validate({"ui": key})
        except OptionsError as error:
            return Result(
                False,
                f"form.interfaces.{key}: {error.message}",
                "Correct the preset or the limits.",
            )
        if rules.offer.partition(options.partition) is None:
            return Result(
                False,
                f"form.interfaces.{key}: there is no open partition {options.partition or 'at all'}",
                "Set its partition field's default, or slurm.partition, to one that `sinfo` shows.",
            )
        wanted = (
            interface.cores,
            round(interface.hours * 60),
            interface.memory_mib,
            interface.gpus,
        )
        given = (options.cores, options.minutes, options.memory_mib, options.gpus)
        if given != wanted:
            return Result(
                False,
                f"form.interfaces.{key} presets {_amounts(wanted)}; its limits and steps allow {_amounts(given)}",
                "Change the preset or its limits in the site file, or raise the partition's limit.",
            )
    return Result(True, f"{', '.join(site.form.offer)} are within the limits")


def gpus(site: Site) -> Result:
    """A session with GPUs can use those of its job, and no others."""
    commands = Cluster(site.slurm).commands
    try:
        partitions, config = asyncio.run(commands.partitions()), asyncio.run(commands.config())
    except SessionError as error:
        return Result(False, error.detail, "Start Slurm first.")
    named = [
        f"{partition.name}: {partition.gpus} on a node"
        + (f" ({', '.join(kind for kind, _ in partition.gpu_types)})" if partition.gpu_types else "")
        for partition in partitions
        if partition.gpus
    ]
    if not named:
        return Result(True, "no partition has GPUs; the form has no field for them")
    if "yes" not in parse_flags(config, "ConstrainDevices"):
        return Result(
            False,
            f"{'; '.join(named)}; a session can use all GPUs of its node, also those of other jobs",
            "Set ConstrainDevices=yes in cgroup.conf, and TaskPlugin=task/cgroup,task/affinity in slurm.conf.",
        )
    return Result(True, "; ".join(named))


def _amounts(amounts: tuple[int, int, int, int]) -> str:
    cores, minutes, memory_mib, gpus = amounts
    return f"{cores} cores, {minutes / 60:g} hours, {memory_mib} MiB" + (f", {gpus} GPUs" if gpus else "")


def runtime(site: Site) -> Result:
    """The container runtime and the image are there and complete, as far as this machine can see."""
    program = runtime_program(site.runtime)
    if not Path(program).exists():
        return Result(False, f"{program} is missing", "Install it, or set runtime.program.")
    if site.runtime.kind == "host":
        ready = Path(SESSION_PROGRAM).exists()
        return Result(ready, SESSION_PROGRAM, "" if ready else "Install the desktop on the compute nodes.")
    image = Path(site.runtime.image)
    if not image.exists():
        return Result(False, f"image {image} is missing", "Build it: make image.")
    if image.is_dir() and not (image / SESSION_PROGRAM.lstrip("/")).exists():
        return Result(False, f"image {image} lacks {SESSION_PROGRAM}", "Rebuild it: make image.")
    if site.runtime.kind == "bubblewrap":
        return _bubblewrap_works(site, program)
    return Result(True, f"{site.runtime.kind} with {image}")


def versions(site: Site) -> Result:
    """Hub and image are of the same version, as far as this machine can see the image's."""
    hub, seen = version("classdesk"), image_version(site)
    if seen != hub:
        # They understand each other; what only one of them has is not there yet.
        return Result(False, f"hub {hub}, image {seen}", "Rebuild the image: make image.")
    return Result(True, f"hub and image {hub}")


def image_version(site: Site) -> str:
    """Return the version of the image that sessions get, as far as this machine can see it."""
    image = Path(site.runtime.image) if site.runtime.kind != "host" else Path("/")
    if image.is_file():
        told = _run([runtime_program(site.runtime), "exec", str(image), "/bin/cat", VERSION_FILE]).stdout
    else:
        file = image / VERSION_FILE.lstrip("/")
        told = file.read_text(encoding="utf-8") if file.exists() else ""
    return told.strip() or "of an unknown version"


def slurm_in_sessions(site: Site) -> Result:
    """Learners have Slurm's commands in their sessions, on nodes that are like this machine."""
    if not site.slurm.commands_in_sessions:
        return Result(True, "sessions have no commands of Slurm (commands_in_sessions)")
    lacks = [name for name in _SUBMITTING if not Path(site.slurm.bin_directory, name).exists()]
    if lacks:
        return Result(
            False,
            f"{site.slurm.bin_directory} lacks {', '.join(lacks)}, which learners use in their sessions",
            "Install Slurm's client commands on the compute nodes, or set commands_in_sessions = false.",
        )
    if not Path(_NODE_PYTHON).exists():
        return Result(
            False,
            f"{_NODE_PYTHON} is missing; on a compute node, sessions reach Slurm by it",
            "Install Python 3.9 or newer on the nodes, or set commands_in_sessions = false.",
        )
    return Result(True, f"sessions have the commands of {site.slurm.bin_directory}; their jobs run in the image")


def networks(site: Site) -> Result:
    """Whether sessions have networks of their own, on nodes that are like this machine."""
    if not site.runtime.own_network:
        return Result(True, "sessions share the network of their node (own_network)")
    why = ""
    if not Path("/usr/bin/pasta").exists():
        why = "/usr/bin/pasta is missing (Debian: passt)"
    elif not Path(_TUNNEL).exists():
        why = f"{_TUNNEL} is missing"
    elif stat.S_IMODE(Path(_TUNNEL).stat().st_mode) & 0o006 != 0o006:
        why = f"{_TUNNEL} is not open to users (mode 0666, as systemd sets it)"
    if why:
        return Result(True, f"on a node like this one, sessions share its network: {why}")
    return Result(True, "each session has a network of its own")


def lessons(site: Site) -> Result:
    """The lesson packs are there, and none is broken."""
    shelf = read_shelf([Path(directory) for directory in site.all_lesson_directories])
    if shelf.refused:
        return Result(False, " ".join(map(str, shelf.refused)), "Mend them, so that hub and learners can read them.")
    return Result(True, ", ".join(shelf.lessons) or "there are no lessons")


CHECKS: Sequence[tuple[str, Callable[[Site], Result]]] = (
    ("hub's account", service_account),
    ("password check", pam),
    ("who may log in", login_groups),
    ("proxy", proxy_program),
    ("noVNC", novnc),
    ("sudo", sudo_rules),
    ("secrets", secrets),
    ("more time for sessions", extensions),
    ("Slurm", slurm),
    ("what Slurm shows", privacy),
    ("presets", presets),
    ("GPUs", gpus),
    ("runtime and image", runtime),
    ("Slurm in sessions", slurm_in_sessions),
    ("networks of sessions", networks),
    ("versions", versions),
    ("lessons", lessons),
)
"""All checks, each with its name for people."""


def _bubblewrap_works(site: Site, program: str) -> Result:
    """Try what a session does: an ordinary user makes a user namespace with the image in it."""
    argv = [
        program,
        "--ro-bind",
        f"{site.runtime.image}/usr",
        "/usr",
        "--unshare-pid",
        "--proc",
        "/proc",
    ]
    argv += ["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "/usr/bin/true"]
    learner = _some_learner(site)
    if os.geteuid() == 0 and learner:
        argv = [shutil.which("setpriv") or "setpriv", f"--reuid={learner}", "--clear-groups", *argv]
    outcome = _run(argv)
    if outcome.returncode != 0:
        return Result(
            False,
            f"{program} cannot open the image as an ordinary user: {outcome.stderr.strip()}",
            "Unprivileged user namespaces must be allowed: sysctl kernel.unprivileged_userns_clone=1, "
            "user.max_user_namespaces > 0, and no AppArmor restriction on them.",
        )
    return Result(True, f"bubblewrap opens {site.runtime.image}")


def _sudo_allows(account: pwd.struct_passwd, target: str, *command: str) -> bool:
    argv = [_SUDO, "-n", "-l", "-u", target, *command]
    if os.geteuid() == 0:
        argv = [_SUDO, "-n", "-l", "-U", account.pw_name, "-u", target, *command]
    return _run(argv).returncode == 0


def _hub_account(site: Site) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(Path(site.hub.state_directory).stat().st_uid)
    except (OSError, KeyError):
        return None


def _some_learner(site: Site) -> str | None:
    for name in site.login.allowed_groups:
        try:
            group = grp.getgrnam(name)
        except KeyError:
            continue
        if group.gr_mem:
            return group.gr_mem[0]
        for account in pwd.getpwall():
            if account.pw_gid == group.gr_gid:
                return account.pw_name
    return None


def _run(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            argv,
            check=False,
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(argv, 1, "", str(error))

"""Enters a test world: a copy-on-write view of this machine, in which the product runs at its real paths and ports.

The world has its own mounts, processes, network (with nothing outside), host name and IPC. All that is written
goes to memory, but `build/artifacts` of the repository, which is the machine's own. A running `make up`
and its state are not seen. When the command ends, or this process does, nothing is left: the kernel ends
every process with the world's first one.

Standard library and util-linux only, Python 3.11.
"""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

REPOSITORY = Path(__file__).resolve().parents[2]
# Exist everywhere; the stage is covered in the world's own mount namespace only.
STAGE = next(p for p in map(Path, ("/mnt", "/media")) if not REPOSITORY.is_relative_to(p))
IMAGES = Path("/var/lib/classdesk/images")
# Not in the world's view at all. The builder's storage is full of another overlay's marks, which cannot even be deleted
# through a second one; the images are brought in as they are.
HIDDEN = [IMAGES, Path("/var/lib/classdesk/image-build")]
# File systems without a disk of their own ("nodev" in /proc/filesystems) that do hold files of the machine.
NOT_VIRTUAL = {"9p", "virtiofs", "nfs", "nfs4", "zfs"}
OWN_PLACES = [*map(Path, ("/proc", "/sys", "/dev", "/run", "/tmp", "/mnt")), *HIDDEN]


def run(*command: str | Path) -> None:
    """Runs a command that must succeed."""
    subprocess.run([str(word) for word in command], check=True)


def real_mounts() -> tuple[list[Path], list[Path]]:
    """The mount points with files of the machine, the root first; and what is not seen in the world."""
    found, left_out = [], list(OWN_PLACES)
    kinds = Path("/proc/filesystems").read_text().splitlines()
    virtual = {kind.split()[1] for kind in kinds if kind.startswith("nodev")} - NOT_VIRTUAL
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, source = line.partition(" - ")
        point = Path(fields.split()[4].encode().decode("unicode_escape"))
        # The root counts whatever it is; below it an overlay is some container's, with all that is mounted in it.
        if point == Path("/") or (source.split()[0] not in virtual and not any(map(point.is_relative_to, left_out))):
            found.append(point)
        else:
            left_out.append(point)
    return sorted(set(found)), left_out


def build_root() -> Path:
    """Mounts the world's file system and returns its root."""
    mounts, left_out = real_mounts()
    run("mount", "-t", "tmpfs", "-o", "mode=755", "world", STAGE)
    root = STAGE / "root"
    root.mkdir()
    for number, point in enumerate(mounts):
        target = root / point.relative_to("/")
        if not point.is_dir():
            # A container's /etc/hosts and its like are mounts of single files.
            with contextlib.suppress(OSError):
                shutil.copy(point, target)
            continue
        upper, work = STAGE / f"upper{number}", STAGE / f"work{number}"
        upper.mkdir()
        work.mkdir()
        for hidden in HIDDEN:
            if point == max((m for m in mounts if hidden.is_relative_to(m)), key=lambda m: len(m.parts)):
                mark = upper / hidden.relative_to(point)
                mark.parent.mkdir(parents=True, exist_ok=True)
                os.mknod(mark, stat.S_IFCHR)  # overlayfs takes device 0/0 as "deleted here"
        overlay(point, upper, work, target)
    make_devices(root / "dev")
    for kind, place, options in (
        ("proc", "proc", "defaults"),
        ("sysfs", "sys", "defaults"),
        ("devpts", "dev/pts", "newinstance,ptmxmode=666,gid=5,mode=620"),
        ("tmpfs", "dev/shm", "mode=1777"),
        ("tmpfs", "tmp", "mode=1777"),
        ("tmpfs", "run", "mode=755"),
    ):
        run("mount", "-t", kind, "-o", options, kind, root / place)
    if any(map(REPOSITORY.is_relative_to, left_out)):
        target = root / REPOSITORY.relative_to("/")
        for path in (target, STAGE / "upper", STAGE / "work"):
            path.mkdir(parents=True, exist_ok=True)
        overlay(REPOSITORY, STAGE / "upper", STAGE / "work", target)
    (root / "run/lock").mkdir(mode=0o1777)
    return root


def overlay(lower: Path, upper: Path, work: Path, target: Path) -> None:
    """Mounts a copy-on-write view of a directory."""
    # Whatever a directory is called: these end a path in mount's options.
    name = str(lower).replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
    options = f"lowerdir={name},upperdir={upper},workdir={work}"
    run("mount", "-t", "overlay", "-o", options, "overlay", target)


def make_devices(dev: Path) -> None:
    """Makes a /dev of the world's own, with the machine's devices: what listens at /dev/log is the world's."""
    run("mount", "-t", "tmpfs", "-o", "mode=755", "dev", dev)
    for name in ("null", "zero", "full", "random", "urandom", "tty", "fuse", "kmsg"):
        if not Path("/dev", name).exists():
            continue
        (dev / name).parent.mkdir(exist_ok=True)
        (dev / name).touch()
        run("mount", "--bind", Path("/dev", name), dev / name)
    for name, target in (
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ):
        (dev / name).symlink_to(target)
    for name in ("pts", "shm", "net"):
        (dev / name).mkdir()
    # A device of its own, because `make up` opens it to users.
    tunnel = Path("/dev/net/tun")
    if tunnel.exists():
        os.mknod(dev / "net/tun", stat.S_IFCHR | 0o600, tunnel.stat().st_rdev)


def bind_in(root: Path) -> None:
    """Brings in what the machine shares with it: the images and the site's roots, read-only, and the artefacts."""
    for shared in filter(Path.is_dir, (IMAGES, REPOSITORY / "build/site")):
        target = root / shared.relative_to("/")
        target.mkdir(exist_ok=True)
        run("mount", "--bind", shared, target)
        run("mount", "-o", "remount,bind,ro", target)
    artifacts = REPOSITORY / "build/artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    target = root / artifacts.relative_to("/")
    target.mkdir(parents=True, exist_ok=True)
    run("mount", "--bind", artifacts, target)


def name_things(root: Path) -> None:
    """Gives the world its host name and addresses."""
    run("hostname", "classdesk-world")
    hosts = root / "etc/hosts"
    old = hosts.read_text() if hosts.exists() else "127.0.0.1 localhost\n"
    # As Debian's installer writes it: another address than that of localhost.
    hosts.write_text(f"{old.rstrip()}\n127.0.1.1 classdesk-world\n")
    # Where it is a link into /run, it would point nowhere.
    resolv = root / "etc/resolv.conf"
    resolv.unlink(missing_ok=True)
    resolv.write_text("")
    run("ip", "link", "set", "lo", "up")


def connect() -> None:
    """Gives the world a way out that leads to a router without one: whatever is outside is refused at once."""
    router = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    run("ip", "link", "add", "world0", "type", "veth", "peer", "name", "world1")
    own = Path("/proc/self/ns/net").readlink()
    while Path(f"/proc/{router.pid}/ns/net").readlink() == own:
        time.sleep(0.005)
    run("ip", "link", "set", "world1", "netns", str(router.pid))
    there = ("nsenter", "--target", str(router.pid), "--net")
    run(*there, "ip", "address", "add", "192.0.2.254/24", "dev", "world1")
    run(*there, "ip", "link", "set", "world1", "up")
    run(*there, "sysctl", "--quiet", "--write", "net.ipv4.ip_forward=1")
    run("ip", "address", "add", "192.0.2.1/24", "dev", "world0")
    run("ip", "link", "set", "world0", "up")
    run("ip", "route", "add", "default", "via", "192.0.2.254")


def forget_state() -> None:
    """Removes what a `make up` on the machine has left, in the world's view of it: accounts, settings, state, logs."""
    Path("/run/classdesk-world").touch()
    # A Slurm of the machine does not run in here.
    Path("/etc/slurm/slurm.conf").unlink(missing_ok=True)
    purge = subprocess.run(
        [REPOSITORY / "cluster/purge", "--state"],
        env={**os.environ, "YES": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if purge.returncode:
        sys.exit(f"the world could not be emptied:\n{purge.stdout}")


def inside(command: list[str]) -> int:
    """The world's first process: sets it up, runs the command, reaps orphans, returns the exit code."""
    directory = Path.cwd()
    root = build_root()
    bind_in(root)
    name_things(root)
    os.chdir(root)
    # Not chroot: bubblewrap, in a session, may only make a user namespace where the root is a real one.
    run("pivot_root", ".", root / "mnt")
    os.chdir("/")
    run("umount", "--lazy", "/mnt")
    connect()
    forget_state()
    os.chdir(directory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command decides
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            os.execvp(command[0], command)  # noqa: S606
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def own_group() -> str:
    """The control group (version 2) that the world may make for its machines: its path in the kernel's tree."""
    paths = Path("/proc/self/cgroup").read_text().splitlines()
    own = next((line.removeprefix("0::/") for line in paths if line.startswith("0::/")), "")
    return str(Path(own, f"classdesk-world-{os.getpid()}"))


def forget_group() -> None:
    """Removes the control groups of the world's machines, which outlive their processes."""
    look = 'mount -t cgroup2 cgroup2 "$1" || exit 0; for i in $(seq 100); do [ -e "$1/$2" ] || exit 0; '
    remove = 'find "$1/$2" -depth -type d -exec rmdir {} + ; sleep 0.1; done'
    words = ("unshare", "--mount", "--propagation", "private", "sh", "-c", look + remove, "-", STAGE, own_group())
    subprocess.run([str(word) for word in words], stderr=subprocess.DEVNULL, check=False)


def outside(command: list[str]) -> int:
    """Starts the world's first process in new namespaces; ends it when this one is told to end."""
    os.environ["CLASSDESK_WORLD_GROUP"] = own_group()
    # Should this process be killed, unshare is, and then the first process, and with it all others.
    namespaces = "setpriv --pdeathsig KILL unshare --kill-child=KILL --fork --propagation private"
    kinds = "--mount --pid --net --ipc --uts"
    again = [sys.executable, "-I", __file__, "--inside", *command]
    child = subprocess.Popen([*namespaces.split(), *kinds.split(), *again])

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    # Ctrl-C reaches the command itself, which may have something to say; the second one ends the world.
    signal.signal(signal.SIGINT, lambda *_: signal.signal(signal.SIGINT, end))
    try:
        return child.wait()
    finally:
        child.kill()
        child.wait()
        forget_group()


def main() -> int:
    """Outside or inside, by the first argument."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--inside"]:
        code = inside(arguments[1:])
        return code if code >= 0 else 128 - code
    if not arguments:
        sys.exit("usage: tests/support/world COMMAND [ARGUMENT…]")
    if os.geteuid() != 0:
        sys.exit("a test world needs root: it mounts a view of the whole machine")
    return outside(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""A site of four machines in a test world: head, hub and two nodes, each with systemd as its first process.

A machine is a copy-on-write view of a root that `tests/site/roots` has built, in namespaces of its own, with a cable to
a switch, which is the world's own network. All of it ends with the world.
"""

import contextlib
import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.world import REPOSITORY, command, wait_until

STATE = Path("/run/site")
ROOTS = REPOSITORY / "build/site/roots"
DOWNLOADS = REPOSITORY / "build/site/downloads"
ROLES = {"head": "head", "hub": "hub", "node1": "node", "node2": "node"}
HUB = "hub.site.example"
DOCUMENT = REPOSITORY / "hub_config/README.md"
LEARNERS = ("ada", "bob", "cem")
"""Each one's password is their name, as everybody's here. `eve` is a learner whom Slurm's accounting does not know, and
`ines` an instructor."""


@dataclass
class Machine:
    """One machine of the site."""

    name: str
    shared: dict[Path, str] = field(default_factory=dict)
    """Directories that are seen in the machine, and where; read-only, but the homes."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The machine's first process, as the world sees it."""
        assert self.process, f"{self.name} is switched off"
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])

    @property
    def root(self) -> Path:
        """Its file system, also while it is switched off; without what is mounted there."""
        return STATE / self.name / "root"

    def build(self) -> None:
        """Make its file system and its cable."""
        for folder in ("upper", "work", "root"):
            (STATE / self.name / folder).mkdir(parents=True)
        self._mount(ROOTS.resolve() / ROLES[self.name])
        command("ip", "netns", "add", self.name)
        command("ip", "link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        command("ip", "link", "set", self.name, "master", "switch", "up")
        self.write("/etc/hostname", f"{self.name}\n")

    @contextlib.contextmanager
    def installed(self, image: Path) -> Iterator[None]:
        """Let it have, while it is switched off, what an image has, as if all that were installed there."""
        own = ROOTS.resolve() / ROLES[self.name]
        self._mount(own, image)
        try:
            yield
        finally:
            self._mount(own)

    def _mount(self, *layers: Path) -> None:
        assert not self.process, f"{self.name} is on"
        if self.root.is_mount():
            command("umount", self.root)
        here, below = STATE / self.name, ":".join(map(str, layers))
        options = f"lowerdir={below},upperdir={here}/upper,workdir={here}/work"
        command("mount", "-t", "overlay", "-o", options, "overlay", self.root)

    def boot(self) -> None:
        """Switch it on."""
        group = STATE / "cgroup" / os.environ["CLASSDESK_WORLD_GROUP"] / self.name
        group.mkdir(parents=True, exist_ok=True)
        (STATE / self.name / "shared").write_text("".join(f"{a} {b}\n" for a, b in self.shared.items()))
        kinds = ("--mount", "--pid", "--uts", "--ipc", "--cgroup")
        words = [
            *("bash", "-c", 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"', "-", str(group)),
            *("nsenter", f"--net=/run/netns/{self.name}"),
            *("unshare", *kinds, "--fork", "--kill-child=KILL", "--propagation", "private"),
            *("bash", str(REPOSITORY / "tests/site/boot"), self.name),
        ]
        with (STATE / self.name / "console").open("wb") as console:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def wait_for_boot(self) -> None:
        """Wait until systemd has started everything, or says what it could not start."""

        def state() -> str:
            said = self.run("systemctl", "is-system-running", check=False).strip()
            return said if said in {"running", "degraded"} else ""

        wait_until(state, 60, f"{self.name} has booted; {(STATE / self.name / 'console').read_text()[-500:]}")

    def cut_power(self) -> None:
        """Switch it off as a power cut does: all its processes end at once."""
        os.kill(self.pid, 9)
        assert self.process
        self.process.wait(30)
        self.process = None

    def plug(self, state: str) -> None:
        """Pull its cable or put it back: `down` or `up`."""
        command("ip", "link", "set", self.name, state)

    def words(self, *words: str | Path, user: str = "") -> list[str]:
        """Return the command line that runs a command in the machine, as root or a user."""
        as_user = ("runuser", "-u", user, "--") if user else ()
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return [
            *("nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup"),
            *("env", "--ignore-environment", "HOME=/root", "USER=root", "LANG=C.UTF-8", path),
            *map(str, (*as_user, *words)),
        ]

    def run(self, *words: str | Path, user: str = "", check: bool = True, timeout: float = 60) -> str:
        """Run a command in the machine, and return what it printed; it must succeed if `check` is set."""
        return command(*self.words(*words, user=user), timeout=timeout, check=check, cwd="/")

    def write(self, path: str, text: str) -> None:
        """Write a file of the machine."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def log(self) -> str:
        """Return the ends of its journal and of Slurm's logs."""
        shown = "journalctl --no-pager --lines=40 --quiet; tail --quiet --lines=15 /var/log/slurm/*.log 2>/dev/null"
        return self.run("bash", "-c", shown, check=False)


def install_steps(text: str) -> list[tuple[str, str]]:
    """Return the commands that a document marks by `<!-- run: WHERE -->`, with where they run."""
    found = re.findall(r"^( *)<!-- run: (\w+) -->\n\n((?:\1 {4}.*\n|\n)+)", text, re.MULTILINE)
    return [(where, textwrap.dedent(block)) for _, where, block in found]


class Site:
    """The four machines, switched on."""

    def __init__(self, image: Path) -> None:
        self.image = image
        self.machines = {name: Machine(name) for name in ROLES}
        self.head, self.hub, self.node1, self.node2 = self.machines.values()
        self.nodes = (self.node1, self.node2)

    def build(self) -> None:
        """Make switch, machines and homes; nothing is on yet."""
        command("ip", "link", "add", "switch", "type", "bridge")
        command("ip", "address", "add", "10.77.0.1/24", "dev", "switch")
        command("ip", "link", "set", "switch", "up")
        command("sysctl", "--quiet", "--write", "net.ipv4.ip_forward=1")
        (STATE / "cgroup").mkdir(parents=True)
        command("mount", "-t", "cgroup2", "cgroup2", STATE / "cgroup")
        home = STATE / "home"
        home.mkdir()
        for machine in self.machines.values():
            machine.build()
            machine.shared = {home: "/home"}
        for machine in (self.hub, *self.nodes):
            machine.shared[self.image] = "/var/lib/classdesk/image"
            machine.shared[REPOSITORY] = "/root/classdesk"
        self._share_munge_key()
        self._make_homes(home)
        self._let_hub_install()

    def boot(self) -> None:
        """Switch all machines on, and tell accounting whom it knows."""
        for machine in self.machines.values():
            machine.boot()
        for machine in self.machines.values():
            machine.wait_for_boot()
        self._begin_accounting()

    def end(self) -> None:
        """Switch all machines off. Their files end with the world."""
        for machine in self.machines.values():
            if machine.process and machine.process.poll() is None:
                machine.cut_power()

    @property
    def url(self) -> str:
        """The hub's address in a browser."""
        return f"https://{HUB}"

    @property
    def certificate(self) -> Path:
        """The certificate of the hub's web server, which signs itself."""
        return self.hub.root / "etc/ssl/hub.crt"

    def uid(self, name: str) -> int:
        """Return an account's number, the same on all machines."""
        lines = (self.hub.root / "etc/passwd").read_text().splitlines()
        return next(int(line.split(":")[2]) for line in lines if line.startswith(f"{name}:"))

    def install(self) -> None:
        """Install classdesk as its document says, where there is a certificate, and a name for browsers."""
        request = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        files = ("-keyout", "/etc/ssl/hub.key", "-out", "/etc/ssl/hub.crt")
        self.hub.run(*request, *files, "-subj", f"/CN={HUB}", "-addext", f"subjectAltName=DNS:{HUB}")
        with Path("/etc/hosts").open("a") as hosts:
            hosts.write(f"10.77.0.20 {HUB}\n")
        for where, script in install_steps(DOCUMENT.read_text()):
            for machine in (self.hub, *self.nodes) if where == "everywhere" else (self.hub,):
                machine.run("bash", "-euo", "pipefail", "-c", f"cd /root/classdesk\n{script}", timeout=300)
        self.wait_for_hub()

    @contextlib.contextmanager
    def settings(self, tables: str) -> Iterator[None]:
        """Add tables to the hub's site file for a while."""
        file = "/etc/classdesk/site.toml"
        before = self.hub.run("cat", file)

        def use(text: str) -> None:
            self.hub.write(file, text)
            self.hub.run("systemctl", "restart", "classdesk-hub")
            self.wait_for_hub()

        try:
            use(f"{before}\n{tables}\n")
            yield
        finally:
            use(before)

    def wait_for_node(self, node: Machine) -> None:
        """Wait until a node answers to Slurm, which may still call it mixed when its last job has ended."""
        ask = ("sinfo", "--noheader", f"--nodes={node.name}", "--partition=teaching", "--format=%T")

        def is_there() -> bool:
            state = self.slurm(*ask)
            assert state in {"idle", "mixed"}, state
            return True

        wait_until(is_there, 120, f"{node.name} is ready")

    def wait_for_hub(self) -> None:
        """Wait until the hub answers behind its web server."""
        ask = (
            "curl",
            "--silent",
            "--fail",
            "--write-out",
            "up",
            "--cacert",
            self.certificate,
            f"{self.url}/hub/health",
        )
        wait_until(lambda: command(*ask), 60, "the hub answers")

    def slurm(self, *words: str, user: str = "") -> str:
        """Run a command of Slurm on the head, and return what it printed without the last newline."""
        return self.head.run(*words, user=user).rstrip("\n")

    def _share_munge_key(self) -> None:
        key = os.urandom(128)
        for machine in self.machines.values():
            file = machine.root / "etc/munge/munge.key"
            file.write_bytes(key)

    def _make_homes(self, home: Path) -> None:
        for line in (self.hub.root / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if 3000 < int(uid) < 4000:
                shutil.copytree(self.hub.root / "etc/skel", home / name)
                command("chown", "--recursive", f"{uid}:{gid}", home / name)
                (home / name).chmod(0o700)

    def _let_hub_install(self) -> None:
        """Put what the installation downloads where apt, pip and npm look for it."""
        self.hub.shared[DOWNLOADS.resolve() / "wheels"] = "/srv/wheels"
        shutil.copytree(DOWNLOADS / "apt", self.hub.root / "var/cache/apt/archives", dirs_exist_ok=True)
        shutil.copytree(DOWNLOADS / "npm", self.hub.root / "srv/npm")
        self.hub.write("/etc/pip.conf", "[global]\nno-index = true\nfind-links = /srv/wheels\n")
        self.hub.write("/root/.npmrc", "offline = true\ncache = /srv/npm\n")

    def _begin_accounting(self) -> None:
        grant = (
            "create database slurm_acct_db; create user 'slurm'@'localhost' identified by 'slurm'; "
            "grant all on slurm_acct_db.* to 'slurm'@'localhost'; flush privileges;"
        )
        self.head.run("mariadb", "-e", grant)
        self.head.run("systemctl", "restart", "slurmdbd")
        wait_until(lambda: self.slurm("sacctmgr", "--noheader", "show", "account"), 30, "accounting answers")
        self._add("cluster", "site")
        self._add("account", "course", "Description=course", "Organization=university")
        for name in (*LEARNERS, "ines"):
            self._add("user", name, "Account=course")
        # What began without an answer from accounting begins again.
        self.head.run("systemctl", "restart", "slurmctld")
        for node in self.nodes:
            node.run("systemctl", "restart", "slurmd")
        states = ("sinfo", "--noheader", "--format=%D %T")
        wait_until(lambda: self.slurm(*states).splitlines()[0] == "2 idle", 60, "the nodes are ready")

    def _add(self, kind: str, name: str, *facts: str) -> None:
        """Add something to accounting, which fails while the controller, too, writes there for the first time."""
        shown = ("association", f"user={name}", "format=user") if kind == "user" else (kind, name)

        def there() -> str:
            self.head.run("sacctmgr", "--immediate", "add", kind, name, *facts, check=False)
            return self.slurm("sacctmgr", "--noheader", "show", *shown)

        wait_until(there, 30, f"accounting has the {kind} {name}")

"""A learner's session on the site: log-in by the hub's page, and programs typed in the session."""

import shlex
import ssl
import subprocess
from pathlib import Path

from support.hub_client import HubClient
from support.session_shell import SERVER, words_beside
from support.site import Machine, Site
from support.world import PATIENCE, Hub, command, wait_until


class SiteSession(HubClient):
    """A logged-in learner of the site; leaving the block stops their session.

    Args:
        site: The site, with the product on it.
        name: A learner; the password is the name.
    """

    def __init__(self, site: Site, name: str) -> None:
        self.site = site
        self.uid = site.uid(name)
        trusts = ssl.create_default_context(cafile=str(site.certificate))
        super().__init__(Hub(url=site.url, accounts={name: name}), name, trusts)

    def jobs(self) -> list[str]:
        """Return the learner's jobs that Slurm still lists."""
        return self.site.slurm("squeue", "--noheader", "--format=%i", f"--user={self.name}").split()

    def processes(self) -> dict[int, str]:
        """Return the learner's processes on all machines: their command lines by pid, as the world sees them."""
        lines = command("ps", "-ww", "-o", "pid=,args=", "-U", str(self.uid), check=False).splitlines()
        return {int(pid): words for pid, _, words in (line.strip().partition(" ") for line in lines)}

    @property
    def server_pid(self) -> int:
        """The session's server."""
        found = [pid for pid, words in self.processes().items() if SERVER in words]
        assert found, f"no session of {self.name} runs"
        return found[0]

    @property
    def node(self) -> Machine:
        """The node that the session runs on."""
        group = Path(f"/proc/{self.server_pid}/cgroup").read_text()
        return next(node for node in self.site.nodes if f"/{node.name}/" in group)

    def begin(self, script: str) -> subprocess.Popen[str]:
        """Begin to run a script in the session, as if typed in a terminal."""
        return subprocess.Popen(
            words_beside(str(self.server_pid), str(self.uid), f"/home/{self.name}", script),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
        )

    def tried(self, script: str, timeout: float = 120) -> tuple[int, str]:
        """Run a script in the session, and return its exit status and what it printed."""
        running = self.begin(script)
        try:
            said, _ = running.communicate(timeout=timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            running.kill()
            raise
        return running.returncode, said

    def run(self, script: str, timeout: float = 120) -> str:
        """Run a script in the session that must succeed, and return what it printed."""
        status, said = self.tried(script, timeout)
        assert status == 0, f"{script}\nended with {status}:\n{said}"
        return said.strip()

    def write(self, name: str, text: str) -> None:
        """Write a file in the learner's home."""
        self.run(f"cat >{shlex.quote(name)} <<'CLASSDESK_END'\n{text}\nCLASSDESK_END")

    def wait_for_desktop(self) -> None:
        """Wait until the desktop is painted."""
        state = "cat /tmp/classdesk-*/state.json"
        wait_until(lambda: '"painted"' in self.tried(state)[1], 60, f"the desktop of {self.name} is painted")

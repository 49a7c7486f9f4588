"""A small stateful Slurm: executables sbatch, squeue, scancel, sinfo, scontrol, sacctmgr, and sudo, in one directory.

For unit and load tests only. A test changes what Slurm "does" by changing the jobs' states.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classdesk_spawner.slurm.environment import unpack

_PROGRAM = r"""#!@PYTHON@ -IS
import json, os, re, sys, time
from pathlib import Path
home = Path(__file__).parent
name = Path(sys.argv[0]).name
with open(home / "calls", "a") as calls:
    calls.write(json.dumps({"program": name, "argv": sys.argv[1:], "time": time.time()}) + "\n")
fault = home / f"fault-{name}"
if fault.exists():
    text = fault.read_text()
    if text == "HANG":
        time.sleep(60)
    sys.stderr.write(text + "\n")
    sys.exit(1)
delay = home / f"delay-{name}"
if delay.exists():
    time.sleep(float(delay.read_text()))
if name == "sbatch":
    number = len(list(home.glob("job-*.json"))) + 101
    while True:
        try:
            os.close(os.open(home / f"number-{number}", os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:  # another sbatch runs at this moment
            number += 1
    job = {"argv": sys.argv[1:], "script": sys.stdin.read(), "environment": dict(os.environ), "state": "PENDING",
           "reason": "Priority", "node": "", "user": "ada", "comment": ""}
    draft = home / f"draft-{number}"
    draft.write_text(json.dumps(job))
    draft.rename(home / f"job-{number}.json")
    print(number)
elif name == "squeue" and "-j" in sys.argv:
    job = json.loads((home / f"job-{sys.argv[sys.argv.index('-j') + 1]}.json").read_text())
    print(job["state"], job["node"] or "n/a")  # as batchspawner asks: %T %B
elif name == "squeue":
    mark = sys.argv[-1].removeprefix("--format=").split("|")[0]
    text = home / "text-squeue"
    if text.exists():
        print(text.read_text())
        sys.exit(0)
    options = dict(word.removeprefix("--").split("=", 1) for word in sys.argv[1:] if "=" in word)
    config = (home / "config").read_text() if (home / "config").exists() else ""
    sees = not re.search(r"^PrivateData *= .*jobs", config, re.M) or f"{os.environ.get('AS')}(" in config
    ids = options.get("jobs", "").split(",")
    if len(ids) == 1 and ids[0] and not (sees and (home / f"job-{ids[0]}.json").exists()):
        sys.stderr.write("slurm_load_jobs error: Invalid job id specified\n")
        sys.exit(1)
    print("|".join([mark, "JOBID", "STATE", "REASON", "START_TIME", "END_TIME", "EXEC_HOST", "USER", "COMMENT"]))
    for path in sorted(home.glob("job-*.json")):
        job = json.loads(path.read_text())
        is_meant = path.stem[4:] in ids if "jobs" in options else job.get("name") in {None, options.get("name")}
        if job["state"] != "GONE" and is_meant and sees:
            times = [job.get("start") or "N/A", job.get("end") or "N/A"]
            if os.environ.get("SLURM_TIME_FORMAT") != "%s":
                times = [time.strftime("%FT%T", time.localtime(int(t))) if t.isdigit() else t for t in times]
            print("|".join([mark, path.stem[4:], job["state"], job["reason"], *times, job["node"] or "n/a", job["user"],
                            job["comment"] or "(null)"]))
elif name == "scancel":
    path = home / f"job-{sys.argv[1]}.json"
    if not path.exists():
        sys.stderr.write("scancel: error: Kill job error on job id %s: Invalid job id specified\n" % sys.argv[1])
        sys.exit(1)
    job = json.loads(path.read_text())
    job["state"] = "CANCELLED"
    draft = home / f"draft-{os.getpid()}"
    draft.write_text(json.dumps(job))
    draft.rename(path)
elif name == "scontrol" and sys.argv[1:2] == ["update"]:
    wish = dict(word.split("=") for word in sys.argv[2:])
    path = home / f"job-{wish['JobId']}.json"
    job = json.loads(path.read_text())
    job["end"] = str(int(job["start"]) + 60 * int(wish["TimeLimit"]))
    draft = home / f"draft-{os.getpid()}"
    draft.write_text(json.dumps(job))
    draft.rename(path)
elif name == "scontrol" and sys.argv[1:] == ["show", "config"] and (home / "config").exists():
    print((home / "config").read_text())
elif name == "scontrol" and "partition" in sys.argv and (home / "access").exists():
    print((home / "access").read_text())
elif name == "scontrol" and "reservation" in sys.argv and (home / "reservations").exists():
    print((home / "reservations").read_text())
elif name == "sinfo":
    if "--format=%o" in sys.argv:
        address = home / "address"
        usual = address.read_text() if address.exists() else "192.0.2.7"
        nodes = json.loads((home / "nodes").read_text()) if (home / "nodes").exists() else {}
        asked = [word.removeprefix("--nodes=") for word in sys.argv if word.startswith("--nodes=")]
        print(*([nodes.get(node, usual) for node in asked] or [usual, *nodes.values()]), sep="\n")
    else:
        for number, partition in enumerate(["main*", "big"] if (home / "access").exists() else ["main*"]):
            gres = (home / "gres").read_text() if (home / "gres").exists() else "(null)"
            print(f"{partition}|up|8:00:00|{4 + 4 * number}|8000|{gres}|idle")
elif name == "sudo" and "--" in sys.argv:  # -n -H -u USER -- COMMAND
    os.execve(sys.argv[6], sys.argv[6:], {"AS": sys.argv[4]})  # it hands no variable over
elif name == "sacctmgr":
    sys.stderr.write("You are not running a supported accounting_storage plugin\n")
    sys.exit(1)
"""


@dataclass(frozen=True)
class FakeSlurm:
    """The fake's directory, which is also its bin directory."""

    directory: Path

    @classmethod
    def install(cls, directory: Path) -> "FakeSlurm":
        directory.mkdir(parents=True, exist_ok=True)
        text = _PROGRAM.replace("@PYTHON@", str(Path(sys.executable).resolve()))
        for name in ("sbatch", "squeue", "scancel", "sinfo", "scontrol", "sacctmgr", "sudo"):
            program = directory / name
            program.write_text(text)
            program.chmod(0o755)
        return cls(directory)

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Return all jobs; `variables` are those that a job's script gives to the session."""
        jobs = {
            path.stem.removeprefix("job-"): json.loads(path.read_text())
            for path in sorted(self.directory.glob("job-*.json"))
        }
        for job in jobs.values():
            job["variables"] = job["environment"] | unpack(job["environment"])
        return jobs

    def change(self, job_id: str, **values: str) -> None:
        path = self.directory / f"job-{job_id}.json"
        draft = self.directory / f"draft-{job_id}"
        draft.write_text(json.dumps({**json.loads(path.read_text()), **values}))
        draft.rename(path)  # squeue may read at this moment

    def set_access(self, main: str, big: str) -> None:
        """Give the cluster a second partition, `big`, and say who may use each: `AllowGroups=staff`."""
        lines = (f"PartitionName=main {main} Hidden=NO", f"PartitionName=big {big} Hidden=NO")
        (self.directory / "access").write_text("\n".join(lines))

    def set_gres(self, gres: str) -> None:
        """Give each node generic resources, such as `gpu:a100:2`."""
        (self.directory / "gres").write_text(gres)

    def set_config(self, key: str, value: str) -> None:
        """Let `scontrol show config` tell a setting, beside those that it tells already."""
        file = self.directory / "config"
        others = [line for line in file.read_text().splitlines() if line.split()[0] != key] if file.exists() else []
        file.write_text("\n".join([*others, f"{key:<24}= {value}"]) + "\n")

    def add_reservation(self, name: str, start: int) -> None:
        """Give the cluster a reservation for an hour."""
        line = f"ReservationName={name} StartTime={start} EndTime={start + 3600} Users=ada\n"
        (self.directory / "reservations").write_text(line)

    def add_node(self, name: str, address: str) -> None:
        """Give a node another address than 192.0.2.7, which all others have."""
        (self.directory / "nodes").write_text(json.dumps({name: address}))

    def break_program(self, name: str, stderr: str) -> None:
        (self.directory / f"fault-{name}").write_text(stderr)

    def print_nonsense(self, text: str) -> None:
        """Let squeue succeed, and print this text in the place of the jobs."""
        (self.directory / "text-squeue").write_text(text)

    def mend_program(self, name: str) -> None:
        (self.directory / f"fault-{name}").unlink()

    def slow_program(self, name: str, seconds: float) -> None:
        (self.directory / f"delay-{name}").write_text(str(seconds))

    def calls(self, program: str) -> list[dict[str, Any]]:
        log = self.directory / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        return [call for call in map(json.loads, lines) if call["program"] == program]

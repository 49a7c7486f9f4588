"""Says whether addresses are free to listen on: `ports.py [OUR_PID] HOST:PORT …`.

A port held by a descendant of OUR_PID (our supervisord) is ours. Any other holder is named, with its
process, and the exit code is 1.
Standard library only: it runs before anything is installed.
"""

# ruff: noqa: INP001  # a script, no package

import contextlib
import ipaddress
import socket
import sys
from pathlib import Path


def listeners(port: int) -> list[tuple[str, str]]:
    """The (address, socket inode) pairs that listen on this TCP port, on IPv4 and IPv6."""
    found = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                fields = line.split()
                host, _, number = fields[1].rpartition(":")
                if fields[3] == "0A" and int(number, 16) == port:
                    # Each 32-bit word is in the machine's (little-endian) order.
                    words = [bytes.fromhex(host[i : i + 8])[::-1] for i in range(0, len(host), 8)]
                    found.append((str(ipaddress.ip_address(b"".join(words))), fields[9]))
    return found


def holder(inode: str) -> int | None:
    """The process that has this socket open."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(fd.readlink()) == f"socket:[{inode}]" for fd in (process / "fd").iterdir()):
                return int(process.name)
    return None


def descends(pid: int, ancestor: int) -> bool:
    """Whether a process is the ancestor or one of its descendants."""
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


def clash(host: str, port: int, ours: int | None) -> str | None:
    """Why this address cannot be had, or None."""
    mine = False
    for address, inode in listeners(port):
        if not {address, host} & {"0.0.0.0", "::"} and address != host:  # noqa: S104
            continue
        pid = holder(inode)
        if pid and ours and descends(pid, ours):
            mine = True
            continue
        command = "a process that cannot be seen from here"
        if pid:
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                command = f"process {pid} ({line.decode(errors='replace').strip()[:80]})"
        return f"port {port} on {address} is taken by {command}"
    if mine:
        return None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"cannot listen on {host} port {port}: {error.strerror}"
    return None


def main() -> int:
    """Checks every address, prints the clashes."""
    ours = int(sys.argv[1]) if sys.argv[1] else None
    public = sys.argv[2]
    failed = 0
    for text in sys.argv[2:]:
        host, _, port = text.rpartition(":")
        why = clash(host.strip("[]"), int(port), ours)
        if why:
            remedy = "Choose another with PORT= (and BIND=)." if text == public else "Stop it."
            print(f"error: {why}. {remedy}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())

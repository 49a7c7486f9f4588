"""The probe: asks the hub for its version every 100 ms, and notes how often squeue was called until then.

A process of its own, so that it is not late because the class keeps the benchmark busy. Standard library only:

    python -I probe_process.py URL CALLS_FILE RESULT_FILE

Lines of the result are `latency UNIX_TIME SECONDS`, with the time at which the request began and `inf` for one that
failed, and `calls UNIX_TIME NUMBER`.
"""

import http.client
import math
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

EVERY_S = 0.1
TIMEOUT_S = 60.0


def latency(host: str) -> float:
    """Return how many seconds one request takes; infinity where it fails."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection(host, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/hub/api/")
        if connection.getresponse().status != 200:
            return math.inf
    except (OSError, http.client.HTTPException):
        return math.inf
    finally:
        connection.close()
    return time.perf_counter() - began


def main() -> None:
    """Probe until ended."""
    url, calls, result = sys.argv[1:]
    host = urlsplit(url).netloc
    lock = threading.Lock()
    with Path(result).open("w", buffering=1, encoding="ascii") as file:

        def note(kind: str, when: float, value: float) -> None:
            with lock:
                file.write(f"{kind} {when:.3f} {value:.6f}\n")

        def ask() -> None:
            when = time.time()
            note("latency", when, latency(host))

        due = time.monotonic()
        while True:
            # Each request on its own thread: a slow answer must not keep the next probe back.
            threading.Thread(target=ask, daemon=True).start()
            note("calls", time.time(), Path(calls).stat().st_size)
            due += EVERY_S
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()

from __future__ import annotations

import os
from pathlib import Path

from classdesk_desktop.session.usage import ProcessUse, below, memory_mib, parse_stat, read_processes

TICKS = os.sysconf("SC_CLK_TCK")
PAGES = (1 << 20) // os.sysconf("SC_PAGE_SIZE")


def test_a_processes_use_is_read_whatever_its_name_is() -> None:
    line = f"7 (a) b (c) D 3 7 7 0 -1 4194304 1 2 3 4 {TICKS} {TICKS} {2 * TICKS} {TICKS} 20 0 1 0 9 8 {512 * PAGES}"
    assert parse_stat(line) == ProcessUse("a) b (c", 3, "D", 5.0, 512.0)


def test_this_process_and_its_parent_are_seen() -> None:
    processes = read_processes()
    assert processes[os.getpid()].parent == os.getppid()
    assert processes[os.getpid()].cpu_seconds > 0


def test_all_descendants_are_found() -> None:
    use = {1: 0, 2: 1, 3: 2, 4: 3, 5: 1, 6: 99}
    processes = {pid: ProcessUse("x", parent, "S", 0) for pid, parent in use.items()}
    assert below(2, processes) == {3, 4}


def test_memory_is_added_up_and_vanished_processes_are_passed_over(tmp_path: Path) -> None:
    for pid, kib in ((1, 2048), (2, 512)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "smaps_rollup").write_text(f"Rss: 9 kB\nPss: {kib} kB\nPss_Anon: 1 kB\n")
    assert memory_mib([1, 2, 3], tmp_path) == 2.5

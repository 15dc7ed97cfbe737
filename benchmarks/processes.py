"""What processes cost, where they run, and where their files lie: read from the kernel."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

CORES: Final = sorted(os.sched_getaffinity(0))
# With one core there is nothing to keep apart.
SERVER_CORES: Final = {CORES[0]}
CLIENT_CORES: Final = set(CORES[1:]) or SERVER_CORES
# A disk of memory, where there is one: it never makes anybody wait as one that machines share does.
MEMORY_DISK: Final = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
# The last three bits of the number of a process' CPU clock (CPUCLOCK_SCHED of the kernel).
CPU_CLOCK: Final = 2


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time of these processes, user and system, all their threads.

    The clock of clock_getcpuclockid(3): utime and stime of /proc/PID/stat count the same
    in steps of 10 ms, too coarse for a server that uses 5 % of a core for six seconds.
    """
    return sum(time.clock_gettime((~pid << 3) | CPU_CLOCK) for pid in pids)


def kernel_seconds(pid: int) -> float:
    """Return how much of a process' processor time the kernel used for it, to 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[12]) / os.sysconf("SC_CLK_TCK")


def pin(pid: int, cores: set[int]) -> None:
    """Keep a process, all its threads, on these cores."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cores)


def memory_bytes(pids: Iterable[int]) -> tuple[int, int]:
    """Return resident (RSS) and proportional (PSS) memory of these processes together."""
    rss = pss = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        sizes = {line.split()[0]: int(line.split()[1]) for line in lines[1:]}
        rss += 1024 * sizes["Rss:"]
        pss += 1024 * sizes["Pss:"]
    return rss, pss

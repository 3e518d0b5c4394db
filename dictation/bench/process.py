"""What a process uses, as the kernel counts it."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_MEGABYTE = 1e6


@dataclass(frozen=True)
class Usage:
    """CPU seconds of all threads since the process began, at a monotonic time."""

    cpu: float
    at: float

    def share_until(self, later: "Usage") -> float:
        """The share of one core between two looks, in percent."""
        return 100 * (later.cpu - self.cpu) / (later.at - self.at)


def own_usage() -> Usage:
    """What this process has used so far."""
    return Usage(time.process_time(), time.monotonic())


def usage_of(pid: int) -> Usage | None:
    """What another process has used so far; None where there is no /proc or no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return None
    # After the name, which may hold anything, fields 14 and 15 of proc(5): user and system ticks.
    fields = stat.rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), time.monotonic())


def memory_of(pid: int) -> float | None:
    """Resident memory of a process in MB (10^6 bytes); None where there is no /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / _MEGABYTE
    return None


def own_memory() -> float | None:
    """Resident memory of this process in MB; where there is no /proc, its highest so far."""
    now = memory_of(os.getpid())
    if now is not None or sys.platform == "win32":
        return now
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MEGABYTE

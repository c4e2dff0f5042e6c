"""What processes cost, read from /proc: processor time and peak memory of a process and all below it."""

import os
from collections.abc import Iterator
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
#: Numbers of fields in /proc/PID/stat, counted from the state, which is the third (proc_pid_stat(5)).
_PARENT, _USER, _GONE_SYSTEM = 1, 11, 14


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may hold spaces; empty when the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def tree(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    parents = {int(path.name): _stat(int(path.name)) for path in Path("/proc").glob("[0-9]*")}
    below: dict[int, list[int]] = {}
    for child, fields in parents.items():
        if fields:
            below.setdefault(int(fields[_PARENT]), []).append(child)
    waiting = [pid]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += below.get(found, [])


def cpu_seconds(pid: int) -> float:
    """Processor time that a process, all below it, and all of its children that have ended have used."""
    return sum(sum(map(int, _stat(each)[_USER : _GONE_SYSTEM + 1])) for each in tree(pid)) / _TICK


def peak_mb(pid: int) -> float:
    """The most memory that a process or one below it ever held at once, in MB (VmHWM)."""
    return max((_peak(each) for each in tree(pid)), default=0.0)


def _peak(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def words() -> str:
    """This machine in a line: cores and their name, kernel, and how busy it was a moment ago."""
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        info = ""
    name = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), "")
    load = os.getloadavg()[0]
    return f"{len(os.sched_getaffinity(0))} cores {name}, Linux {os.uname().release.partition('-')[0]}, load {load:.1f} at the start"

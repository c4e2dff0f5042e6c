"""What processes cost, read from /proc: processor time and peak memory of a process and all below it, and what others leave us."""

import os
import time
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


def busy_seconds() -> float:
    """Processor time that everything on this machine has used since it started, all cores together; 0 where nobody says."""
    try:
        words = Path("/proc/stat").read_text(encoding="utf-8").split(maxsplit=9)
    except OSError:
        return 0.0
    # user, nice, system, then irq, softirq and steal: all but idle and waiting (proc_stat(5)).
    return (sum(map(int, words[1:4])) + sum(map(int, words[6:9]))) / _TICK


class Others:
    """How much of the processor others took between its making and `share`: what a rate on a shared machine must be read with."""

    def __init__(self, *pids: int) -> None:
        """`pids` are ours, with all below them; this process always is."""
        self._pids = (os.getpid(), *pids)
        self._began, self._busy, self._ours = time.monotonic(), busy_seconds(), self._spent()

    def _spent(self) -> float:
        return sum(map(cpu_seconds, self._pids))

    def share(self) -> float:
        """Of all cores, from 0 to 1."""
        cores = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        theirs = busy_seconds() - self._busy - (self._spent() - self._ours)
        return round(min(1.0, max(0.0, theirs / cores)), 2)


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

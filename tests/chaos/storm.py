"""Deals the blows of a plan, each in its time, to the processes, the database, the queue and the providers of an installation."""

import heapq
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from redis.exceptions import RedisError

from broadcaster.processes import valkey
from broadcaster.store.queue import connect
from tests.chaos.ground import Ground, try_kill
from tests.chaos.plan import SENDS, VICTIMS, Blow

#: Who is not there to be killed is waited for; it is being started again.
AGAIN = 0.5
Say = Callable[[str], None]


class Storm:
    """`add` blows, then call `go_on` until what is waited for has come. `dealt` counts what was really done."""

    def __init__(self, ground: Ground, say: Say, restart: Callable[[], None] | None = None) -> None:
        """`restart` ends the database's server as a crash would, and starts it again; None: there is none of ours."""
        self.ground, self.say, self._restart = ground, say, restart
        self.dealt: Counter[str] = Counter()
        self._draw = random.Random(f"victims {ground.plan.seed}")
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._asleep: dict[int, str] = {}

    def add(self, blows: Iterable[Blow]) -> None:
        """From now on; those before 0 at once."""
        now = time.monotonic()
        for blow in blows:
            if blow.at < 0:
                self._deal(blow)
            else:
                self._later(now + blow.at, blow)

    def _later(self, when: float, blow: Blow) -> None:
        self._at(when, lambda: self._deal(blow))

    def _at(self, when: float, what: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._due, (when, self._order, what))

    @property
    def over(self) -> bool:
        """True when nothing is to come and nobody sleeps."""
        return not self._due

    def go_on(self, until: Callable[[], bool], patience: float, pause: float = 0.2) -> bool:
        """Deal what is due until `until` holds; False when it does not within `patience` seconds."""
        deadline = time.monotonic() + patience
        while not until():
            if time.monotonic() > deadline:
                return False
            while self._due and self._due[0][0] <= time.monotonic():
                began = time.monotonic()
                heapq.heappop(self._due)[2]()
                self._put_off(time.monotonic() - began)
            time.sleep(pause)
        return True

    def _put_off(self, seconds: float) -> None:
        """What starting everything again took is no part of the storm: else all that was due meanwhile would fall at once."""
        if seconds > 1.0:
            self._due = [(when + seconds, order, what) for when, order, what in self._due]

    def wake(self) -> None:
        """Let everyone go on who was paused."""
        for pid in list(self._asleep):
            self._wake(pid)

    # -- blows

    def _deal(self, blow: Blow) -> None:
        done = {
            "kill": self._kill,
            "pause": self._pause,
            "fault": self._fault,
            "lag": self._lag,
            "flush": self._flush,
            "plug": self._plug,
            "restart": self._restart_database,
        }[blow.what](blow)
        if done is None:
            self._later(time.monotonic() + AGAIN, blow)
        elif done:
            self.dealt[blow.what] += 1
            self.say(f"{blow.what} {blow.whom} {done}")

    def victims(self, name: str) -> list[int]:
        """Processes of a program, without the ones that it forked; of "child", all there are."""
        found = self.ground.run.family()
        words = list(VICTIMS.values()) if name == "child" else [VICTIMS[name]]
        mine = sorted(pid for pid, line in found.items() if any(each in line for each in words))
        return mine if name == "child" else [pid for pid in mine if _parent(pid) not in mine]

    def _kill(self, blow: Blow) -> str | None:
        victims = self.victims(blow.whom)
        if not victims:
            return None
        pid = self._draw.choice(victims)
        return f"process {pid}" if try_kill(pid) else None

    def _pause(self, blow: Blow) -> str | None:
        victims = [pid for pid in self.victims(blow.whom) if pid not in self._asleep]
        if not victims:
            return None
        pid = self._draw.choice(victims)
        if not try_kill(pid, signal.SIGSTOP):
            return None
        self._asleep[pid] = _born(pid)
        self._at(time.monotonic() + blow.seconds, lambda: self._wake(pid))
        return f"process {pid} for {blow.seconds} s"

    def _wake(self, pid: int) -> None:
        """Not a stranger who has its number by now."""
        born = self._asleep.pop(pid, "")
        if born and _born(pid) == born:
            try_kill(pid, signal.SIGCONT)

    def _fault(self, blow: Blow) -> str:
        match = "" if blow.fault.startswith("callbacks_") else SENDS[blow.whom]
        self.ground.sandbox.control(blow.whom).fault(match, blow.fault, blow.times, blow.seconds)
        return f"{blow.fault} × {blow.times}, {blow.seconds} s"

    def _lag(self, blow: Blow) -> str:
        self.ground.sandbox.control(blow.whom).lag(blow.seconds)
        return f"{blow.seconds} s"

    def _flush(self, blow: Blow) -> str | None:
        try:
            with connect(valkey.url(self.ground.folder)) as connection:
                connection.flushall()
        except (RedisError, OSError):
            return None
        return "the queue is empty"

    def _plug(self, blow: Blow) -> str:
        """Everything at once, as when the power goes; then the machine is started again."""
        pids = [*self.ground.run.family()]
        for pid in pids:
            try_kill(pid)
        self.ground.run.process.wait()
        self._asleep.clear()
        self.ground.start()
        return f"{len(pids)} processes"

    def _restart_database(self, blow: Blow) -> str:
        if self._restart is None:
            return ""
        self._restart()
        return "as after a crash"


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _parent(pid: int) -> int:
    found = _stat(pid)
    return int(found[1]) if found else 0


def _born(pid: int) -> str:
    found = _stat(pid)
    return found[19] if found else ""


def alive(pid: int) -> bool:
    """True while there is a process of this number that is not only waiting to be collected."""
    return os.path.exists(f"/proc/{pid}") and _stat(pid)[:1] != ["Z"]  # noqa: PTH110

"""Starts the parts of an installation as real processes, and ends whatever it started.

Each is forked from a process that has loaded the code once and does nothing else: it is as real and dies as thoroughly as one that
was started anew, but is there in hundredths of a second instead of after a second of a core.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from broadcaster.processes import tied
from broadcaster.processes.environment import changes
from broadcaster.settings import Settings
from tests.engine import part

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.engine.part", "tests.playbooks.part"])


def begin(settings: Settings, what: Callable[..., None], *args: str, **environment: str) -> BaseProcess:
    """A process of its own in which `what` finds these settings in its environment, as a started program would."""
    wanted = changes(Settings(), settings)
    own = {name: value for name, value in wanted.items() if value is not None} | environment
    process = _FORKS.Process(target=_live, args=(own, what, args))
    process.start()
    return process


def _live(environment: dict[str, str], what: Callable[..., None], args: tuple[str, ...]) -> None:
    # The tests' own process may be killed, and the one that forked us ends with it.
    tied.tie(os.getppid())
    for name in [each for each in os.environ if each.startswith("BROADCASTER_")]:
        del os.environ[name]
    os.environ.update(environment)
    what(*args)


class Parts:
    """`with Parts(settings) as parts: parts.start("worker")`; every process is killed at the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: list[BaseProcess] = []

    def start(self, role: str, window: str = "", lane: str = "urgent", **environment: str) -> int:
        """Start a part, which kills itself in `window` when one is given; its process id."""
        process = begin(self._settings, part.live, role, window, lane, **environment)
        self._running.append(process)
        assert process.pid is not None
        return process.pid

    def died(self, pid: int) -> bool:
        """Wait for a part that should kill itself; True when it did."""
        (process,) = (each for each in self._running if each.pid == pid)
        return died(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            if process.is_alive():
                process.kill()
            process.join()


def died(process: BaseProcess, seconds: float = 120.0) -> bool:
    """Wait for a process that should kill itself; True when it did."""
    process.join(seconds)
    return process.exitcode == -signal.SIGKILL

"""Starts the parts of an installation as real processes, and ends whatever it started."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from broadcaster.processes.environment import changes
from broadcaster.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


class Parts:
    """`with Parts(settings) as parts: parts.start("worker")`; every process is killed at the end."""

    def __init__(self, settings: Settings) -> None:
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("BROADCASTER_")}
        wanted = changes(Settings(), settings)
        self._environment |= {name: value for name, value in wanted.items() if value is not None}
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, role: str, window: str = "", lane: str = "", **environment: str) -> subprocess.Popen[bytes]:
        """Start a part, which kills itself in `window` when one is given."""
        program = [sys.executable, "-m", "tests.engine.part", role, window, *([lane] if lane else [])]
        process = subprocess.Popen(program, cwd=ROOT, env=self._environment | environment)
        self._running.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


def died(process: subprocess.Popen[bytes], seconds: float = 120.0) -> bool:
    """Wait for a process that should kill itself; True when it did."""
    return process.wait(timeout=seconds) == -signal.SIGKILL

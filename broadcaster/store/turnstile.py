"""A fair queue for SQLite's one writer.

SQLite's own busy handler polls, so a stop waited 3 to 12 s behind bulk writers. Here every write transaction passes two file
locks: whoever holds the gate is next, whoever holds the lock writes. The kernel wakes waiters on a lock in order of arrival.
What cannot wait its turn, a stop, passes by the gate: then it has two or three transactions before it, however many wait there.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turnstile:
    """flock(gate), flock(lock), unlock(gate), work, unlock(lock): for all processes and threads that name the same file."""

    def __init__(self, database: Path) -> None:
        """`database` is the SQLite file; the lock files lie beside it."""
        self._paths = (Path(f"{database}.gate"), Path(f"{database}.lock"))
        self._held = threading.local()

    @contextmanager
    def turn(self, hurry: bool = False) -> Iterator[None]:
        """Hold the one place of the writer; `hurry` is for what people wait for and what is rare.

        A thread that already holds it would wait for itself, so that is an error.
        """
        if getattr(self._held, "now", False):
            raise RuntimeError("a write transaction inside a write transaction")
        # Opened anew each time: a lock belongs to the open file, and two threads must not share one.
        gate, lock = (os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for path in self._paths)
        try:
            if not hurry:
                fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(lock, fcntl.LOCK_EX)
            fcntl.flock(gate, fcntl.LOCK_UN)
            self._held.now = True
            yield
        finally:
            self._held.now = False
            os.close(gate)
            os.close(lock)

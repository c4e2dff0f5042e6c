"""Keeps the register that audiences are counted from at hand, so that nobody's first look has to wait for it."""

import threading

import structlog

from broadcaster.runtime import Runtime
from broadcaster.store import generations
from broadcaster.store.register import register

log = structlog.get_logger(__name__)

#: Seconds between two looks at which generation is in force. An import leaves its file ready; a restore or another machine may not.
LOOK = 10.0


def loop(rt: Runtime, stop: threading.Event) -> None:
    """Have the register in force ready until `stop` is set."""
    while not stop.is_set():
        try:
            with rt.db.read() as connection:
                if in_force := generations.current(connection):
                    register(connection, in_force)
        except Exception as error:  # noqa: BLE001 - whoever counts finds out what is wrong, and the next look may find it mended
            log.error("register_not_ready", error=type(error).__name__)
        stop.wait(LOOK)


def keep(rt: Runtime) -> None:
    """The same beside all else that this process does, to its end."""
    threading.Thread(target=loop, args=(rt, threading.Event()), name="register", daemon=True).start()

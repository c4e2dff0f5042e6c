"""The sweeper process: rings what was forgotten, ends what is over, makes the backups, applies receipts.

Any number may run. One leads the sweep; receipts are shared out among all of them (docs/decisions/066).
"""

import signal
import threading
from datetime import timedelta

import structlog

from broadcaster import clock
from broadcaster.processes import logs, part
from broadcaster.runtime import Runtime, build
from broadcaster.services import at_hand, backups, migrating, receiving, sweeping
from broadcaster.settings import Settings

log = structlog.get_logger(__name__)

#: How often it looks whether a backup is due, in seconds.
LOOK = 30.0


def sweep(settings: Settings) -> None:
    """Sweep until SIGTERM. NotReady says what must be set up first."""
    part.must_have_secret(settings)
    logs.configure("sweep")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with part.running(part.folder(settings)):
        runtime = build(settings)
        migrating.must_be_current(runtime.db)
        # Each in a thread of its own, so that nothing here keeps a batch from being rung again.
        beside = [
            threading.Thread(target=_keep_backups, args=(runtime, stop), name="backups"),
            threading.Thread(target=receiving.loop, args=(runtime, stop), name="receipts"),
            threading.Thread(target=at_hand.loop, args=(runtime, stop), name="register"),
        ]
        for thread in beside:
            thread.start()
        try:
            sweeping.loop(runtime, stop)
        finally:
            stop.set()
            for thread in beside:
                thread.join()
            runtime.close()


def _keep_backups(runtime: Runtime, stop: threading.Event) -> None:
    while not stop.wait(LOOK if runtime.settings.backup_dir else timedelta(days=1).total_seconds()):
        try:
            path = backups.keep(runtime, clock.utc_now())
        except Exception as error:  # noqa: BLE001 - a full disk must not end the sweep; /readyz shows the backup's age
            log.error("backup_failed", error=type(error).__name__, why=str(error))
        else:
            if path:
                log.info("backup_made", file=str(path))

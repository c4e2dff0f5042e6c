"""A worker process: listens on one lane of the queue and does its jobs, one after the other."""

import gc
import os

from broadcaster import jobs
from broadcaster.processes import logs, part
from broadcaster.runtime import build
from broadcaster.services import migrating
from broadcaster.settings import Settings
from broadcaster.store.queue import Worker

#: How much nicer than the rest a bulk worker is: while it fills every processor, a stop, an approval and the first posts go first.
STAND_BACK = 5
#: New objects after which Python looks for cycles among them. A text leaves none, so its usual 700 (2,000 from 3.12 on) only takes time:
#: a sixth of a worker's, together with what `gc.freeze` takes out of the search.
UNSEARCHED = 10_000


def work(settings: Settings, lane: str) -> None:
    """Work until SIGTERM; the job in hand is finished first. NotReady says what must be set up first."""
    part.must_have_secret(settings)
    logs.configure(f"worker-{lane}")
    if lane == "bulk":
        os.nice(STAND_BACK)
    with part.running(part.folder(settings)):
        runtime = build(settings)
        migrating.must_be_current(runtime.db)
        worker = Worker(settings.redis, lane)
        runtime.worker = worker.name
        jobs.use(runtime)
        gc.collect()
        gc.freeze()
        gc.set_threshold(UNSEARCHED)
        try:
            worker.work()
        finally:
            runtime.close()

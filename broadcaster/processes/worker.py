"""A worker process: listens on one lane of the queue and does its jobs, one after the other."""

from broadcaster import jobs
from broadcaster.processes import logs, part
from broadcaster.runtime import build
from broadcaster.services import migrating
from broadcaster.settings import Settings
from broadcaster.store.queue import Worker


def work(settings: Settings, lane: str) -> None:
    """Work until SIGTERM; the job in hand is finished first. NotReady says what must be set up first."""
    part.must_have_secret(settings)
    logs.configure(f"worker-{lane}")
    with part.running(part.folder(settings)):
        runtime = build(settings)
        migrating.must_be_current(runtime.db)
        worker = Worker(settings.redis, lane)
        runtime.worker = worker.name
        jobs.use(runtime)
        try:
            worker.work()
        finally:
            runtime.close()

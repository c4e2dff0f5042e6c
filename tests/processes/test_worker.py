"""A worker process against a real server: what it runs, what it refuses, and what it lives through."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue as RqQueue
from rq.serializers import DefaultSerializer, JSONSerializer

from broadcaster.processes.valkey import Embedded
from broadcaster.store.queue import Queue
from tests.processes.conftest import Until


class Bellboy:
    """A worker process and what it wrote down."""

    def __init__(self, url: str, lane: str, folder: Path) -> None:
        self.notes = folder / f"{lane}.txt"
        self.errors = folder / f"{lane}.log"
        self.notes.touch()
        with self.errors.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("bellboy.py"), url, lane, self.notes],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            )

    def lines(self) -> list[str]:
        return self.notes.read_text().splitlines()

    def did(self, job: str) -> Callable[[], bool]:
        return lambda: f"end {job}" in self.lines()


@pytest.fixture
def bellboy(valkey: Embedded, folder: Path, until: Until) -> Iterator[Bellboy]:
    boy = Bellboy(valkey.url, "urgent", folder)
    queue = Queue(valkey.url)
    until(lambda: (queue.workers() or {}).get("urgent") == 1)
    queue.close()
    yield boy
    boy.process.kill()
    boy.process.wait()


def test_a_worker_takes_the_jobs_of_its_lane_only(bellboy: Bellboy, valkey: Embedded, until: Until) -> None:
    queue = Queue(valkey.url)
    queue.ring([(1, "bulk"), (2, "urgent")])
    queue.ring_job("publish", "live")
    until(bellboy.did("publish live"))
    assert bellboy.lines() == [
        "begin deliver_batch 2",
        "end deliver_batch 2",
        "begin publish live",
        "end publish live",
    ]
    assert queue.depth("bulk") == 1
    queue.close()


def test_a_worker_goes_on_when_the_queue_is_killed_restarted_and_emptied(
    bellboy: Bellboy, valkey: Embedded, until: Until
) -> None:
    """Takes some 10 s: it waits for the worker to find the server gone, and back, twice."""
    queue = Queue(valkey.url)
    queue.ring([(1, "urgent")])
    until(bellboy.did("deliver_batch 1"))

    valkey.kill()
    until(lambda: not queue.ring([(0, "urgent")]))
    valkey.start()
    until(lambda: queue.ring([(2, "urgent")]))
    until(bellboy.did("deliver_batch 2"))

    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
    queue.ring([(3, "urgent")])
    until(bellboy.did("deliver_batch 3"))
    until(lambda: queue.workers() == {"urgent": 1, "bulk": 0})
    assert bellboy.process.poll() is None
    queue.close()


def test_a_worker_goes_on_when_the_queue_dies_in_the_middle_of_a_job(
    bellboy: Bellboy, valkey: Embedded, until: Until
) -> None:
    queue = Queue(valkey.url)
    queue.ring([(1500, "urgent")])
    until(lambda: "begin deliver_batch 1500" in bellboy.lines())
    valkey.kill()
    until(bellboy.did("deliver_batch 1500"))
    valkey.start()
    until(lambda: queue.ring([(4, "urgent")]))
    until(bellboy.did("deliver_batch 4"))
    queue.close()


def test_a_worker_goes_on_when_the_queue_is_emptied_in_the_middle_of_a_job(
    bellboy: Bellboy, valkey: Embedded, until: Until
) -> None:
    queue = Queue(valkey.url)
    queue.ring([(1000, "urgent")])
    until(lambda: "begin deliver_batch 1000" in bellboy.lines())
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
    until(bellboy.did("deliver_batch 1000"))
    queue.ring([(5, "urgent")])
    until(bellboy.did("deliver_batch 5"))
    queue.close()


def test_a_worker_told_to_stop_finishes_the_job_in_hand_and_takes_no_other(
    bellboy: Bellboy, valkey: Embedded, until: Until
) -> None:
    queue = Queue(valkey.url)
    queue.ring([(1200, "urgent"), (6, "urgent")])
    until(lambda: "begin deliver_batch 1200" in bellboy.lines())
    bellboy.process.terminate()
    assert bellboy.process.wait(timeout=10) == 0
    assert bellboy.lines() == ["begin deliver_batch 1200", "end deliver_batch 1200", "left in peace"]
    assert queue.workers() == {"urgent": 0, "bulk": 0}
    queue.close()


def test_a_worker_told_to_stop_while_the_queue_is_dead_stops(bellboy: Bellboy, valkey: Embedded, until: Until) -> None:
    valkey.kill()
    until(lambda: "could not connect" in bellboy.errors.read_text() or "queue_down" in bellboy.errors.read_text())
    bellboy.process.terminate()
    assert bellboy.process.wait(timeout=10) == 0


def test_an_idle_worker_told_to_stop_stops_at_once(bellboy: Bellboy) -> None:
    bellboy.process.send_signal(signal.SIGINT)
    assert bellboy.process.wait(timeout=5) == 0


def test_a_job_that_somebody_wrote_into_the_queue_is_refused(
    bellboy: Bellboy, valkey: Embedded, folder: Path, until: Until
) -> None:
    trace = folder / "trace"
    with Redis.from_url(valkey.url) as redis:
        RqQueue("urgent", connection=redis, serializer=DefaultSerializer).enqueue("os.mkdir", str(trace))
        json_queue = RqQueue("urgent", connection=redis, serializer=JSONSerializer)
        json_queue.enqueue("os.mkdir", str(trace))
        job = json_queue.create_job("broadcaster.jobs.publish", args=["exercise"])
        job._success_callback_name = "os.mkdir"
        json_queue.enqueue_job(job)
    queue = Queue(valkey.url)
    queue.ring([(9, "urgent")])
    until(bellboy.did("deliver_batch 9"))
    assert not trace.exists()
    assert bellboy.lines()[:2] == ["begin publish exercise", "end publish exercise"]
    assert "not a job of ours" in bellboy.errors.read_text()
    queue.close()

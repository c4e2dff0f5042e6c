"""The doorbell between the processes: it says that there is work, carries only ids, and may fail or forget at any time.

The truth is in the database; the sweep rings again whatever is lost here. The only importer of rq and redis.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn
from uuid import uuid4

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue as RqQueue
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.queue import EnqueueData
from rq.serializers import JSONSerializer

from broadcaster.store.line import Line

log = structlog.get_logger(__name__)

#: One rq queue each; a worker listens to one of them (docs/decisions/035).
LANES = ("urgent", "bulk")
#: Jobs and the dotted names under which a worker finds them; it runs nothing else, whatever is written into the queue.
JOBS = {name: f"broadcaster.jobs.{name}" for name in ("deliver_batch", "materialise", "publish", "pull", "call")}
#: What others wait for is urgent; asking a provider once more is not. Batches have a lane of their own.
JOB_LANES = {"materialise": "urgent", "publish": "urgent", "pull": "bulk", "call": "urgent"}
#: No caller waits longer than this for the queue, in seconds (redis-py alone: 4 s when refused, 60 s when hung).
PATIENCE = 0.5
#: Jobs that nobody took in this time are forgotten; the sweep has rung again long before, in seconds.
FORGET = 900
#: Jobs sent in one pipeline.
AT_ONCE = 500
#: Sorted set of a lane's workers, scored with the server's time until which each counts as alive.
ALIVE = "broadcaster:workers:{lane}"
#: A worker says so often that it lives, and counts as alive for so long, in seconds: a busy one too, a paused one not.
PULSE, ALIVE_FOR = 5.0, 20


def connect(url: str, read_timeout: float = PATIENCE) -> Redis:
    """A client that gives up instead of retrying: 0.5 s to connect, `read_timeout` seconds for an answer."""
    once = Retry(NoBackoff(), 0)
    return Redis.from_url(url, socket_connect_timeout=PATIENCE, socket_timeout=read_timeout, retry=once)


def answers(url: str) -> bool:
    """True when a server answers there now, with its data loaded."""
    try:
        with connect(url) as connection:
            return bool(connection.ping())
    except (RedisError, OSError):
        return False


class Queue:
    """Rings the workers. Nothing raises because the queue is down: the answer is then False, or None for a number."""

    def __init__(self, redis_url: str, connection: Redis | None = None) -> None:
        """`redis_url` is redis://, rediss:// or unix://; `connection` is used instead of it where one is given."""
        self.url = redis_url
        self._redis = connection or connect(redis_url)
        self._lanes = {lane: RqQueue(lane, connection=self._redis, serializer=JSONSerializer) for lane in LANES}
        self._ask = Line("queue_down", "the sweep rings again").ask

    def ring(self, batches: Iterable[tuple[int, str]]) -> bool:
        """Ring for each (batch id, lane), in this order; False when the queue did not take all of them."""
        rings: dict[str, list[EnqueueData]] = {lane: [] for lane in LANES}
        for batch_id, lane in batches:
            rings[lane].append(_job("deliver_batch", (batch_id,)))
        return self._enqueue(rings)

    def ring_job(self, name: str, *ids: int | str) -> bool:
        """Ring for a job that is no batch: materialise(alert id), publish(root), pull(batch id) or call(call id)."""
        return self._enqueue({JOB_LANES[name]: [_job(name, ids)]})

    def depth(self, lane: str) -> int | None:
        """Jobs waiting in a lane; None when the queue cannot say."""
        return self._ask(lambda: int(self._redis.llen(self._lanes[lane].key)))

    def workers(self) -> dict[str, int] | None:
        """Lane → workers that showed life in the last 20 s; None when the queue cannot say."""

        def count() -> dict[str, int]:
            now = self._redis.time()[0]
            return {lane: int(self._redis.zcount(ALIVE.format(lane=lane), now, "+inf")) for lane in LANES}

        return self._ask(count)

    def answers(self) -> bool:
        """True when the queue answers now, and did so a moment ago."""
        return bool(self._ask(self._redis.ping))

    def close(self) -> None:
        """Give back connections."""
        self._redis.close()

    def _enqueue(self, rings: Mapping[str, Sequence[EnqueueData]]) -> bool:
        def send() -> bool:
            for lane, jobs in rings.items():
                for start in range(0, len(jobs), AT_ONCE):
                    self._lanes[lane].enqueue_many(jobs[start : start + AT_ONCE])
            return True

        return bool(self._ask(send))


def _job(name: str, ids: Sequence[int | str]) -> EnqueueData:
    """Ids only, because rq keeps and logs what it is given. No time limit and no retry by rq: the lease has ours."""
    return RqQueue.prepare_data(
        JOBS[name], list(ids), timeout=-1, result_ttl=0, ttl=FORGET, failure_ttl=FORGET, description=name
    )


class _OwnJob(Job):
    """A job as the worker reads it: whoever can write into the queue can make us do our own jobs, and nothing else."""

    # rq would import and call whatever name the stored job gives.
    success_callback = failure_callback = stopped_callback = None
    should_retry = False

    @property
    def func(self) -> Callable[..., Any]:
        if self.func_name not in JOBS.values() or self.instance or self.kwargs:
            raise PermissionError(f"job {self.id} asks for something that is not a job of ours")
        return super().func  # type: ignore[no-any-return]

    def send_webhooks(self, *args: Any, **kwargs: Any) -> None:
        """None: the only addresses that we call are the providers' and those of services/outbound."""


class _OwnWorker(SimpleWorker):
    """rq's worker that runs jobs in its own process (docs/decisions/035), without its remote control."""

    job_class = _OwnJob
    max_connection_wait_time = 2.0
    log_result_lifespan = False
    asked_to_stop = False

    def handle_warm_shutdown_request(self) -> None:
        self.asked_to_stop = True

    def subscribe(self) -> None:
        """Not: rq's commands would let the queue stop a worker, and its thread dies with the queue's server."""

    def set_shutdown_requested_date(self) -> None:
        """Not: it writes to the queue from inside a signal handler, in the middle of a delivery."""


class Worker:
    """Works on one lane until SIGTERM or SIGINT, through every death, restart and emptying of the queue's server."""

    def __init__(self, redis_url: str, lane: str, name: str = "") -> None:
        """`name` is made from the lane and the machine where none is given. rq allows letters, digits, - and _."""
        if lane not in LANES:
            raise ValueError(f"no lane {lane!r}; there are: {', '.join(LANES)}")
        host = "".join(c if c.isalnum() and c.isascii() else "-" for c in socket.gethostname())
        self.lane = lane
        self.name = name or f"{lane}-{host}-{uuid4().hex[:8]}"
        self._url = redis_url
        self._ended = threading.Event()

    def work(self) -> None:
        """Returns after the first SIGTERM or SIGINT once the job in hand is done; a second one interrupts that job.

        Call it from the main thread, once.
        """
        pulse = threading.Thread(target=self._pulse, name="pulse", daemon=True)
        _on_signal()
        pulse.start()
        try:
            while not self._work_once():
                time.sleep(1.0)
        except StopRequested:
            log.debug("stopped_while_idle")
        finally:
            self._ended.set()
            pulse.join(timeout=2 * PATIENCE)

    def _work_once(self) -> bool:
        """Work as long as the connection holds; True when the end was asked for."""
        worker = None
        try:
            connection = connect(self._url, read_timeout=30.0)
            # A new name each time: the server may still remember the one before as alive.
            worker = _OwnWorker(
                [RqQueue(self.lane, connection=connection, serializer=JSONSerializer, job_class=_OwnJob)],
                name=f"{self.name}-{uuid4().hex[:4]}",
                connection=connection,
                serializer=JSONSerializer,
                worker_ttl=30,
                log_job_description=False,
            )
            worker.work(logging_level="WARNING")
        except (RedisError, OSError) as error:
            log.warning("queue_down", error=type(error).__name__, worker=self.name)
        finally:
            # rq's handlers belong to a worker that is gone.
            _on_signal()
        return worker is not None and worker.asked_to_stop

    def _pulse(self) -> None:
        key = ALIVE.format(lane=self.lane)
        with connect(self._url) as connection:
            while True:
                try:
                    now = connection.time()[0]
                    connection.zadd(key, {self.name: now + ALIVE_FOR})
                    connection.zremrangebyscore(key, 0, now - 1)
                    if self._ended.wait(PULSE):
                        connection.zrem(key, self.name)
                        return
                except (RedisError, OSError):
                    if self._ended.wait(1.0):  # `work` says that the queue is down
                        return


def _on_signal() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)


def _stop(number: int, _: object) -> NoReturn:
    raise StopRequested

"""The doorbell: what it carries, and how it behaves when the server is hung or gone."""

import json
import os
import signal
import time
import zlib

import pytest
from redis import Redis
from structlog.testing import capture_logs

from broadcaster.processes.valkey import Embedded
from broadcaster.store.queue import Queue
from tests.processes.conftest import Until


def stored_jobs(url: str) -> list[dict[bytes, bytes]]:
    with Redis.from_url(url) as redis:
        return [redis.hgetall(key) for key in redis.keys("rq:job:*")]


def test_a_batch_is_rung_on_its_own_lane_in_order(valkey: Embedded) -> None:
    queue = Queue(valkey.url)
    assert queue.ring([(7, "urgent"), (8, "bulk"), (9, "urgent")])
    assert (queue.depth("urgent"), queue.depth("bulk")) == (2, 1)
    assert queue.workers() == {"urgent": 0, "bulk": 0}
    queue.close()


def test_a_ring_carries_ids_only_as_json_and_no_policy_of_rq(valkey: Embedded) -> None:
    queue = Queue(valkey.url)
    queue.ring([(7, "bulk")])
    queue.ring_job("materialise", "a1b2")
    jobs = {job[b"description"]: job for job in stored_jobs(valkey.url)}
    data = {name: json.loads(zlib.decompress(job[b"data"])) for name, job in jobs.items()}
    assert data == {
        b"deliver_batch": ["broadcaster.jobs.deliver_batch", None, [7], {}],
        b"materialise": ["broadcaster.jobs.materialise", None, ["a1b2"], {}],
    }
    for job in jobs.values():
        assert job[b"timeout"] == b"-1"
        given = {name for name, value in job.items() if value}
        assert not {b"retries_left", b"success_callback_name", b"webhooks", b"dependency_ids"} & given
    queue.close()


def test_ten_thousand_rings_reach_the_server_in_pipelines(valkey: Embedded) -> None:
    queue = Queue(valkey.url)
    assert queue.ring((number, "bulk") for number in range(10_000))
    assert queue.depth("bulk") == 10_000
    queue.close()


def test_a_job_that_does_not_exist_cannot_be_rung(valkey: Embedded) -> None:
    queue = Queue(valkey.url)
    with pytest.raises(KeyError):
        queue.ring_job("system")
    queue.close()


@pytest.mark.parametrize("harm", [signal.SIGSTOP, signal.SIGKILL])
def test_a_hung_or_dead_queue_answers_no_within_a_second_and_says_so_once(
    valkey: Embedded, harm: signal.Signals
) -> None:
    queue = Queue(valkey.url)
    assert queue.ring([(1, "urgent")])
    os.kill(valkey.pid, harm)
    begin = time.monotonic()
    with capture_logs() as logs:
        assert queue.ring([(2, "urgent")]) is False
        assert queue.ring_job("publish", "live") is False
        assert queue.depth("urgent") is None
        assert queue.workers() is None
        assert queue.answers() is False
    assert time.monotonic() - begin < 1.0
    assert [line["event"] for line in logs] == ["queue_down"]
    os.kill(valkey.pid, signal.SIGCONT)
    queue.close()


def test_the_queue_is_used_again_soon_after_its_server_is_back(valkey: Embedded, until: Until) -> None:
    queue = Queue(valkey.url)
    valkey.kill()
    assert not queue.ring([(1, "urgent")])
    valkey.start()
    until(lambda: queue.ring([(2, "urgent")]), 5.0)
    queue.close()


def test_rings_survive_a_killed_server(valkey: Embedded) -> None:
    queue = Queue(valkey.url)
    queue.ring([(1, "urgent"), (2, "urgent")])
    valkey.kill()
    valkey.start()
    assert Queue(valkey.url).depth("urgent") == 2

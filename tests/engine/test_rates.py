"""Rates: tokens before intents, one bucket for all workers, a share of it without Valkey."""

import time

import pytest

from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, delivering
from broadcaster.store import batches
from broadcaster.store.limits import SHARE, RateLimits
from channels.sandbox.server import Sandbox
from tests.engine.city import counts, finish, holding, provider_log, sent, settle

pytestmark = pytest.mark.engine


def texts(rt: Runtime, count: int) -> tuple[str, int]:
    settle(rt, count)
    alert_id = sent(rt, holding(channels=("website", "sms")))
    broadcasting.materialise(rt, alert_id)
    with rt.db.read() as connection:
        (mine,) = [number for number, _, channel in batches.of_alert(connection, alert_id) if channel == "sms"]
    return alert_id, mine


def test_a_slow_sender_never_has_more_intended_than_a_second_releases(
    runtime: Runtime, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.limits = RateLimits(runtime.settings.redis, set_rate=5.0)
    alert_id, batch_id = texts(runtime, 12)
    most = 0
    original = delivering.Delivering._next_chunk

    def watch(self: delivering.Delivering, granted: int) -> object:
        nonlocal most
        rows = original(self, granted)
        most = max(most, len(rows))
        return rows

    monkeypatch.setattr(delivering.Delivering, "_next_chunk", watch)
    began = time.monotonic()
    delivering.deliver(runtime, batch_id)
    took = time.monotonic() - began
    assert len(provider_log(sandbox, "twilio")) == 12
    assert 1 <= most <= 5
    # 12 texts at 5 a second, of which at most a second's worth was saved up: no sooner than this, however fast the machine.
    assert took >= (12 - 5 - 1) / 5
    finish(runtime, alert_id)


def test_two_workers_share_one_bucket(runtime: Runtime) -> None:
    mine, theirs = (RateLimits(runtime.settings.redis, set_rate=4.0) for _ in range(2))
    channel = runtime.channel("sms", True)
    taken = 0
    began = time.monotonic()
    while time.monotonic() - began < 1.0:
        taken += mine.take(channel, "shared", True, 50) + theirs.take(channel, "shared", True, 50)
        time.sleep(0.01)
    assert taken <= 4 * (time.monotonic() - began) + 1


def test_without_valkey_each_worker_keeps_to_a_share(runtime: Runtime) -> None:
    alone = RateLimits("unix:///nowhere/valkey.sock", set_rate=40.0)
    channel = runtime.channel("sms", True)
    taken = 0
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        taken += alone.take(channel, "alone", True, 50)
        time.sleep(0.01)
    assert 1 <= taken <= 40 * SHARE * (time.monotonic() - began) + 1


@pytest.mark.parametrize("down", [False, True])
def test_unused_tokens_go_back_and_what_passed_by_the_queue_is_owed(runtime: Runtime, down: bool) -> None:
    limits = RateLimits("unix:///nowhere/valkey.sock" if down else runtime.settings.redis, set_rate=0.001)
    channel = runtime.channel("sms", True)
    assert limits.take(channel, "back", True, 50) == 1
    assert limits.take(channel, "back", True, 50) == 0
    limits.put_back(channel, "back", True, 1)
    assert limits.take(channel, "back", True, 50) == 1
    limits.owe(channel, "back", True)
    limits.put_back(channel, "back", True, 1)
    assert limits.take(channel, "back", True, 50) == 0


def test_too_many_requests_make_every_worker_wait_once(runtime: Runtime) -> None:
    mine, theirs = (RateLimits(runtime.settings.redis, set_rate=10.0) for _ in range(2))
    channel = runtime.channel("sms", True)
    assert mine.take(channel, "eased", True, 1) == 1
    for _ in range(50):  # as many as were in flight
        theirs.ease(channel, "eased", True, 0.5)
    began = time.monotonic()
    while not mine.take(channel, "eased", True, 1):
        assert time.monotonic() - began < 5
        time.sleep(0.01)
    assert time.monotonic() - began > 0.4


def test_a_long_wait_for_the_rate_keeps_the_lease(runtime: Runtime, sandbox: Sandbox) -> None:
    """Over 5 s: the wait for the second text has to be longer than the lease (QUICK: 3 s)."""
    runtime.limits = RateLimits(runtime.settings.redis, set_rate=0.25)
    alert_id, batch_id = texts(runtime, 2)
    delivering.deliver(runtime, batch_id)
    assert len(provider_log(sandbox, "twilio")) == 2
    with runtime.db.read() as connection:
        held = batches.look(connection, batch_id)
    assert held
    assert held.epoch == 1
    assert set(counts(runtime, alert_id)["sms"]) == {"accepted"}

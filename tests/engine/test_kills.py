"""kill -9 in every window of SECURITY R5, on both databases: nobody is left out, and nobody gets it twice.

Counted at the provider, after its lag. Real processes, real Valkey, real SDKs; only the engine's patience is shorter (QUICK). That the
queue is killed and emptied in the middle of a send is part of tests/chaos/test_chaos.py.
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from broadcaster.runtime import Runtime
from broadcaster.settings import Settings
from channels.sandbox.server import Sandbox
from tests.engine.city import (
    approve,
    counts,
    holding,
    provider_log,
    settle,
    state,
    submitted,
    texts_per_phone,
)
from tests.engine.parts import Parts

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

PEOPLE = 500
#: Window → the lane whose worker dies there: plans are made on the urgent lane, 500 texts and their lookups go on the bulk lane.
IN_A_WORKER = {
    "in the middle of making deliveries": "urgent",
    "after the lease": "bulk",
    "after the intent": "bulk",
    "during the call": "bulk",
    "after the call, before the commit": "bulk",
    "after the last outcome, before the end of the lease": "bulk",
    "in a receipt, before its commit": "bulk",
}
Until = Callable[..., None]


def everyone_exactly_once(sandbox: Sandbox, phones: list[str]) -> None:
    """The promise, as the provider sees it."""
    got = texts_per_phone(sandbox)
    lost, doubled = set(phones) - set(got), {phone: times for phone, times in got.items() if times > 1}
    assert (len(lost), doubled) == (0, {})
    assert len(provider_log(sandbox, "facebook")) == 1
    assert len(provider_log(sandbox, "x")) == 2


def slow(sandbox: Sandbox, seconds: float, first: int = 1) -> None:
    """The next texts take a while at the provider, which then keeps them."""
    faults = [{"match": "POST /2010", "fault": "latency", "count": first, "delay_s": seconds}]
    requests.post(f"{sandbox.urls['twilio']}/_faults", json=faults, timeout=5).raise_for_status()


@pytest.mark.parametrize("window", ["before the approval commits", "after the commit, before the ring"])
def test_an_approver_killed(window: str, runtime: Runtime, settings: Settings, sandbox: Sandbox, until: Until) -> None:
    """Over 5 s: 500 texts, and a sweep that must find what nobody rang for."""
    phones = settle(runtime, PEOPLE)
    alert_id = submitted(runtime, holding())
    with Parts(settings) as parts:
        assert parts.died(parts.start("approve", window, ALERT=alert_id))
        if window == "before the approval commits":
            assert state(runtime, alert_id) == "pending_approval"
            assert counts(runtime, alert_id) == {}
            approve(runtime, alert_id)
        for role in ("sweeper", "worker", "worker"):
            parts.start(role)
        parts.start("worker", lane="bulk")
        until(lambda: state(runtime, alert_id) == "active", 120, "the end of sending")
    everyone_exactly_once(sandbox, phones)


@pytest.mark.parametrize("window", list(IN_A_WORKER))
def test_a_worker_killed(window: str, runtime: Runtime, settings: Settings, sandbox: Sandbox, until: Until) -> None:
    """Over 5 s: a dead worker's lease and grace have to pass before another looks at the provider and goes on."""
    phones = settle(runtime, PEOPLE)
    if window == "during the call":
        slow(sandbox, 0.4, PEOPLE)
    lane = IN_A_WORKER[window]
    with Parts(settings) as parts:
        parts.start("sweeper")
        doomed = parts.start("worker", window, lane)
        if lane == "bulk":
            parts.start("worker")
        alert_id = submitted(runtime, holding())
        approve(runtime, alert_id)
        assert parts.died(doomed)
        for each in ("urgent", "bulk"):
            parts.start("worker", lane=each)
        if window.startswith("in a receipt"):
            until(lambda: counts(runtime, alert_id)["sms"].get("delivered", 0) > 100, 120, "word from the provider")
        until(lambda: state(runtime, alert_id) == "active", 120, "the end of sending")
    everyone_exactly_once(sandbox, phones)


def pause_between_transactions(rt: Runtime, process: int) -> None:
    """SIGSTOP, at a moment when the process holds nothing that others wait for.

    On SQLite a process that is stopped inside a write transaction holds the one place of the writer until it goes on or is
    killed (docs/delivery.md); what is tried here is the pause between intent and call.
    """
    for _ in range(100):
        os.kill(process, signal.SIGSTOP)
        time.sleep(0.05)
        if not holds_something(rt):
            return
        os.kill(process, signal.SIGCONT)
        time.sleep(0.02)
    pytest.fail("the worker was always in a transaction")


def holds_something(rt: Runtime) -> bool:
    if not rt.db.sqlite:
        idle = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'"
        )
        with rt.db.read() as connection:
            return bool(connection.scalar(idle))
    with Path(f"{rt.db.url.database}.lock").open("rb") as lock:
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.01)
            else:
                return False
    return True


def test_a_worker_that_is_stopped_past_the_grace_and_woken_doubles_nothing(
    runtime: Runtime, settings: Settings, sandbox: Sandbox, until: Until
) -> None:
    """Over 5 s: the sleeper has to outsleep lease and grace, and others have to finish its work meanwhile."""
    phones = settle(runtime, PEOPLE)
    with Parts(settings.model_copy(update={"sms_rate": 100.0})) as parts:
        parts.start("sweeper")
        sleeper = parts.start("worker", lane="bulk")
        parts.start("worker")
        alert_id = submitted(runtime, holding())
        approve(runtime, alert_id)
        until(lambda: len(provider_log(sandbox, "twilio")) > 60, 120, "the first texts")
        pause_between_transactions(runtime, sleeper)
        left = len(provider_log(sandbox, "twilio"))
        assert left < PEOPLE
        parts.start("worker", lane="bulk")
        until(lambda: state(runtime, alert_id) == "active", 120, "the end of sending")
        os.kill(sleeper, signal.SIGCONT)
        # What it had in hand when it fell asleep, it may only look at now.
        time.sleep(3)
    everyone_exactly_once(sandbox, phones)

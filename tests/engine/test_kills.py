"""kill -9 in every window of SECURITY R5, on both databases: nobody is left out, and nobody gets it twice.

Counted at the provider, after its lag. Real processes, real Valkey, real SDKs; only the engine's patience is shorter (QUICK).
"""

import signal
from collections.abc import Callable

import pytest
import requests

from broadcaster.runtime import Runtime
from broadcaster.settings import Settings
from channels.sandbox.server import Sandbox
from tests.engine.city import (
    approve,
    complete,
    counts,
    holding,
    provider_log,
    settle,
    state,
    submitted,
    texts_per_phone,
)
from tests.engine.parts import Parts, died

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

PEOPLE = 500
IN_A_WORKER = (
    "in the middle of making deliveries",
    "after the lease",
    "after the intent",
    "during the call",
    "after the call, before the commit",
    "after the last outcome, before the end of the lease",
    "in a receipt, before its commit",
)
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
        assert died(parts.start("approve", window, ALERT=alert_id))
        if window == "before the approval commits":
            assert state(runtime, alert_id) == "pending_approval"
            assert counts(runtime, alert_id) == {}
            approve(runtime, alert_id)
        for role in ("sweeper", "worker", "worker"):
            parts.start(role)
        parts.start("worker", lane="bulk")
        until(lambda: complete(runtime, alert_id), 60, "completion")
    everyone_exactly_once(sandbox, phones)


@pytest.mark.parametrize("window", IN_A_WORKER)
def test_a_worker_killed(window: str, runtime: Runtime, settings: Settings, sandbox: Sandbox, until: Until) -> None:
    """Over 5 s: a dead worker's lease and grace have to pass before another looks at the provider and goes on."""
    phones = settle(runtime, PEOPLE)
    if window == "during the call":
        slow(sandbox, 0.4)
    with Parts(settings) as parts:
        parts.start("sweeper")
        parts.start("worker")
        doomed = [parts.start("worker", window, lane) for lane in ("urgent", "bulk")]
        alert_id = submitted(runtime, holding())
        approve(runtime, alert_id)
        until(lambda: any(each.poll() is not None for each in doomed), 30, "the kill")
        assert any(each.poll() == -signal.SIGKILL for each in doomed)
        for lane in ("urgent", "bulk"):
            parts.start("worker", lane=lane)
        until(lambda: complete(runtime, alert_id), 60, "completion")
    everyone_exactly_once(sandbox, phones)

"""What cannot be sent yet because of something else waits for it: it neither spins nor is given up."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from broadcaster.runtime import Runtime
from broadcaster.store.schema import batches, deliveries
from channels.sandbox.server import Sandbox
from tests.engine.city import (
    QUICK,
    finish,
    holding,
    provider_log,
    round_of_work,
    sent,
    settle,
    texts_per_phone,
    update_of,
)
from tests.engine.test_faults import a_minute_passes

pytestmark = pytest.mark.engine


def work_and_look(rt: Runtime, alert_id: str, channel: str) -> tuple[str, int]:
    """Sixty rounds of work within moments; the state of an alert's batch then, and how often it was leased."""
    for _ in range(60):
        round_of_work(rt)
    query = select(batches.c.state, batches.c.epoch).where(batches.c.alert_id == alert_id, batches.c.channel == channel)
    with rt.db.read() as connection:
        row = connection.execute(query).one()
    return str(row.state), int(row.epoch)


def the_grace_is_over(rt: Runtime) -> None:
    """A minute later, for everything that waits."""
    a_minute_passes(rt)
    with rt.db.write() as tx:
        tx.execute(update(deliveries).values(intent_at=deliveries.c.intent_at - 60_000))


def test_the_second_part_of_a_thread_waits_for_word_of_the_first(runtime: Runtime, sandbox: Sandbox) -> None:
    """With the product's grace: found by the chaos suite, where a thread was given up within seconds."""
    runtime.timing = replace(QUICK, grace=60.0)
    settle(runtime, 1)
    sandbox.control("x").fault("POST /2/tweets", "drop_after")
    alert_id = sent(runtime, holding(channels=("website", "x")))
    state, leases = work_and_look(runtime, alert_id, "x")
    assert state == "pending"
    assert leases < 12
    the_grace_is_over(runtime)
    finish(runtime, alert_id)
    assert len(provider_log(sandbox, "x")) == 2


def test_an_update_waits_for_word_of_the_text_that_it_updates(runtime: Runtime, sandbox: Sandbox) -> None:
    runtime.timing = replace(QUICK, grace=60.0)
    (phone,) = settle(runtime, 1)
    twilio = sandbox.control("twilio")
    twilio.fault("", "callbacks_lost", None)
    twilio.fault("POST /2010", "drop_after")
    first = sent(runtime, holding(channels=("website", "sms")))
    for _ in range(5):
        round_of_work(runtime)
    assert texts_per_phone(sandbox)[phone] == 1
    second = sent(runtime, update_of(runtime, first, channels=("website", "sms")))
    state, leases = work_and_look(runtime, second, "sms")
    assert state == "pending"
    assert leases < 12
    the_grace_is_over(runtime)
    twilio.faults([])
    finish(runtime, second)
    assert texts_per_phone(sandbox)[phone] == 2

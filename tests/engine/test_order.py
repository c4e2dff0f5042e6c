"""Who is told first: those whom the water reaches first, and before all others those whose alert is more urgent."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select

from broadcaster import clock
from broadcaster.domain.alert import Selector, Severity
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, delivering, residents
from broadcaster.store import batches, plans
from broadcaster.store.schema import audience_plans, deliveries
from broadcaster.store.schema import batches as batch_table
from channels.sandbox.server import Sandbox
from tests.engine.city import ROOT, counts, finish, holding, phone, sent, settle, texts_per_phone

pytestmark = pytest.mark.engine
ZONES = ("annerley", "rocklea", "oxley")


def test_the_water_reaches_oxley_first_then_rocklea_so_that_is_the_order_of_the_texts(
    runtime: Runtime, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasting, "SMALL", 0)
    for number, zone in enumerate(ZONES):
        settle(runtime, 3, zone, first=10 * number)
    # One of Annerley has a mother in Rocklea, and one of Rocklea works in Oxley: each belongs where the water is first.
    second = f"phone,place,zones\n{phone(0)},mother,rocklea\n{phone(10)},work,oxley\n".encode()
    residents.import_residents(runtime.db, runtime.profile, BytesIO(second), "merge", actor=ROOT, now=clock.utc_now())
    soon = clock.utc_now() + timedelta(hours=1)
    area = Selector(zones=ZONES, arrivals={"rocklea": soon + timedelta(hours=1), "oxley": soon})
    alert_id = sent(runtime, holding(area=area, channels=("sms",)))
    broadcasting.materialise(runtime, alert_id)
    by_priority = select(deliveries.c.address).join(batch_table, batch_table.c.id == deliveries.c.batch_id)
    with runtime.db.read() as connection:
        order = by_priority.where(deliveries.c.phone_id.is_not(None)).order_by(batch_table.c.priority, deliveries.c.id)
        told = list(connection.scalars(order))
        plans = connection.execute(select(audience_plans.c.expected, audience_plans.c.made)).all()
    assert [sorted(told[:4]), sorted(told[4:7]), sorted(told[7:])] == [
        [phone(10), phone(20), phone(21), phone(22)],
        [phone(0), phone(11), phone(12)],
        [phone(1), phone(2)],
    ]
    assert all(expected == made for expected, made in plans)
    finish(runtime, alert_id)
    assert {texts_per_phone(sandbox)[each] for each in told} == {1}


def test_a_later_more_urgent_alert_is_made_and_sent_before_a_running_one(
    runtime: Runtime, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasting, "SMALL", 0)
    settle(runtime, 6)
    calm = replace(holding(channels=("sms",)), severity=Severity.MODERATE)
    running, later = sent(runtime, calm), sent(runtime, replace(calm, severity=Severity.EXTREME))
    broadcasting.materialise(runtime, running)
    with runtime.db.read() as connection:
        assert plans.unmade(connection) == []
        rung = [row.id for row in batches.due(connection, -60.0) if row.lane == "bulk"]
        of_running = [number for number, lane, _ in batches.of_alert(connection, running) if lane == "bulk"]
    assert rung[-1:] == of_running
    for alert_id in (running, later):
        # The page is out.
        with runtime.db.read() as connection:
            pages = [number for number, _, channel in batches.of_alert(connection, alert_id) if channel == "website"]
        for number in pages:
            delivering.deliver(runtime, number)
    delivering.deliver(runtime, of_running[0])
    assert counts(runtime, running)["sms"] == {"pending": 6}
    assert "pending" not in counts(runtime, later)["sms"]

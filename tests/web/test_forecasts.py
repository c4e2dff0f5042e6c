"""What an author, an approver and those who watch are told about time and cost, and about the staff's own phones."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest

from broadcaster.domain.profile import Money
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting
from broadcaster.store.schema import batches, deliveries
from broadcaster.web.shared import Shared
from channels.sandbox.twilio_rules import FAKE_SENDER
from tests.engine.city import holding, phone
from tests.web.cast import House
from tests.web.forms import Form
from tests.web.stories import approved, row, submitted, written


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """One slow sender: 40 texts of two segments take 800 s."""
    return environment | {"BROADCASTER_TWILIO_FROM": f"{FAKE_SENDER}=0.1"}


def test_a_late_forecast_offers_the_short_form_and_only_the_author_takes_it(town: House, rt: Runtime) -> None:
    onset = town.clock() + timedelta(minutes=10)
    alert_id = written(town, rt, holding(channels=("website", "sms"), onset=onset))
    ada = town.of("ada")
    form = Form(ada.get(f"/alerts/{alert_id}/edit").text, "compose").values
    seen = ada.post(f"/alerts/{alert_id}/edit", {**form, "action": "preview"}).text
    assert "3 min too late" in seen or "4 min too late" in seen
    assert "in time for every zone" in seen
    assert "2 segments" in seen
    assert "Change to the short form" in ada.get(f"/alerts/{alert_id}/check").text
    taken = ada.post(f"/alerts/{alert_id}/edit", {**form, "action": "short"}).text
    assert "too late</span>" not in taken
    assert "In time" in taken
    assert "1 segment," in taken
    ada.post(f"/alerts/{alert_id}/edit", {**Form(taken, "compose").values, "action": "save"})
    assert row(rt, alert_id).draft["short"] is True
    before = ada.post("/alerts/new/volunteer-call", {"status": "Actual", "short": "yes", "action": "preview"}).text
    assert "volunteer-call has no short text in en" in before


def test_the_hazard_s_time_per_zone_is_kept_and_forecast_against(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding(channels=("website", "sms")))
    ada = town.of("ada")
    form = Form(ada.get(f"/alerts/{alert_id}/edit").text, "compose").values
    ada.post(f"/alerts/{alert_id}/edit", {**form, "area.arrivals.rocklea": "+20m", "action": "save"})
    stored = row(rt, alert_id).draft["area"]["arrivals"]
    assert set(stored) == {"rocklea"}
    again = Form(ada.get(f"/alerts/{alert_id}/edit").text, "compose").values
    ada.post(f"/alerts/{alert_id}/edit", {**again, "action": "save"})
    assert set(row(rt, alert_id).draft["area"]["arrivals"]) == {"rocklea"}
    assert "In time" in ada.get(f"/alerts/{alert_id}/check").text
    wrong = ada.post(f"/alerts/{alert_id}/edit", {**again, "area.arrivals.oxley": "+5m", "action": "preview"}).text
    assert "is not one of the zones" in wrong


def test_an_approver_sees_when_the_last_text_leaves_and_what_it_costs(town: House, rt: Runtime) -> None:
    rt.profile = replace(rt.profile, sms_price=Money(Decimal("0.25"), "AUD"))
    alert_id = submitted(town, rt, holding(short=True))
    ben = town.of("ben")
    page = ben.get(f"/alerts/{alert_id}/decide").text
    assert "7 min" in page
    assert "about A$10.00" in page
    assert "The author chose the short form" in page
    ben.post("/language", {"language": "nb"})
    rt.profile = replace(rt.profile, sms_price=None)
    page = ben.get(f"/alerts/{alert_id}/decide").text
    assert "Hvor lang tid det tar" in page
    assert "ukjent: sett sms_price i profilen" in page


def test_the_live_view_forecasts_anew_and_shows_the_staff_s_phones(town: House, rt: Runtime) -> None:
    rt.profile = replace(rt.profile, staff_phones=(phone(900),))
    alert_id = approved(town, rt, holding())
    broadcasting.materialise(rt, alert_id)
    cy = town.of("cy")
    page = cy.get(f"/alerts/{alert_id}").text
    assert "Not arrived on any of them yet." in page
    assert phone(900) not in page
    assert "Nothing has left in the last minute." in page
    town.clock.pass_by(seconds=20)
    later = row(rt, alert_id).approved_at
    assert later is not None
    with rt.db.write() as tx:
        staff = tx.scalar(batches.select().with_only_columns(batches.c.id).where(batches.c.staff))
        told = deliveries.update().where(deliveries.c.batch_id == staff)
        tx.execute(told.values(state="delivered", accepted_at=later, final_at=later + timedelta(seconds=4)))
        half = deliveries.c.channel == "sms", deliveries.c.batch_id != staff, deliveries.c.id % 2 == 0
        tx.execute(deliveries.update().where(*half).values(state="accepted", accepted_at=later))
    page = unescape(cy.get(f"/alerts/{alert_id}/progress").text)
    assert "on 1 of 1, the first 4 s after approval" in page
    assert "(1 a second) the last text leaves at" in page
    with rt.db.write() as tx:
        tx.execute(deliveries.update().where(deliveries.c.channel == "sms").values(state="accepted", accepted_at=later))
    page = unescape(cy.get(f"/alerts/{alert_id}/progress").text)
    assert "All are handed over. The provider's senders release the last one at about" in page
    rt.profile = replace(rt.profile, staff_phones=())
    assert "No staff phones are set" in cy.get(f"/alerts/{approved(town, rt, holding(incident='b'))}").text


def test_what_many_ask_for_at_once_is_worked_out_once() -> None:
    shared, made, gate = Shared(), [], threading.Event()

    def dear() -> int:
        gate.wait(10)
        made.append(1)
        return len(made)

    answers: list[int] = []
    askers = [threading.Thread(target=lambda: answers.append(shared.of("x", dear))) for _ in range(8)]
    for each in askers:
        each.start()
    threading.Event().wait(0.1)
    gate.set()
    for each in askers:
        each.join(10)
    assert answers == [1] * 8
    assert shared.of("y", lambda: 5) == 5

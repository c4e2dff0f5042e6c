"""Who did not get an alert, on both databases: the city's addresses beside what became of the texts."""

from broadcaster import clock
from broadcaster.domain.street import Why
from broadcaster.runtime import Runtime
from broadcaster.services import addresses, desk, handing_over, not_reached
from broadcaster.store import alerts as alert_store
from channels.sandbox.server import Sandbox
from tests.engine.city import ADA, BEN, ROOT, finish, holding, sent, settle


def test_what_failed_and_who_has_no_number_are_counted_and_listed(runtime: Runtime, sandbox: Sandbox) -> None:
    """A real fan-out with one refusal; the desk is handed over afterwards."""
    numbers = settle(runtime, 4)
    lines = "place,lat,lon,zones\n7 Sherwood Road,-27.505,153.015,\nthe creek hut,,,rocklea\n"
    now = clock.utc_now()
    assert addresses.import_addresses(runtime.db, lines.encode(), actor=ROOT, now=now).households == 2
    assert addresses.import_addresses(runtime.db, lines.encode(), actor=ROOT, now=now).households == 2
    sandbox.control("twilio").fault(f"To={numbers[0].replace('+', '%2B')}", "error", status=400, code=21614)
    alert_id = sent(runtime, holding(channels=("website", "sms")))
    finish(runtime, alert_id)
    with runtime.db.read() as connection:
        counts = not_reached.counts(runtime, connection, alert_store.get(connection, alert_id))
    assert counts == {"rocklea": {Why.LANDLINE: 1, Why.NO_NUMBER: 2}}
    made = not_reached.make(runtime, alert_id, "rocklea", 1, "Crew", BEN, now)
    streets = not_reached.open_list(runtime, made, BEN, now)
    assert [street.name for street in streets] == ["Sherwood Road", "", ""]
    assert streets[-1].lines[0].call == (numbers[0],)
    signed = handing_over.sign(runtime, [], ADA, now)
    moved = handing_over.confirm(runtime, signed, BEN, now).moved
    with runtime.db.read() as connection:
        assert alert_store.get(connection, alert_id).owner == BEN.id
        assert desk.page(runtime, connection, now)["alerts"][0]["owner"] == BEN.id
    assert len(moved["alerts"]) == 1

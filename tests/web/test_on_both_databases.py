"""The console's own questions to the store, on SQLite and on PostgreSQL."""

from datetime import timedelta

import pytest

from broadcaster import clock
from broadcaster.domain.lifecycle import BatchState
from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.services import accounts, playbooks
from broadcaster.store import accounts as account_store
from broadcaster.store import chronicle, progress, standing, tallies
from broadcaster.web.app import create_app
from channels.sandbox.server import Sandbox
from tests.engine.city import finish, holding, sent, settle
from tests.web.cast import OPERATOR, Clock, House

pytestmark = pytest.mark.engine

PASSWORD = "four random words here"


@pytest.fixture
def house(runtime: Runtime) -> House:
    people = {}
    for name, role in (("ada", Role.AUTHOR), ("root", Role.ADMIN)):
        new = accounts.add_user(
            runtime, f"{name}@bcc.example", role, OPERATOR, clock.utc_now(), name.title(), password=PASSWORD
        )
        people[name] = new.account
    app = create_app(runtime, clock=Clock(clock.utc_now()))
    app.testing = True
    return House(app, people, Clock(clock.utc_now()))


def test_pages_and_numbers_are_the_same_on_both(runtime: Runtime, sandbox: Sandbox, house: House) -> None:
    """Sends an alert through the sandbox and looks at every page about it: over 5 s on a busy machine."""
    phones = settle(runtime, 12)
    alert_id = sent(runtime, holding())
    finish(runtime, alert_id)
    root = house.of("root")
    for path in (
        *("/", "/incidents", "/incidents/" + holding().incident, "/inbox", "/residents", "/system", "/people"),
        *(f"/alerts/{alert_id}", f"/alerts/{alert_id}/deliveries?channel=sms", "/playbooks", "/account"),
    ):
        assert root.get(path).status_code == 200, path
    page = root.get(f"/alerts/{alert_id}").text
    assert "12 of 12 final" in page
    metrics = root.get("/metrics").text
    assert f'broadcaster_deliveries{{channel="sms",mode="live",state="delivered"}} {float(len(phones))}' in metrics
    assert 'broadcaster_alerts{mode="live",state="active"} 1.0' in metrics
    assert root.get("/readyz").get_json()["parts"]["database"] == {"ok": True}


def test_what_the_console_asks_of_an_alert(runtime: Runtime, sandbox: Sandbox, house: House) -> None:
    settle(runtime, 12)
    alert_id = sent(runtime, holding())
    finish(runtime, alert_id)
    with runtime.db.read() as connection:
        planned = tallies.planned(connection, alert_id)["sms"]
        assert (planned.expected, planned.made, planned.done) == (12, 12, True)
        assert tallies.failures(connection, alert_id) == []
        assert progress.first_accepted(connection, alert_id).keys() == {"sms", "x", "facebook", "website"}
        assert tallies.stuck(connection, alert_id) == {}
        assert tallies.channels_in_trouble(connection) == frozenset()
        assert {"x", "facebook", "website"} <= tallies.urls(connection, alert_id).keys()
        assert standing.batches_in(connection, [BatchState.DEAD]) == []
        actions = [entry.action for entry in chronicle.latest(connection, holding().incident, alert_id=alert_id)]
        assert actions[-3:] == ["approve", "submit", "write"]


def test_people_sessions_keys_and_passkeys(runtime: Runtime, house: House) -> None:
    now, ada = clock.utc_now(), house.people["ada"]
    with runtime.db.write() as tx:
        account_store.begin_session(tx, "d" * 64, ada.id, now, timedelta(days=1))
        assert account_store.use_code(tx, ada.id, 5)
        assert not account_store.use_code(tx, ada.id, 5)
        moment = {"create_datetime": now, "lastuse_datetime": now}
        plain = {"credential_id": b"\x00\x01", "public_key": b"\x02", "name": "key", "usage": "secondary"}
        rest = {"transports": ["usb"], "backup_state": False, "device_type": "single_device", "extensions": None}
        account_store.add_passkey(tx, {"user_id": ada.id, **plain, **rest, **moment})
    with runtime.db.read() as connection:
        found = account_store.in_session(connection, "d" * 64, ada.fs_uniquifier, now - timedelta(hours=1))
        assert found is not None
        assert found.id == ada.id
        passkey = account_store.passkey(connection, b"\x00\x01")
        assert passkey is not None
        assert passkey.transports == ["usb"]
        assert account_store.with_passkeys(connection) == {ada.id}
        assert account_store.second_people(connection) == 1
    key = accounts.add_key(runtime, "gauge", ["alerts:read"], OPERATOR, now)
    assert accounts.verify_key(runtime, key.secret, now) is not None


def test_playbooks_on_the_shelf(runtime: Runtime, house: House) -> None:
    settle(runtime, 1)
    name = "boil-water"
    accounts.add_user(runtime, "ben@bcc.example", Role.APPROVER, OPERATOR, clock.utc_now(), password=PASSWORD)
    playbooks.approve_version(runtime, name, house.people["root"].actor, clock.utc_now())
    assert "waits for approval each time" in house.of("ada").get("/playbooks").text

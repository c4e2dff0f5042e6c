"""What may not leave: stopped, superseded, expired, opted out, too early, of the wrong mode. And what a person can do about the rest."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from broadcaster import clock
from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Conflict, NotAllowed, NotReady, WrongState
from broadcaster.runtime import Runtime
from broadcaster.services import approval, broadcasting, delivering, drafting, sweeping
from broadcaster.store import alerts as alert_store
from broadcaster.store import batches, endings, stops
from broadcaster.store.schema import alerts, db_now
from broadcaster.store.schema import batches as batch_table
from broadcaster.store.schema import deliveries as delivery_table
from channels.sandbox.control import Control
from channels.sandbox.server import Sandbox
from tests.engine.city import (
    ADA,
    BEN,
    CY,
    approve,
    counts,
    finish,
    holding,
    provider_log,
    round_of_work,
    sent,
    settle,
    state,
    submitted,
    texts_per_phone,
    update_of,
    work_until,
)

pytestmark = pytest.mark.engine


def materialised(rt: Runtime, count: int = 40) -> tuple[str, list[str]]:
    """An approved alert whose texts all wait in batches."""
    phones = settle(rt, count)
    alert_id = sent(rt, holding())
    broadcasting.materialise(rt, alert_id)
    return alert_id, phones


def test_nobody_gets_a_text_of_a_stopped_alert_that_had_not_left(runtime: Runtime, sandbox: Sandbox) -> None:
    alert_id, _ = materialised(runtime)
    broadcasting.stop(runtime, alert_id, ADA, "wrong zone", clock.utc_now())
    for _ in range(3):
        round_of_work(runtime)
    assert provider_log(sandbox, "twilio") == []
    assert counts(runtime, alert_id)["sms"] == {"suppressed": 40}
    assert state(runtime, alert_id) == "stopped"


def test_the_stop_of_a_large_alert_is_short_and_the_sweep_says_it_of_the_rest(
    runtime: Runtime, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasting, "BATCH", 5)
    monkeypatch.setattr(endings, "_AT_ONCE", 4)
    alert_id, _ = materialised(runtime)
    broadcasting.stop(runtime, alert_id, ADA, "wrong zone", clock.utc_now())
    assert counts(runtime, alert_id)["sms"].keys() == {"pending", "suppressed"}
    finish(runtime, alert_id)
    assert counts(runtime, alert_id)["sms"] == {"suppressed": 40}
    assert texts_per_phone(sandbox) == {}


def test_a_stop_in_the_middle_of_a_batch_is_seen_before_the_next_chunk(
    runtime: Runtime, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert_id, _ = materialised(runtime, 120)
    original = delivering.Delivering._next_chunk
    chunks = 0

    def stop_after_the_first(self: delivering.Delivering, granted: int) -> object:
        nonlocal chunks
        chunks += 1
        if chunks == 2:
            broadcasting.stop(runtime, alert_id, BEN, "wrong zone", clock.utc_now())
        return original(self, granted)

    with runtime.db.read() as connection:
        mine = [number for number, _, channel in batches.of_alert(connection, alert_id) if channel == "sms"]
    monkeypatch.setattr(delivering.Delivering, "_next_chunk", stop_after_the_first)
    delivering.deliver(runtime, mine[0])
    left = len(provider_log(sandbox, "twilio"))
    assert 1 <= left <= 50
    assert counts(runtime, alert_id)["sms"]["suppressed"] == 120 - left


def test_what_is_done_cannot_be_stopped(runtime: Runtime) -> None:
    alert_id, _ = materialised(runtime, 3)
    finish(runtime, alert_id)
    with pytest.raises(WrongState, match="nothing to stop"):
        broadcasting.stop(runtime, alert_id, ADA, "", clock.utc_now())


def test_a_superseded_text_never_leaves_the_queue(runtime: Runtime, sandbox: Sandbox) -> None:
    first, phones = materialised(runtime)
    second = sent(runtime, update_of(runtime, first))
    finish(runtime, second)
    assert state(runtime, first) == "superseded"
    assert counts(runtime, first)["sms"] == {"suppressed": 40}
    assert texts_per_phone(sandbox) == dict.fromkeys(phones, 1)


def test_an_update_waits_for_a_text_that_may_be_on_its_way(runtime: Runtime, sandbox: Sandbox) -> None:
    first, phones = materialised(runtime, 2)
    with runtime.db.write() as tx:
        # One text of the first alert was intended by a worker that has just died.
        mine = select(delivery_table.c.id).where(delivery_table.c.address == phones[0]).scalar_subquery()
        tx.execute(
            update(delivery_table)
            .where(delivery_table.c.id == mine)
            .values(state="sending", epoch=1, intent_at=db_now(), attempts=1)
        )
        tx.execute(update(batch_table).where(batch_table.c.channel == "sms").values(epoch=1))
    second = sent(runtime, update_of(runtime, first))
    broadcasting.materialise(runtime, second)
    with runtime.db.read() as connection:
        (mine_too,) = [number for number, _, channel in batches.of_alert(connection, second) if channel == "sms"]
    delivering.deliver(runtime, mine_too)
    assert texts_per_phone(sandbox) == {phones[1]: 1}
    work_until(runtime, lambda: texts_per_phone(sandbox) == dict.fromkeys(phones, 1))


def test_an_expired_alert_is_not_sent_and_its_instruction_stays_open(runtime: Runtime, sandbox: Sandbox) -> None:
    alert_id, _ = materialised(runtime)
    with runtime.db.write() as tx:
        tx.execute(update(alerts).where(alerts.c.id == alert_id).values(expires_at=db_now() - 1000))
    sweeping.sweep(runtime, clock.utc_now())
    for _ in range(2):
        round_of_work(runtime)
    assert state(runtime, alert_id) == "expired"
    assert provider_log(sandbox, "twilio") == []
    assert counts(runtime, alert_id)["sms"] == {"suppressed": 40}


def test_a_phone_that_says_stop_while_it_waits_gets_nothing(runtime: Runtime, sandbox: Sandbox) -> None:
    alert_id, phones = materialised(runtime, 5)
    with runtime.db.write() as tx:
        stops.add(tx, phones[2], "life-safety", "sms")
    finish(runtime, alert_id)
    assert texts_per_phone(sandbox) == dict.fromkeys([*phones[:2], *phones[3:]], 1)
    assert counts(runtime, alert_id)["sms"] == {"delivered": 4, "suppressed": 1}


def test_a_provider_stop_is_remembered_for_the_next_alert(runtime: Runtime, sandbox: Sandbox) -> None:
    alert_id, phones = materialised(runtime, 2)
    Control(sandbox.urls["twilio"]).inbound(from_=phones[0], to="+15005550006", body="STOP")
    finish(runtime, alert_id)
    with runtime.db.read() as connection:
        known = stops.lanes(connection, phones[0])
    got = counts(runtime, alert_id)["sms"]
    assert got == {"delivered": 1, "failed": 1}
    assert "life-safety" in known


def test_what_waits_for_its_page_goes_on_when_that_is_written(
    runtime: Runtime, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(runtime, 2)
    monkeypatch.setattr(approval, "go", lambda *_: None)
    alert_id = sent(runtime, holding(channels=("website", "facebook")))
    with runtime.db.read() as connection:
        waiting = {channel: number for number, _, channel in batches.of_alert(connection, alert_id)}
    delivering.deliver(runtime, waiting["facebook"])
    assert provider_log(sandbox, "facebook") == []
    delivering.deliver(runtime, waiting["website"])
    delivering.deliver(runtime, waiting["facebook"])
    assert len(provider_log(sandbox, "facebook")) == 1


def test_no_text_leaves_before_its_page_is_written(runtime: Runtime, sandbox: Sandbox) -> None:
    settle(runtime, 3)
    root = runtime.settings.status_root(True)
    root.mkdir(parents=True, exist_ok=True)
    (root / "en").write_text("in the way of the folder", encoding="utf-8")
    alert_id = sent(runtime, holding())
    broadcasting.materialise(runtime, alert_id)
    with runtime.db.read() as connection:
        mine = [number for number, _, channel in batches.of_alert(connection, alert_id) if channel == "sms"]
    delivering.deliver(runtime, mine[0])
    assert provider_log(sandbox, "twilio") == []
    # The page has had its time (QUICK.page_wait), so the text goes without it.
    work_until(runtime, lambda: len(provider_log(sandbox, "twilio")) == 3)
    (root / "en").unlink()
    finish(runtime, alert_id)
    assert counts(runtime, alert_id)["website"] == {"delivered": 1}


def test_an_exercise_never_touches_a_live_account(runtime: Runtime, sandbox: Sandbox) -> None:
    settle(runtime, 3, exercise=True)
    with pytest.raises(NotReady, match="EXERCISE"):
        runtime.channel("sms", live=False)
    draft = holding(status=Status.EXERCISE, incident="drill", channels=("website",))
    alert_id = sent(runtime, draft)
    finish(runtime, alert_id)
    assert [provider_log(sandbox, each) for each in ("twilio", "x", "facebook")] == [[], [], []]
    assert (runtime.settings.status_root(False) / "en" / "index.html").is_file()
    assert not (runtime.settings.status_root(True) / "en" / "alerts").exists()


def test_a_dead_token_stops_the_channel_and_tells_the_operator_who_mends_it_and_goes_on(
    runtime: Runtime, sandbox: Sandbox
) -> None:
    settle(runtime, 3)
    Control(sandbox.urls["twilio"]).fault("POST /2010", "401", count=None)
    alert_id = sent(runtime, holding())
    work_until(runtime, lambda: _reasons(runtime, alert_id))
    assert "credentials" in _reasons(runtime, alert_id)[0]
    assert counts(runtime, alert_id)["sms"] == {"pending": 3}
    assert counts(runtime, alert_id)["facebook"] == {"delivered": 1}
    Control(sandbox.urls["twilio"]).faults([])
    broadcasting.retry_failed(runtime, alert_id, ADA, clock.utc_now(), "sms")
    finish(runtime, alert_id)
    assert counts(runtime, alert_id)["sms"] == {"delivered": 3}


def _reasons(rt: Runtime, alert_id: str) -> list[str]:
    """What the operator is told about dead batches."""
    with rt.db.read() as connection:
        dead = select(batch_table.c.reason).where(batch_table.c.alert_id == alert_id, batch_table.c.state == "dead")
        return list(connection.scalars(dead))


def test_nobody_approves_what_they_wrote_edited_or_submitted(runtime: Runtime) -> None:
    settle(runtime, 1)
    writer_and_approver = type(BEN)("eve", "Eve", BEN.role)
    now = clock.utc_now()
    alert_id = drafting.create(runtime, holding(), ADA, now)
    drafting.edit(runtime, alert_id, 1, holding(), writer_and_approver, now)
    digest = drafting.submit(runtime, alert_id, ADA, now)
    with pytest.raises(NotAllowed, match="another person"):
        approval.approve(runtime, alert_id, writer_and_approver, digest, now)
    with pytest.raises(NotAllowed):
        approval.approve(runtime, alert_id, ADA, digest, now)
    with pytest.raises(NotAllowed):
        approval.approve(runtime, alert_id, CY, digest, now)
    assert state(runtime, alert_id) == "pending_approval"


def test_an_edit_voids_what_the_approver_saw(runtime: Runtime) -> None:
    settle(runtime, 1)
    now = clock.utc_now()
    alert_id = submitted(runtime, holding())
    with runtime.db.read() as connection:
        seen = alert_store.get(connection, alert_id)
    drafting.edit(runtime, alert_id, seen.version, holding(expires=now + timedelta(hours=3)), ADA, now)
    drafting.submit(runtime, alert_id, ADA, now)
    with pytest.raises(Conflict, match="changed"):
        approval.approve(runtime, alert_id, BEN, seen.content_hash or "", now)


def test_approving_twice_says_that_it_is_done(runtime: Runtime) -> None:
    settle(runtime, 1)
    alert_id = submitted(runtime, holding())
    approve(runtime, alert_id)
    with pytest.raises(WrongState, match="cannot approve"):
        approve(runtime, alert_id)


def test_an_audience_that_moved_is_confirmed_again(runtime: Runtime) -> None:
    settle(runtime, 10)
    alert_id = submitted(runtime, holding())
    settle(runtime, 10, first=100)
    with pytest.raises(Conflict, match="20 phones now"):
        approve(runtime, alert_id)
    with runtime.db.read() as connection:
        digest = alert_store.get(connection, alert_id).content_hash or ""
    approval.approve(runtime, alert_id, BEN, digest, clock.utc_now(), confirmed=20)
    assert state(runtime, alert_id) == "broadcasting"

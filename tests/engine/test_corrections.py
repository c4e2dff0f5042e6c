"""The correction that was approved with its alert: one person sends it, to exactly those who got the wrong text or may have (R1, R4)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from broadcaster import clock
from broadcaster.domain.alert import Selector
from broadcaster.domain.errors import Conflict, Invalid, NotAllowed
from broadcaster.runtime import Runtime
from broadcaster.services import approval, broadcasting, correcting, coverage, drafting, followup
from broadcaster.services.correcting import Sent
from broadcaster.services.coverage import Coverage
from broadcaster.store import alerts as alert_store
from broadcaster.store import chronicle
from broadcaster.store.alerts import AlertRow
from broadcaster.store.schema import audience_plans, deliveries, opt_outs
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
    sent,
    settle,
    state,
    submitted,
    work_until,
)
from tests.engine.test_follow_ups import completed, flood_warning, open_now

pytestmark = pytest.mark.engine


def row(rt: Runtime, alert_id: str) -> AlertRow:
    with rt.db.read() as connection:
        return alert_store.get(connection, alert_id)


def texts_to(sandbox: Sandbox, words: str) -> list[str]:
    return sorted(str(each["to"]) for each in provider_log(sandbox, "twilio") if words in each["text"])


def send(rt: Runtime, alert_id: str, **more: object) -> Sent:
    return correcting.send(rt, alert_id, ADA, clock.utc_now(), **more)  # type: ignore[arg-type]


def test_it_goes_to_exactly_those_who_got_the_wrong_text_or_may_have(runtime: Runtime, sandbox: Sandbox) -> None:
    """One text failed, one is unknown, one was never sent; one phone is new in the zone, and one that got it has left the register."""
    phones = settle(runtime, 6)
    first = sent(
        runtime, flood_warning(area=Selector(zones=("rocklea",)), channels=("website", "sms", "x", "facebook"))
    )
    work_until(
        runtime,
        lambda: sum(counts(runtime, first).get("sms", {}).get(each, 0) for each in ("accepted", "delivered")) == 6,
    )
    with runtime.db.write() as tx:
        for number, put in enumerate(("failed", "pending", "unconfirmed")):
            mine = deliveries.c.alert_id == first, deliveries.c.address == phones[number]
            tx.execute(update(deliveries).where(*mine).values(state=put))
    broadcasting.stop(runtime, first, ADA, "wrong zone", clock.utc_now()) if state(
        runtime, first
    ) == "broadcasting" else None
    settle(runtime, 3, first=100)
    began = clock.utc_now()
    made = send(runtime, first)
    assert made.waits == ""
    assert open_now(runtime) == {("rocklea", "prepare-to-leave")}  # one person lifts nothing
    finish(runtime, made.alert_id)
    assert texts_to(sandbox, "CORRECTION") == sorted(phones[2:])
    (text,) = {each["text"] for each in provider_log(sandbox, "twilio") if "CORRECTION" in each["text"]}
    assert "Part of it was wrong." in text
    assert "Rocklea: GET READY TO LEAVE still applies." in text
    assert "Next update by" in text
    correction = row(runtime, made.alert_id)
    assert correction.next_update_at is not None
    assert timedelta(minutes=25) < correction.next_update_at - began < timedelta(minutes=36)
    with runtime.db.read() as connection:
        (plan,) = connection.execute(select(audience_plans).where(audience_plans.c.alert_id == made.alert_id)).all()
        (approved,) = [
            each for each in chronicle.latest(connection, "flood", alert_id=made.alert_id) if each.action == "approve"
        ]
    assert (plan.expected, plan.made) == (4, 4)
    assert (approved.actor, "frozen with" in approved.grounds) == ("ada", True)
    posts = provider_log(sandbox, "facebook")
    assert len({each["id"] for each in posts}) == 1  # the old post was changed in place
    answers = [each for each in provider_log(sandbox, "x") if "CORRECTION" in each["text"]]
    assert answers[0]["in_reply_to"]
    with pytest.raises(Conflict, match="has gone out already"):
        send(runtime, first)


def test_its_words_are_frozen_with_the_alert_and_other_words_wait_for_a_second_person(runtime: Runtime) -> None:
    settle(runtime, 2)
    first = submitted(runtime, holding(correction={"en": "Oxley Creek is not rising"}))
    before = row(runtime, first)
    assert before.correction is not None
    assert before.correction["right"] == {"en": "Oxley Creek is not rising"}
    assert (
        "Oxley Creek is not rising"
        in next(each for each in before.correction["texts"] if each["channel"] == "sms")["parts"][0]
    )
    with pytest.raises(Conflict, match="no correction was approved"):
        send(runtime, first)
    draft = drafting.draft_of(runtime, before, clock.utc_now())
    drafting.edit(
        runtime, first, before.version, replace(draft, correction={"en": "It is not rising"}), ADA, clock.utc_now()
    )
    drafting.submit(runtime, first, ADA, clock.utc_now())
    assert row(runtime, first).content_hash != before.content_hash
    approve(runtime, first)
    with pytest.raises(NotAllowed):
        correcting.send(runtime, first, CY, clock.utc_now())
    other = send(runtime, first, right={"en": "Everything is fine"})
    assert (state(runtime, other.alert_id), "not those that were approved" in other.waits) == ("pending_approval", True)
    with pytest.raises(NotAllowed):
        approve_as(runtime, other.alert_id)
    done = send(runtime, first, right={"en": " It is not rising "})
    assert (done.waits, state(runtime, first)) == ("", "superseded")
    finish(runtime, done.alert_id)


def approve_as(rt: Runtime, alert_id: str) -> None:
    approval.approve(rt, alert_id, replace(ADA, role=BEN.role), row(rt, alert_id).content_hash or "", clock.utc_now())


def test_templates_that_were_changed_since_the_approval_need_a_second_person(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(runtime, 1)
    first = sent(runtime, holding())
    monkeypatch.setattr(runtime, "profile", replace(runtime.profile, title={"en": "Another council"}))
    made = send(runtime, first)
    assert "were changed since" in made.waits
    assert state(runtime, made.alert_id) == "pending_approval"


def test_a_correction_that_does_not_fit_stands_in_the_way_of_its_alert(runtime: Runtime) -> None:
    settle(runtime, 1)
    with pytest.raises(Invalid, match="correction"):
        submitted(runtime, holding(correction={"en": "x" * 91}))


def test_an_all_clear_goes_to_its_zones_and_to_whoever_else_was_told_and_says_how_many_hear_it(
    runtime: Runtime, sandbox: Sandbox
) -> None:
    """One has moved away since, one has moved in, one has said stop."""
    phones = settle(runtime, 4)
    first = sent(runtime, flood_warning(area=Selector(zones=("rocklea",)), channels=("website", "sms")))
    finish(runtime, first)
    settle(runtime, 1, zone="oxley")
    (new,) = settle(runtime, 1, first=50)
    draft = followup.lift(runtime, "flood", clock.utc_now())
    assert (draft.channels, draft.area.zones, draft.references) == (("website", "sms"), ("rocklea",), (first,))
    with runtime.db.write() as tx:
        values = {"phone": phones[3], "lane": "life-safety", "at": clock.utc_now(), "source": "text"}
        tx.execute(opt_outs.insert().values(**{name: each for name, each in values.items() if name in opt_outs.c}))
    second = submitted(runtime, completed(draft, action=["go-home"], basis={"en": "The river has fallen"}))
    with runtime.db.read() as connection:
        before = coverage.of_alert(runtime, connection, alert_store.get(connection, second))
    assert before == Coverage(4, 1, True, None)
    assert before.reached == 3
    approve(runtime, second)
    finish(runtime, second)
    assert texts_to(sandbox, "LIFTED") == sorted([*phones[:3], new])
    with runtime.db.read() as connection:
        after = coverage.of_alert(runtime, connection, alert_store.get(connection, second))
    assert after is not None
    assert (after.told, after.reached, after.states) == (4, 3, {"delivered": 3, "suppressed": 1})

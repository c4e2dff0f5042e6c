"""Two people, also at night: nothing live waits for nobody, approvers are woken, and each rung of the ladder holds R1."""

import re
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from broadcaster import clock
from broadcaster.domain.alert import Selector, Severity, Status, Urgency
from broadcaster.domain.errors import BroadcasterError, Conflict, Invalid, NotAllowed, NotReady, WrongState
from broadcaster.domain.lifecycle import AlertState
from broadcaster.runtime import Runtime
from broadcaster.services import (
    approval,
    correcting,
    drafting,
    duty,
    duty_files,
    fallback,
    ladder,
    lending,
    replying,
    reviewing,
)
from broadcaster.services.duty import Entry
from broadcaster.services.lending import Terms
from broadcaster.store import accounts, reviews
from broadcaster.store import alerts as alert_store
from channels.sandbox.server import Sandbox
from tests.engine.city import ADA, BEN, CY, ROOT, provider_log, settle, submitted
from tests.night.house import DEE, PHONES, freeze, move_in, on_duty, row, send_calls, told, urgent

MINUTE = timedelta(minutes=1)


@pytest.fixture
def night(runtime: Runtime) -> Runtime:
    """A town of three, whose people are known and whose standing orders are those of tests/night/house.py."""
    move_in(runtime)
    settle(runtime, 3)
    return runtime


def texts(sandbox: Sandbox, name: str) -> list[str]:
    """What arrived on somebody's own phone, oldest first."""
    return [each["text"] for each in provider_log(sandbox, "twilio") if each["to"] == PHONES[name]]


def code_in(text: str) -> str:
    found = re.search(r"answer ([0-9A-Z]{6}) from this phone", text)
    assert found, text
    return found[1]


def test_nothing_live_waits_for_nobody_and_an_exercise_may(night: Runtime) -> None:
    first = drafting.create(night, urgent(), ADA, clock.utc_now())
    drafting.submit(night, first, ADA, clock.utc_now())  # nobody keeps a roster yet
    watch = on_duty(night, "ben")
    by_ben = drafting.create(night, urgent(incident="two"), BEN, clock.utc_now())
    with pytest.raises(NotReady, match="add somebody to the duty roster, or borrow an approver"):
        drafting.submit(night, by_ben, BEN, clock.utc_now())
    assert row(night, by_ben).state is AlertState.DRAFT
    drill = drafting.create(
        night, urgent(incident="drill", status=Status.EXERCISE, channels=("website",)), BEN, clock.utc_now()
    )
    drafting.submit(night, drill, BEN, clock.utc_now())
    on_duty(night, "dee")
    drafting.submit(night, by_ben, BEN, clock.utc_now())
    duty.remove(night, watch, ADA, clock.utc_now())
    assert [each["grounds"] for each in told(night, "duty.remove")] == ["Ben"]


def test_a_frozen_correction_wakes_nobody_and_needs_nobody_on_duty(night: Runtime) -> None:
    alert_id = submitted(night, urgent())
    approval.approve(night, alert_id, BEN, row(night, alert_id).content_hash or "", clock.utc_now())
    duty.remove(night, on_duty(night, "ben"), ADA, clock.utc_now())
    night.profile = replace(night.profile, roster="required")
    with pytest.raises(NotReady, match="nobody who may approve"):
        correcting.send(night, alert_id, ADA, clock.utc_now(), {"en": "Stay at home"})
    assert correcting.send(night, alert_id, ADA, clock.utc_now()).waits == ""
    assert told(night, "call") == []
    with night.db.read() as connection:
        assert reviews.open_ones(connection) == []


def test_only_who_can_approve_and_be_reached_is_put_on_the_roster(night: Runtime) -> None:
    now = clock.utc_now()
    entry = Entry("cy", " ", now, now - MINUTE, "cy")
    with pytest.raises(Invalid) as refused:
        duty.add(night, entry, ADA, now)
    assert {each.place for each in refused.value.problems} == {"person", "post", "until", "backup"}
    with night.db.write() as tx:
        accounts.change(tx, "dee", {"phone_verified_at": None})
    with pytest.raises(Invalid, match="Dee has no proved phone"):
        on_duty(night, "dee")
    head = "email,post,from,until,backup\n"
    wrong = head + "ben@bcc.example,duty officer,22:00,+1d 08:00,\nnobody@bcc.example,x,soon,+12h,\n"
    with pytest.raises(Invalid) as lines:
        duty_files.import_roster(night, wrong.encode(), ADA, now)
    assert [each.place for each in lines.value.problems] == ["line 3, email", "line 3, from"]
    assert duty.listing(night, now) == ()
    right = head + "ben@bcc.example,duty officer,22:00,+2d 08:00,root@bcc.example\n"
    assert duty_files.import_roster(night, right.encode(), ADA, now) == 1


def test_those_on_duty_are_called_at_once_and_the_next_after_five_minutes(night: Runtime, sandbox: Sandbox) -> None:
    on_duty(night, "ben", backup="dee")
    alert_id = submitted(night, urgent())
    start = row(night, alert_id).submitted_at
    assert start is not None
    assert send_calls(night, start) == 1
    (text,) = texts(sandbox, "ben")
    assert "LIVE, First message, to 3 phones, waits for your approval" in text
    assert f"https://console.bcc.example/d/{row(night, alert_id).token}" in text
    for minutes in (1, 4.9, 5, 5.1, 9):
        ladder.climb(night, start + minutes * MINUTE)
        send_calls(night, start + minutes * MINUTE)
    assert (len(texts(sandbox, "ben")), len(texts(sandbox, "dee"))) == (1, 1)
    assert [(each["body"]["way"], each["body"]["round"]) for each in told(night, "call")] == [
        ("duty", 0),
        ("backup", 1),
    ]
    assert told(night, "call")[1]["grounds"] == "Dee, duty officer, …004"
    with night.db.read() as connection:
        stands = ladder.of_alert(night, connection, row(night, alert_id), start + 9 * MINUTE)
    assert [each.name for each in stands.called] == ["Ben", "Dee"]
    assert stands.next_one is None
    approval.approve(night, alert_id, DEE, row(night, alert_id).content_hash or "", clock.utc_now())
    ladder.climb(night, start + 60 * MINUTE)
    assert len(told(night, "call")) == 2


def test_a_call_that_the_provider_refuses_is_tried_three_times_and_journaled(night: Runtime, sandbox: Sandbox) -> None:
    on_duty(night, "ben")
    alert_id = submitted(night, urgent())
    start = row(night, alert_id).submitted_at or clock.utc_now()
    fault = [{"match": "Messages.json", "fault": "503", "count": 50}]
    assert requests.post(f"{sandbox.urls['twilio']}/_faults", json=fault, timeout=5).ok
    for minutes in range(6):
        send_calls(night, start + minutes * 2 * MINUTE)
    assert texts(sandbox, "ben") == []
    (entry,) = told(night, "call failed")
    assert entry["body"] == {"user": "ben", "phone": "…002"}
    assert row(night, alert_id).state is AlertState.PENDING_APPROVAL


def test_the_right_reply_from_the_right_phone_approves_once(night: Runtime, sandbox: Sandbox) -> None:
    move_orders(night, reply_approves=True)
    on_duty(night, "ben")
    alert_id = submitted(night, urgent())
    now = row(night, alert_id).submitted_at or clock.utc_now()
    send_calls(night, now)
    (text,) = texts(sandbox, "ben")
    assert "Exactly this goes out: «Brisbane City Council: OXLEY CREEK IS RISING" in text
    code = code_in(text)
    assert replying.take(night, PHONES["dee"], code, [True], now, "SM1") is None
    assert replying.take(night, PHONES["ben"], "who is this?", [True], now, "SM2") is None
    exercise = replying.take(night, PHONES["ben"], code, [False], now, "SM3")
    assert exercise is not None
    assert "Nothing was approved" in exercise.text
    done = replying.take(night, PHONES["ben"], f"Yes {code.lower()}", [True], now, "SM4")
    assert done is not None
    assert done.text.startswith("Approved.")
    assert (row(night, alert_id).approved_by, row(night, alert_id).state) == ("ben", AlertState.BROADCASTING)
    again = replying.take(night, PHONES["ben"], code, [True], now, "SM4")
    assert again == done
    used = replying.take(night, PHONES["ben"], code, [True], now, "SM5")
    assert used is not None
    assert "has been used" in used.text
    (entry,) = told(night, "approve")
    assert entry["actor_name"] == "Ben (by text message)"


def move_orders(rt: Runtime, **changes: Any) -> None:
    rt.profile = replace(rt.profile, night=replace(rt.profile.night, **changes))


def spoil(rt: Runtime, why: str, alert_id: str, now: datetime) -> datetime:
    """What happens between the call and the reply; returns when the reply comes."""
    if why == "edited by him":
        stands = row(rt, alert_id)
        drafting.edit(rt, alert_id, stands.version, drafting.draft_of(rt, stands, now), BEN, now)
        drafting.submit(rt, alert_id, ADA, now)
    elif why == "another text":
        fields = dict(urgent().fields) | {"seen": {"en": "Another creek is rising"}}
        drafting.edit(rt, alert_id, 1, urgent(fields=fields, incident=row(rt, alert_id).incident), ADA, now)
        drafting.submit(rt, alert_id, ADA, now)
    elif why == "too old":
        return now + timedelta(minutes=31)
    elif why == "guessed at":
        for number in range(replying.GUESSES):
            replying.take(rt, PHONES["ben"], "222222", [True], now, f"SM{alert_id}{number}")
    elif why == "more people":
        settle(rt, 200, first=1000)
    elif why == "no such policy":
        move_orders(rt, reply_approves=False)
    elif why == "account closed":
        with rt.db.write() as tx:
            accounts.change(tx, "ben", {"active": False})
    return now


def test_a_reply_approves_nothing_that_a_click_would_not(night: Runtime, sandbox: Sandbox) -> None:
    move_orders(night, reply_approves=True)
    on_duty(night, "ben", backup="dee")
    silent = ("too old", "no such policy")
    wrong = ("edited by him", "another text", "guessed at", "more people", *silent, "account closed")
    for number, why in enumerate(wrong):
        move_orders(night, reply_approves=True)
        alert_id = submitted(night, urgent(incident=f"case-{number}"))
        now: datetime = row(night, alert_id).submitted_at or clock.utc_now()
        send_calls(night, now)
        code = code_in(texts(sandbox, "ben")[-1])
        reply = replying.take(night, PHONES["ben"], code, [True], spoil(night, why, alert_id, now), f"SM{number}")
        assert (reply is None) == (why in silent), why
        assert reply is None or reply.text.startswith("Nothing was approved"), why
        assert row(night, alert_id).state is AlertState.PENDING_APPROVAL, why
    assert told(night, "approve") == []


def terms(now: datetime, user_id: str = "cy", zones: tuple[str, ...] = ("rocklea",)) -> Terms:
    return Terms(user_id, "neighbour", "Ipswich", ("holding",), zones, now + timedelta(hours=6))


def test_a_borrowed_approver_decides_on_what_two_people_lent_them_and_no_more(night: Runtime) -> None:
    now = clock.utc_now()
    alert_id = submitted(night, urgent())
    digest = row(night, alert_id).content_hash or ""
    loan = lending.propose(night, terms(now), ADA, now)
    with pytest.raises(NotAllowed):
        approval.approve(night, alert_id, CY, digest, now)
    with pytest.raises(NotAllowed, match="nobody may borrow themselves"):
        lending.propose(night, terms(now, "root"), ROOT, now)
    with pytest.raises(NotAllowed):
        lending.confirm(night, loan, ADA, now)
    by_ben = lending.propose(night, terms(now, "cy", ("oxley",)), BEN, now)
    with pytest.raises(NotAllowed, match="another person must confirm"):
        lending.confirm(night, by_ben, BEN, now)
    lending.confirm(night, by_ben, DEE, now)
    with pytest.raises(NotAllowed):  # lent for Oxley, and this is Rocklea
        approval.approve(night, alert_id, CY, digest, now)
    lending.confirm(night, loan, BEN, now)
    drawn = submitted(
        night,
        urgent(
            incident="drawn",
            fields=dict(urgent().fields) | {"place_names": [{"en": "Rocklea"}]},
            area=Selector(polygon=((-27.53, 152.98), (-27.53, 153.0), (-27.55, 153.0), (-27.53, 152.98))),
        ),
    )
    with pytest.raises(NotAllowed):
        approval.approve(night, drawn, CY, row(night, drawn).content_hash or "", now)
    with pytest.raises(NotAllowed):
        approval.approve(night, alert_id, CY, digest, now + timedelta(hours=7))
    approval.approve(night, alert_id, CY, digest, now)
    with night.db.read() as connection:
        review = reviews.find(connection, alert_id)
    assert review is not None
    assert (review.way, review.signed_at) == ("borrowed", None)
    assert len(told(night, "loan.refused")) == 1
    lending.end(night, loan, ADA, now)
    other = submitted(night, urgent(incident="three"))
    with pytest.raises(NotAllowed):
        approval.approve(night, other, CY, row(night, other).content_hash or "", now)


def test_the_frozen_wording_goes_after_ten_minutes_once_and_is_countersigned(night: Runtime) -> None:
    freeze(night)
    on_duty(night, "ben")
    alert_id = submitted(night, urgent())
    stands = row(night, alert_id)
    start, digest = stands.submitted_at or clock.utc_now(), stands.content_hash or ""
    with pytest.raises(WrongState, match="10 minutes"):
        fallback.send(night, alert_id, digest, ADA, start + 9 * MINUTE)
    later = start + 10 * MINUTE
    ladder.climb(night, later)
    ladder.climb(night, later + MINUTE)
    assert [each["body"]["playbook"] for each in told(night, "fallback ready")] == ["fallback-water"]
    with pytest.raises(Conflict):
        fallback.send(night, alert_id, "0" * 64, ADA, later)
    found: list[str] = []
    people = [
        threading.Thread(target=lambda: found.append(fallback.send(night, alert_id, digest, ADA, later).id))
        for _ in range(3)
    ]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert len(found) == 3
    assert len(set(found)) == 1
    assert len(told(night, "fallback")) == 1
    with night.db.read() as connection:
        sent = [each for each in alert_store.listing(connection) if each.origin.startswith("playbook:fallback-water")]
    assert [each.state for each in sent] == [AlertState.BROADCASTING]
    assert row(night, alert_id).state is AlertState.PENDING_APPROVAL
    ladder.climb(night, later + 61 * MINUTE)
    ladder.climb(night, later + 62 * MINUTE)
    assert [each["body"]["way"] for each in told(night, "not reviewed")] == ["fallback"]
    with pytest.raises(NotAllowed):
        reviewing.sign(night, sent[0].id, ADA, "", later)
    with pytest.raises(NotAllowed):
        reviewing.sign(night, sent[0].id, CY, "", later)
    reviewing.sign(night, sent[0].id, BEN, "Read at 03:10", later + 70 * MINUTE)
    with pytest.raises(Conflict):
        reviewing.sign(night, sent[0].id, DEE, "", later)
    assert told(night, "countersign")[0]["grounds"] == "Read at 03:10"


def test_the_frozen_wording_stays_where_the_orders_do_not_allow_it(night: Runtime) -> None:
    freeze(night)
    move_orders(night, fallback_itself=True)
    stays = {
        "moderate": urgent(severity=Severity.MODERATE),
        "not at once": urgent(urgency=Urgency.EXPECTED),
        "outside": urgent(area=Selector(zones=("rocklea", "oxley"))),
        "decided": urgent(),
        "not frozen": urgent(),
        "not named": urgent(),
    }
    for why, draft in stays.items():
        alert_id = submitted(night, replace(draft, incident=why.replace(" ", "-")))
        stands = row(night, alert_id)
        if why == "decided":
            approval.reject(night, alert_id, BEN, "A rumour", clock.utc_now())
        elif why == "not frozen":
            move_orders(night, fallback={"holding": "fallback-indoors"})
        elif why == "not named":
            move_orders(night, fallback={})
        later = (stands.submitted_at or clock.utc_now()) + 11 * MINUTE
        ladder.climb(night, later)
        with pytest.raises((NotReady, WrongState)):
            fallback.send(night, alert_id, stands.content_hash or "", ADA, later)
    assert told(night, "fallback") == told(night, "approve") == []


def test_by_standing_orders_the_sweep_sends_it_itself(night: Runtime) -> None:
    freeze(night)
    move_orders(night, fallback_itself=True)
    alert_id = submitted(night, urgent())
    later = (row(night, alert_id).submitted_at or clock.utc_now()) + 10 * MINUTE
    ladder.climb(night, later)
    (entry,) = told(night, "fallback")
    assert entry["actor_name"] == "the broadcaster, by standing orders"
    assert "approved by Ben and Dee" in entry["grounds"]


def test_of_two_who_approve_at_once_one_is_the_second_person(night: Runtime) -> None:
    alert_id = submitted(night, urgent())
    digest, outcomes = row(night, alert_id).content_hash or "", list[str]()
    ready = threading.Barrier(4)

    def decide(actor: object) -> None:
        ready.wait()
        try:
            approval.approve(night, alert_id, actor, digest, clock.utc_now())  # type: ignore[arg-type]
            outcomes.append("approved")
        except BroadcasterError as error:
            outcomes.append(type(error).__name__)

    people = [threading.Thread(target=decide, args=(actor,)) for actor in (BEN, DEE, ROOT, ADA)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert outcomes.count("approved") == 1
    assert sorted(set(outcomes)) in (["WrongState", "approved"], ["NotAllowed", "WrongState", "approved"])
    assert len(told(night, "approve")) == 1

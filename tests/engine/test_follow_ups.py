"""Update, correction, all-clear and cancel, filled in from the alert that they follow, and what they do to open instructions."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from broadcaster import clock
from broadcaster.domain.alert import Draft, MsgType, Selector
from broadcaster.domain.errors import Conflict, Invalid
from broadcaster.domain.rules import Role
from broadcaster.runtime import FOLDER, Runtime
from broadcaster.services import drafting, expiring, followup, incidents
from broadcaster.store import accounts, chronicle, documents
from broadcaster.store import expiring as expiring_store
from broadcaster.store import incidents as incident_store
from broadcaster.store.accounts import Account
from channels.sandbox.server import Sandbox
from tests.engine.city import BEN, finish, holding, provider_log, sent, settle, state, submitted

pytestmark = pytest.mark.engine
#: What the example chooses. Another zone lies across both; nobody chose it, so nothing opens there.
REACHED = {"rocklea", "oxley"}
BRISBANE = ZoneInfo("Australia/Brisbane")


def flood_warning(**changes: object) -> Draft:
    """Rocklea and Oxley, get ready to leave."""
    text = (FOLDER / "templates/alerts/flood-warning/example.en.yaml").read_text(encoding="utf-8")
    return replace(documents.read_alert_file(text, BRISBANE, clock.utc_now()), **changes)  # type: ignore[arg-type]


def open_now(rt: Runtime, incident: str = "flood") -> set[tuple[str, str]]:
    with rt.db.read() as connection:
        row = incident_store.named(connection, incident)
        return {(each.zone, each.key) for each in incident_store.open_instructions(connection, row.id)}


def completed(draft: Draft, **fields: object) -> Draft:
    """What a person adds to a prefilled draft."""
    now = clock.utc_now()
    return replace(draft, fields={**draft.fields, **fields}, next_update=now + timedelta(hours=1))


def test_an_update_repeats_everything_but_what_changed(runtime: Runtime) -> None:
    settle(runtime, 2)
    first = sent(runtime, holding())
    draft = followup.prefill(runtime, first, "update", clock.utc_now())
    assert draft.msg_type is MsgType.UPDATE
    assert draft.references == (first,)
    assert draft.expires is None
    with pytest.raises(Invalid, match="what_changed"):
        submitted(runtime, draft)
    second = sent(runtime, completed(draft, what_changed="The creek is still rising"))
    assert state(runtime, first) == "superseded"
    finish(runtime, second)


def test_only_an_all_clear_closes_an_instruction(runtime: Runtime) -> None:
    settle(runtime, 2)
    first = sent(runtime, flood_warning())
    assert open_now(runtime) == {(zone, "prepare-to-leave") for zone in REACHED}
    with pytest.raises(Conflict, match="prepare-to-leave in"):
        incidents.close(runtime, "flood", BEN, clock.utc_now())
    draft = followup.prefill(runtime, first, "all-clear", clock.utc_now())
    assert draft.fields["lifted"] == ["prepare-to-leave"]
    assert set(draft.area.zones) == REACHED
    partly = completed(draft, action=["go-home"], basis="The river has fallen", zones_not_lifted=["oxley"])
    shown = drafting.preview(runtime, replace(partly, area=Selector(zones=("rocklea",))), clock.utc_now())
    (page,) = [each for each in shown.partly.made.messages if (each.channel, each.language) == ("website", "en")]
    assert "<dt>Zones not lifted</dt>\n<dd>Oxley</dd>" in page.parts[0]
    second = sent(runtime, completed(draft, action=["go-home"], basis={"en": "The river has fallen"}))
    finish(runtime, second)
    with runtime.db.read() as connection:
        (asked,) = [each for each in chronicle.latest(connection, "flood", alert_id=second) if each.action == "submit"]
    assert asked.grounds == "The river has fallen"
    assert open_now(runtime) == set()
    incidents.close(runtime, "flood", BEN, clock.utc_now())


def test_a_correction_goes_to_the_same_places_and_says_when_the_wrong_text_was_sent(runtime: Runtime) -> None:
    settle(runtime, 2)
    first = sent(runtime, flood_warning())
    draft = followup.prefill(runtime, first, "correction", clock.utc_now())
    assert draft.area.zones == ("rocklea", "oxley")
    assert "wrong_sent_at" in draft.fields
    sent(runtime, completed(draft, right={"en": "Oxley: you do NOT need to leave"}))
    assert open_now(runtime) == {(zone, "prepare-to-leave") for zone in REACHED}


def test_an_alert_that_nobody_has_seen_cannot_be_followed_up(runtime: Runtime) -> None:
    settle(runtime, 1)
    with pytest.raises(Conflict, match="nothing to follow up"):
        followup.prefill(runtime, submitted(runtime, holding()), "update", clock.utc_now())
    with pytest.raises(Invalid, match="all-clear"):
        followup.prefill(runtime, "x", "postscript", clock.utc_now())


def test_whoever_answers_for_an_instruction_is_warned_three_times_before_it_runs_out_and_each_time_once(
    runtime: Runtime, sandbox: Sandbox
) -> None:
    settle(runtime, 2)
    now = clock.utc_now()
    ends = now + timedelta(hours=2)
    first = sent(runtime, flood_warning(channels=("website",), onset=None, expires=ends))
    told = "+61400123456"

    def warned_at(minutes: int) -> int:
        expiring.warn(runtime, ends - timedelta(minutes=minutes))
        return sum(each["to"] == told for each in provider_log(sandbox, "twilio"))

    assert warned_at(61) == 0
    assert warned_at(60) == 0  # nobody who answers for it has a phone, and the console says so
    with runtime.db.write() as tx:
        ben = Account(
            *("ben", "ben@bcc.example", "Ben", Role.APPROVER, "", True, "u", "w", "nb"),
            *(None, None, None, None, now, told, now),
        )
        accounts.add(tx, ben)
    assert [warned_at(minutes) for minutes in (59, 30, 29, 10, 9, 1)] == [0, 1, 1, 2, 2, 2]
    with runtime.db.read() as connection:
        given = [(each.minutes, each.told, bool(each.problem)) for each in expiring_store.given(connection, [first])]
    assert given == [(10, "ben", False), (30, "ben", False), (60, "", True)]
    (text,) = {each["text"] for each in provider_log(sandbox, "twilio") if "om 10 min" in each["text"]}
    assert f"/alerts/{first}" in text
    assert warned_at(-1) == 2

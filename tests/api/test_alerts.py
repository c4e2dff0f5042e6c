"""Another system writes, submits, follows and stops alerts; people approve them."""

import pytest
from flask import Flask

from broadcaster import clock
from broadcaster.runtime import Runtime
from broadcaster.services import approval
from broadcaster.store import alerts as alert_store
from channels.sandbox.server import Sandbox
from tests.api.caller import HOLDING, Caller, caller, problem
from tests.engine.city import BEN, approve, finish, texts_per_phone

pytestmark = pytest.mark.engine
#: CONTRACT's `alert show --json`.
SHAPE = {
    *("id", "identifier", "state", "msgType", "status", "deliveries", "created_at", "submitted_at", "approved_at"),
    *("first_accepted_at", "completed_at"),
}


def test_an_alert_from_draft_to_the_last_receipt(city: Runtime, system: Caller, sandbox: Sandbox) -> None:
    written = system.post("/alerts", HOLDING)
    assert written.status_code == 201
    alert_id = written.get_json()["id"]
    assert written.headers["Location"] == f"/api/v1/alerts/{alert_id}"
    assert written.get_json()["state"] == "draft"
    submitted = system.post(f"/alerts/{alert_id}/submit").get_json()
    assert submitted["state"] == "pending_approval"
    approve(city, alert_id)
    finish(city, alert_id)
    report = system.get(f"/alerts/{alert_id}").get_json()
    assert report.keys() >= SHAPE
    assert report["state"] == "active"
    assert report["deliveries"] == {"sms": {"delivered": 5}, "website": {"delivered": 1}}
    assert set(report["first_accepted_at"]) == {"sms", "website"}
    assert report["completed_at"] is not None
    assert len(texts_per_phone(sandbox)) == 5


def test_nothing_reaches_anybody_before_a_person_approves(city: Runtime, system: Caller, sandbox: Sandbox) -> None:
    alert_id = system.submitted()
    for way in ("approve", "return", "reject", "broadcast", "send"):
        assert system.post(f"/alerts/{alert_id}/{way}").status_code == 404
    assert system.get(f"/alerts/{alert_id}").get_json()["state"] == "pending_approval"
    assert not texts_per_phone(sandbox)


def test_warnings_go_on_with_the_reasons_of_the_body_or_as_not_answered(system: Caller) -> None:
    fields = HOLDING["fields"] | {"seen": {"en": "Inundation at Oxley Creek since this morning"}}
    body = {**HOLDING, "fields": fields}
    assert {each["rule"] for each in system.post("/previews", body).get_json()["findings"]} == {
        "relative-time",
        "rare-word",
    }
    reasons = {"reasons": {"rare-word": "painted on the bridge"}}
    report = system.post(f"/alerts/{system.draft(fields=fields)}/submit", reasons).get_json()
    assert {each["rule"]: each["reason"] for each in report["warnings"]} == {
        "rare-word": "painted on the bridge",
        "relative-time": "",
    }
    silent = system.submitted(fields=fields)
    assert {each["reason"] for each in system.get(f"/alerts/{silent}").get_json()["warnings"]} == {""}
    problem(system.post(f"/alerts/{system.draft()}/submit", {"reasons": {"no-such-rule": "x"}}), 422)
    blank = system.draft(fields=fields | {"seen": {"en": "Oxley Creek is rising at [SUBURB]"}})
    (error,) = problem(system.post(f"/alerts/{blank}/submit", reasons), 422)["errors"]
    assert (error["place"], error["message"]) == (
        "fields.seen",
        "says “[SUBURB]”, which is a blank that nobody filled in",
    )


def test_the_key_that_wrote_it_is_in_the_journal_and_on_the_alert(city: Runtime, system: Caller) -> None:
    alert_id = system.submitted()
    with city.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
    assert alert.created_by == alert.submitted_by == system.actor_id
    assert alert.origin == "api"


def test_what_stands_in_the_way_of_a_submission_is_listed_whole(system: Caller) -> None:
    alert_id = system.draft(fields={"seen": {"en": "Oxley Creek is rising"}}, area={"zones": ["rocklee"]})
    body = problem(system.post(f"/alerts/{alert_id}/submit"), 422)
    places = {each["place"] for each in body["errors"]}
    assert {"fields.not_known", "fields.action", "area.zones[0]"} <= places
    assert any("rocklea" in each["cure"] for each in body["errors"])
    assert system.get(f"/alerts/{alert_id}").get_json()["state"] == "draft"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"kind": "flod"}, "kind"),
        ({"incident": "No Spaces"}, "incident"),
        ({"status": "Real"}, "status"),
        ({"channels": ["fax"]}, "channels.0"),
        ({"next_update": "soon"}, "next_update"),
        ({"area": {"circle": {"lat": 99, "lon": 0, "radius_km": 1}}}, "area.circle.lat"),
        ({"area": {"polygon": [[0, 0], [1]]}}, "area.polygon.1"),
        ({"fields": "none"}, "fields"),
        ({"titel": "x"}, "titel"),
        ({"severity": "Awful"}, "severity"),
    ],
)
def test_a_draft_that_cannot_be_kept_is_refused_with_its_place(
    change: dict[str, object], place: str, system: Caller
) -> None:
    body = problem(system.post("/alerts", {**HOLDING, **change}), 422)
    assert place in {each["place"] for each in body["errors"]}
    assert system.get("/alerts").get_json()["alerts"] == []


def test_deliveries_come_in_pages_and_name_no_phone(city: Runtime, system: Caller) -> None:
    alert_id = system.submitted()
    approve(city, alert_id)
    finish(city, alert_id)
    page = system.get(f"/alerts/{alert_id}/deliveries", limit=2).get_json()
    found = page["deliveries"]
    while page["next"]:
        page = system.get(f"/alerts/{alert_id}/deliveries", limit=2, after=page["next"]).get_json()
        found += page["deliveries"]
    assert len({each["id"] for each in found}) == len(found) == 6
    texts = [each for each in found if each["channel"] == "sms"]
    assert all(len(each["address"]) == 4 and each["state"] == "delivered" for each in texts)
    only = system.get(f"/alerts/{alert_id}/deliveries", channel="website", state="delivered").get_json()
    assert [each["channel"] for each in only["deliveries"]] == ["website"]


def test_alerts_come_in_pages_newest_first(system: Caller) -> None:
    ids = [system.draft() for _ in range(5)]
    page = system.get("/alerts", limit=2).get_json()
    found = [each["id"] for each in page["alerts"]]
    while page["next"]:
        page = system.get("/alerts", limit=2, after=page["next"]).get_json()
        found += [each["id"] for each in page["alerts"]]
    assert found == ids[::-1]


def test_alerts_are_found_by_state_incident_and_status(system: Caller) -> None:
    draft, submitted = system.draft(), system.submitted()
    other = system.draft(incident="elsewhere", status="Test")
    assert [each["id"] for each in system.get("/alerts", state="draft").get_json()["alerts"]] == [other, draft]
    assert [each["id"] for each in system.get("/alerts", incident="elsewhere").get_json()["alerts"]] == [other]
    assert {each["id"] for each in system.get("/alerts", status="Actual").get_json()["alerts"]} == {draft, submitted}
    assert [each["id"] for each in system.get("/alerts", status="Test").get_json()["alerts"]] == [other]
    problem(system.get("/alerts", state="sent"), 422)


def test_the_frozen_words_can_be_read(system: Caller) -> None:
    alert_id = system.draft()
    assert system.get(f"/alerts/{alert_id}/texts").get_json() == {"texts": []}
    system.post(f"/alerts/{alert_id}/submit")
    texts = system.get(f"/alerts/{alert_id}/texts").get_json()["texts"]
    assert {each["channel"] for each in texts} == {"website", "sms"}
    assert "Oxley Creek is rising".upper() in " ".join(texts[-1]["parts"] + texts[0]["parts"]).upper()


def test_a_key_can_stop_what_people_started(city: Runtime, system: Caller) -> None:
    alert_id = system.submitted()
    approve(city, alert_id)
    answer = system.post(f"/alerts/{alert_id}/stop", {"reason": "wrong zone"})
    assert (answer.status_code, answer.get_json()["state"]) == (200, "stopped")
    problem(system.post(f"/alerts/{alert_id}/stop", {"reason": "again"}), 409)
    problem(system.post(f"/alerts/{alert_id}/stop", {}), 422)
    problem(system.post(f"/alerts/{alert_id}/stop"), 422)


def test_submitting_twice_is_too_late(system: Caller) -> None:
    alert_id = system.submitted()
    problem(system.post(f"/alerts/{alert_id}/submit"), 409)


def test_a_submitted_alert_can_be_taken_back(system: Caller) -> None:
    alert_id = system.submitted()
    assert system.post(f"/alerts/{alert_id}/withdraw").get_json()["state"] == "withdrawn"
    assert system.post(f"/alerts/{system.draft()}/withdraw").get_json()["state"] == "discarded"
    problem(system.post(f"/alerts/{alert_id}/withdraw"), 409)


def test_an_update_is_filled_in_from_what_it_follows(city: Runtime, system: Caller) -> None:
    first = system.submitted()
    problem(system.post(f"/alerts/{first}/update", {}), 409)
    approve(city, first)
    answer = system.post(
        f"/alerts/{first}/update",
        {"fields": {"what_changed": {"en": "The creek is still rising"}}, "next_update": "+30m"},
    )
    assert answer.status_code == 201, answer.text
    report = answer.get_json()
    assert (report["msgType"], report["state"], report["incident"]) == ("Update", "draft", "oxley-creek")
    system.post(f"/alerts/{report['id']}/submit")
    approve(city, report["id"])
    assert system.get(f"/alerts/{first}").get_json()["state"] == "superseded"


@pytest.mark.parametrize("form", ["correction", "all-clear", "cancel"])
def test_every_other_follow_up_is_filled_in_too(form: str, city: Runtime, system: Caller) -> None:
    first = system.submitted()
    approve(city, first)
    answer = system.post(f"/alerts/{first}/{form}", {})
    assert answer.status_code == 201, answer.text
    with city.db.read() as connection:
        made = alert_store.get(connection, answer.get_json()["id"])
    assert made.draft["references"] == [first]


def test_an_edit_by_a_person_after_approval_is_not_the_keys_any_more(city: Runtime, system: Caller) -> None:
    alert_id = system.submitted()
    approval.send_back(city, alert_id, BEN, "which creek?", clock.utc_now())
    assert system.get(f"/alerts/{alert_id}").get_json()["state"] == "returned"


def test_what_is_not_there_is_not_found(city: Runtime, app: Flask, system: Caller) -> None:
    for name in ("0" * 32, "nonsense", "..", "%00", "a" * 300):
        for way in (f"/alerts/{name}", f"/alerts/{name}/deliveries", f"/runs/{name}"):
            assert system.get(way).status_code == 404, way
        assert system.post(f"/alerts/{name}/submit").status_code == 404
    assert caller(city, app, "alerts:read").get("/alerts", after="0" * 32).status_code == 404


def test_what_would_be_said_can_be_seen_and_nothing_is_kept(system: Caller) -> None:
    seen = system.post("/previews", HOLDING).get_json()
    assert seen["ready"]
    assert {each["channel"] for each in seen["texts"]} == {"website", "sms"}
    assert (seen["problems"], seen["audience"]["phones"]) == ([], 5)
    lacking = system.post("/previews", {**HOLDING, "fields": {}}).get_json()
    assert not lacking["ready"]
    assert "fields.seen" in {each["place"] for each in lacking["problems"]}
    assert system.get("/alerts").get_json()["alerts"] == []


def test_two_who_edit_at_once_do_not_overwrite_each_other(system: Caller) -> None:
    alert_id = system.draft()
    etag = system.get(f"/alerts/{alert_id}").headers["ETag"]
    changed = {**HOLDING, "next_update": "+45m"}
    problem(system.put(f"/alerts/{alert_id}", changed), 428)
    first = system.put(f"/alerts/{alert_id}", changed, **{"If-Match": etag})
    assert first.status_code == 200
    assert first.headers["ETag"] != etag
    problem(system.put(f"/alerts/{alert_id}", changed, **{"If-Match": etag}), 412)


def test_an_edit_takes_a_submitted_alert_back(city: Runtime, system: Caller) -> None:
    alert_id = system.submitted()
    etag = system.get(f"/alerts/{alert_id}").headers["ETag"]
    assert system.put(f"/alerts/{alert_id}", HOLDING, **{"If-Match": etag}).get_json()["state"] == "draft"
    with city.db.read() as connection:
        assert alert_store.get(connection, alert_id).content_hash is None
    etag = system.get(f"/alerts/{alert_id}").headers["ETag"]
    drill = {**HOLDING, "status": "Exercise"}
    problem(system.put(f"/alerts/{alert_id}", drill, **{"If-Match": etag}), 409)


def test_what_has_not_failed_is_not_sent_again(city: Runtime, system: Caller) -> None:
    alert_id = system.submitted()
    problem(system.post(f"/alerts/{alert_id}/retry", {}), 422)
    approve(city, alert_id)
    finish(city, alert_id)
    problem(system.post(f"/alerts/{alert_id}/retry", {"channel": "sms"}), 404)

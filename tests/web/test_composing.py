"""Writing an alert in the browser: what is typed becomes the draft it means, and nothing is lost on the way."""

import io
import json
import re
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from broadcaster import clock
from broadcaster.domain.alert import MsgType, Selector, plain
from broadcaster.domain.errors import Invalid
from broadcaster.runtime import FOLDER, Runtime
from broadcaster.store import documents
from broadcaster.web.console.compose_form import outline, slug
from tests.engine.city import holding
from tests.web.cast import House
from tests.web.forms import Form
from tests.web.stories import row, written

HOLDING: dict[str, object] = {
    "status": "Actual",
    "msg_type": "Alert",
    "languages": "en",
    "channels": ["website", "sms"],
    "new_incident": "Flood, Oxley Creek",
    "f.seen.en": "Oxley Creek is rising",
    "f.not_known.0.en": "how far it will reach",
    "f.not_known.1.en": "",
    "f.action.0": "keep-from-creek",
    "f.action.1": "",
    "f.action.2": "keep-phone-on",
    "f.confidence": "unknown",
    "f.decided_by": "municipality",
    "area.zones": ["rocklea", "oxley"],
    "next_update": "+30m",
}


def the_draft(rt: Runtime, location: str) -> dict[str, Any]:
    return dict(row(rt, location.split("/")[2]).draft)


def test_a_form_becomes_a_draft(town: House, rt: Runtime) -> None:
    ada = town.of("ada")
    answer = ada.post("/alerts/new/holding", HOLDING | {"action": "check"})
    assert answer.status_code == 302, answer.text
    draft = the_draft(rt, answer.headers["Location"])
    assert draft["incident"] == "flood-oxley-creek"
    assert draft["fields"]["seen"] == {"en": "Oxley Creek is rising"}
    assert draft["fields"]["not_known"] == [{"en": "how far it will reach"}]
    assert draft["fields"]["action"] == ["keep-from-creek", "keep-phone-on"]
    assert draft["area"]["zones"] == ["rocklea", "oxley"]
    check = ada.get(answer.headers["Location"]).text
    assert "Flood, Oxley Creek" in check
    assert "OXLEY CREEK IS RISING" in check
    assert "Submit for approval: 40 texts, 2 segments each" in check


def test_a_time_beside_a_zone_orders_the_texts_and_the_approver_sees_it(town: House, rt: Runtime) -> None:
    form = HOLDING | {"action": "save", "expires": "2026-11-24 09:00", "area.arrivals.oxley": "2026-11-24 05:00"}
    answer = town.of("ada").post("/alerts/new/holding", form)
    assert the_draft(rt, answer.headers["Location"])["area"]["arrivals"] == {"oxley": "2026-11-23T19:00:00+00:00"}
    page = town.of("ada").get(answer.headers["Location"].replace("/edit", "/check")).text
    assert re.search(r"Order: Oxley .*5 am.*, then the rest\.", page)


def test_looking_keeps_nothing(town: House, rt: Runtime) -> None:
    ada = town.of("ada")
    answer = ada.post("/alerts/new/holding", HOLDING | {"action": "preview"})
    assert answer.status_code == 200
    assert "OXLEY CREEK IS RISING" in answer.text
    assert "40</span>" in answer.text
    assert ada.get("/incidents").text.count("oxley") == 0


def test_enter_only_looks(town: House) -> None:
    """A browser that presses no button sends no action."""
    answer = town.of("ada").post("/alerts/new/holding", HOLDING)
    assert answer.status_code == 200
    assert "As residents will see it" in answer.text


def test_everything_that_is_missing_is_said_beside_its_field(town: House) -> None:
    form = HOLDING | {"action": "preview", "f.seen.en": "", "next_update": "tonight", "area.zones": []}
    page = town.of("ada").post("/alerts/new/holding", form).text
    assert 'href="#next_update"' in page
    form = HOLDING | {"action": "preview", "f.seen.en": "", "area.zones": []}
    page = town.of("ada").post("/alerts/new/holding", form).text
    assert 'href="#field-seen"' in page
    assert "What has been seen" in page
    assert 'href="#area"' in page


def test_what_was_typed_stays_when_something_is_wrong(town: House) -> None:
    form = HOLDING | {"action": "save", "expires": "noonish", "f.seen.en": '"><script>alert(1)</script>'}
    answer = town.of("ada").post("/alerts/new/holding", form)
    assert answer.status_code == 422
    assert "&lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert 'value="noonish"' in answer.text
    assert "how far it will reach" in answer.text


def test_more_lines_are_given_when_asked_for(town: House) -> None:
    ada = town.of("ada")
    before = ada.get("/alerts/new/holding?mode=live").text.count('name="f.not_known.')
    after = ada.post("/alerts/new/holding", HOLDING | {"action": "more:not_known"}).text.count('name="f.not_known.')
    assert after > before


def test_two_people_cannot_overwrite_each_other_unseen(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding(channels=("website", "sms")))
    ada, ben = town.of("ada"), town.of("ben")
    form = HOLDING | {"version": "1", "action": "save"}
    assert ben.post(f"/alerts/{alert_id}/edit", form | {"f.seen.en": "Bens creek is rising"}).status_code == 302
    answer = ada.post(f"/alerts/{alert_id}/edit", form | {"f.seen.en": "Adas creek is rising"})
    assert answer.status_code == 409
    assert "Somebody else changed this alert" in answer.text
    assert "Bens creek is rising" in answer.text
    assert 'value="Adas creek is rising"' in answer.text
    again = ada.post(f"/alerts/{alert_id}/edit", form | {"version": "2", "f.seen.en": "Adas creek is rising"})
    assert again.status_code == 302
    assert row(rt, alert_id).draft["fields"]["seen"] == {"en": "Adas creek is rising"}


def test_an_edit_shows_times_as_the_citys_clocks_do(town: House, rt: Runtime) -> None:
    ada = town.of("ada")
    answer = ada.post("/alerts/new/holding", HOLDING | {"action": "save", "expires": "2027-01-13 02:00"})
    page = ada.get(answer.headers["Location"]).text
    assert 'value="2027-01-13 02:00"' in page
    draft = the_draft(rt, answer.headers["Location"])
    assert draft["expires"].startswith("2027-01-12T16:00")  # Brisbane is ten hours ahead of UTC


def test_real_and_exercise_are_chosen_first_and_cannot_be_mixed_up(town: House) -> None:
    ada = town.of("ada")
    assert ada.get("/alerts/new/holding").headers["Location"].startswith("/alerts/new?kind=holding")
    assert "is it real?" in ada.get("/alerts/new?kind=holding").text
    assert ada.get("/alerts/new?kind=holding&mode=live").headers["Location"] == "/alerts/new/holding?mode=live"
    assert '<body class="live">' in ada.get("/alerts/new/holding?mode=live").text
    assert '<body class="drill">' in ada.get("/alerts/new/holding?mode=exercise").text


def test_a_live_incident_takes_no_exercise(town: House, rt: Runtime) -> None:
    written(town, rt, holding())
    form = HOLDING | {"action": "save", "status": "Exercise", "new_incident": "", "incident": holding().incident}
    answer = town.of("ada").post("/alerts/new/holding", form)
    assert answer.status_code == 422
    assert "is live" in answer.text


KINDS = sorted(path.parent.name for path in (FOLDER / "templates/alerts").glob("*/example.en.yaml"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_form_shows_of_an_example_comes_back_the_same(town: House, rt: Runtime, kind: str) -> None:
    text = (FOLDER / f"templates/alerts/{kind}/example.en.yaml").read_text(encoding="utf-8")
    draft = documents.read_alert_file(text, ZoneInfo("Australia/Brisbane"), town.clock())
    alert_id = written(town, rt, replace(draft, area=Selector(zones=("rocklea",)), references=()))
    ada = town.of("ada")
    form = Form(ada.get(f"/alerts/{alert_id}/edit").text, "compose")
    before = row(rt, alert_id).draft["fields"]
    answer = ada.post(f"/alerts/{alert_id}/edit", {**form.values, "action": "save"})
    assert answer.status_code == 302, answer.text
    msg_type = MsgType(row(rt, alert_id).msg_type)
    assert settled(rt, kind, row(rt, alert_id).draft["fields"], msg_type) == settled(rt, kind, before, msg_type)


def settled(rt: Runtime, kind: str, fields: dict[str, Any], msg_type: MsgType) -> object:
    """What the kind reads from raw values."""
    zone = ZoneInfo(rt.profile.timezone)
    values, problems = rt.kinds[kind].read(fields, msg_type, ("en",), zone, clock.utc_now())
    assert not [each for each in problems if "must be filled" not in each.message], problems
    return plain(values)


def test_an_outline_may_be_geojson_or_lines() -> None:
    ring = [[153.0, -27.5], [153.1, -27.5], [153.1, -27.6], [153.0, -27.5]]
    wanted = [[-27.5, 153.0], [-27.5, 153.1], [-27.6, 153.1], [-27.5, 153.0]]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "geometry": polygon, "properties": {}}
    assert outline(json.dumps(polygon)) == wanted
    assert outline(json.dumps(feature)) == wanted
    assert outline(json.dumps({"type": "FeatureCollection", "features": [feature]})) == wanted
    assert outline("-27.5, 153.0\n-27.5 153.1\n[-27.6, 153.1],\n") == wanted[:3]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"type": "Point", "coordinates": [1, 2]}',
        '{"type": "Polygon", "coordinates": [[[1, "x"]]]}',
        '{"type": "Polygon", "coordinates": [[[1, 2], [3, 4]], [[1, 2]]]}',
        "here and there",
        "[" * 5000,
        '{"type": "MultiPolygon", "coordinates": []}',
    ],
)
def test_what_is_no_outline_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid, match=r"area\.polygon"):
        outline(text)


def test_a_pasted_outline_reaches_the_draft_and_a_bad_one_is_said(town: House, rt: Runtime) -> None:
    ada = town.of("ada")
    form = HOLDING | {"area.zones": [], "area.shape": "-27.5, 153.0\n-27.5, 153.1\n-27.6, 153.1", "action": "save"}
    answer = ada.post("/alerts/new/holding", form)
    assert the_draft(rt, answer.headers["Location"])["area"]["polygon"] == [
        [-27.5, 153.0],
        [-27.5, 153.1],
        [-27.6, 153.1],
    ]
    answer = ada.post("/alerts/new/holding", form | {"area.shape": "Oxley"})
    assert answer.status_code == 422
    assert "not a latitude and a longitude" in answer.text
    assert ">Oxley</textarea>" in answer.text


def test_names_of_incidents_are_made_from_what_people_call_them() -> None:
    assert slug("Flom i Moelva, øvre del") == "flom-i-moelva-ovre-del"
    assert slug("  Ærlig   talt! ") == "aerlig-talt"
    assert slug("-- // --") == ""
    assert len(slug("x" * 200)) == 64


def test_a_picture_is_kept_and_shown_again_with_its_words(town: House, rt: Runtime) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 64
    ada = town.of("ada")
    form = HOLDING | {
        "action": "save",
        "new_picture": (io.BytesIO(png), "creek.png"),
        "new_picture.alt.en": "The creek",
    }
    answer = ada.post("/alerts/new/holding", form)
    (picture,) = the_draft(rt, answer.headers["Location"])["resources"]
    assert picture["alt"] == {"en": "The creek"}
    assert 'value="The creek"' in ada.get(answer.headers["Location"]).text
    wrong = HOLDING | {"action": "save", "new_picture": (io.BytesIO(b"GIF89a"), "x.gif"), "new_incident": "Other"}
    answer = ada.post("/alerts/new/holding", wrong)
    assert answer.status_code == 422
    assert "is no PNG or JPEG picture" in answer.text


def test_submitting_what_is_not_complete_goes_back_to_the_check(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding(fields={}))
    ada = town.of("ada")
    answer = ada.post(f"/alerts/{alert_id}/submit")
    assert answer.headers["Location"] == f"/alerts/{alert_id}/check"
    page = ada.get(answer.headers["Location"]).text
    assert "It was not submitted" in page
    assert 'huge" disabled' in page

"""What somebody types is kept, whole or not: through a closed tab, an ended session, a lost network, and another person's hands."""

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from broadcaster.runtime import Runtime
from broadcaster.store.schema import alerts, writing_versions
from tests.engine.city import holding
from tests.web.cast import PASSWORD, Browser, House
from tests.web.forms import Form
from tests.web.stories import row, submitted, written
from tests.web.test_composing import HOLDING

HALF = {"f.seen.en": "Oxley Creek is ri", "next_update": "to", "area.shape": "-27.5,", "new_incident": "Flood"}


def opened(browser: Browser, path: str = "/alerts/new/holding?mode=live") -> dict[str, Any]:
    """The form of a page as a browser would send it."""
    return dict(Form(browser.get(path).text, "compose").values)


def typed(browser: Browser, form: dict[str, Any], **more: Any) -> Any:
    return browser.post(
        "/alerts/writing", form | more, HX_Request="true", HX_Current_URL="http://x/alerts/new/holding?m"
    )


def test_a_half_filled_form_is_kept_as_it_is_and_found_again(town: House) -> None:
    ada = town.of("ada")
    answer = typed(ada, opened(ada) | HALF)
    assert answer.status_code == 200
    assert re.search(r"Saved \d\d:\d\d:\d\d", answer.text)
    place = answer.headers["HX-Replace-Url"]
    again = town.of("ada")
    assert place in again.get("/").text
    page = again.get(place).text
    for value in ('value="Oxley Creek is ri"', 'value="to"', ">-27.5,</textarea>", 'value="Flood"'):
        assert value in page
    assert town.of("ben").get(place).status_code == 404
    assert again.post(f"{place}/drop").status_code == 302
    assert place not in again.get("/").text


def test_the_texts_follow_the_typing_though_the_incident_has_no_name_yet(town: House) -> None:
    ada = town.of("ada")
    answer = typed(ada, opened(ada) | HOLDING | {"new_incident": "", "expires": "noonish"})
    assert "OXLEY CREEK IS RISING" in answer.text
    assert 'href="#expires"' in answer.text
    assert 'href="#incident"' in answer.text


@pytest.mark.parametrize("ends", ["session", "page"])
def test_what_was_typed_survives_the_end_of_the_session(town: House, ends: str) -> None:
    """Once with the session gone, once with another log-in in the same browser, which makes the page's token stale."""
    ada = town.of("ada")
    form = opened(ada) | HOLDING | {"action": "check"}
    ada.client.delete_cookie("__Host-session", domain="console.bcc.example")
    if ends == "page":
        assert ada.login("ada").status_code == 302
    answer = ada.post("/alerts/new/holding", form)
    assert answer.status_code == 303
    assert ("/login" in answer.headers["Location"]) == (ends == "session")
    if ends == "session":
        login = answer.headers["Location"]
        assert "What you wrote is kept" in ada.get(login).text
        answer = ada.post(login, {"email": "ada@bcc.example", "password": PASSWORD})
    assert re.fullmatch(r".*/alerts/writing/\w+", answer.headers["Location"])
    assert "Oxley Creek is rising" in ada.get(answer.headers["Location"]).text


def test_a_form_that_does_not_prove_whose_it_is_is_not_kept(town: House, rt: Runtime) -> None:
    ada, stranger = town.of("ada"), town.browser()
    form = opened(ada) | HOLDING
    token = form["writing"][0]
    for wrong in ("", token[:-3], "x" + token):
        assert stranger.post("/alerts/writing", form | {"writing": wrong}).status_code == 401
    ben = town.of("ben")
    assert ben.post("/alerts/writing", form | {"csrf_token": ben.token}).status_code == 404
    with rt.db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(writing_versions)) == 0


def test_the_same_form_sent_twice_makes_one_alert(town: House, rt: Runtime) -> None:
    ada = town.of("ada")
    form = opened(ada) | HOLDING | {"action": "save"}
    first, again = (ada.post("/alerts/new/holding", form).headers["Location"] for _ in range(2))
    assert first == again
    alert_id = first.split("/")[2]
    # Gone back in the browser, changed and saved once more: the same alert, changed.
    more = ada.post("/alerts/new/holding", form | {"f.seen.en": "Oxley Creek is falling"})
    assert more.headers["Location"] == first
    assert row(rt, alert_id).draft["fields"]["seen"] == {"en": "Oxley Creek is falling"}
    with rt.db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(alerts)) == 1


def test_a_repeated_request_does_not_take_a_submitted_alert_back(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    ada = town.of("ada")
    form = opened(ada, f"/alerts/{alert_id}/edit") | {"action": "save"}
    assert ada.post(f"/alerts/{alert_id}/edit", form).status_code == 302
    assert ada.post(f"/alerts/{alert_id}/submit").headers["Location"] == f"/alerts/{alert_id}"
    assert row(rt, alert_id).state == "pending_approval"


def test_undo_and_redo_walk_through_what_was_kept(town: House) -> None:
    ada = town.of("ada")
    form = opened(ada)
    for words in ("one", "one two", "one two three"):
        typed(ada, form, **{"f.seen.en": words})
    latest = form | {"f.seen.en": "one two three"}
    page = ada.post("/alerts/new/holding", latest | {"action": "undo"}).text
    assert 'value="one two"' in page
    page = ada.post("/alerts/new/holding", dict(Form(page, "compose").values) | {"action": "undo"}).text
    assert 'value="one"' in page
    page = ada.post("/alerts/new/holding", dict(Form(page, "compose").values) | {"action": "redo"}).text
    assert 'value="one two"' in page


def test_an_earlier_version_of_the_alert_comes_back_into_the_form(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding())
    ada = town.of("ada")
    path = f"/alerts/{alert_id}/edit"
    before = row(rt, alert_id).draft["fields"]["seen"]
    ada.post(path, opened(ada, path) | {"f.seen.en": "Something else", "action": "save"})
    page = ada.get(path).text
    assert 'value="version:1"' in page
    shown = ada.post(path, dict(Form(page, "compose").values) | {"action": "version:1"}).text
    assert f'value="{before}"' in shown
    assert row(rt, alert_id).draft["fields"]["seen"] == {"en": "Something else"}
    assert ada.post(path, opened(ada, path) | {"action": "version:99"}).status_code == 404


def test_two_people_choose_field_by_field(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding())
    ada, ben = town.of("ada"), town.of("ben")
    path = f"/alerts/{alert_id}/edit"
    mine, theirs = opened(ada, path), opened(ben, path)
    changed = {"f.seen.en": "Bens creek is rising", "f.not_known.0.en": "when it stops", "action": "save"}
    assert ben.post(path, theirs | changed).status_code == 302
    answer = ada.post(
        path, mine | {"f.seen.en": "Adas creek is rising", "expires": "2030-01-13 02:00", "action": "save"}
    )
    assert answer.status_code == 409
    assert re.search(r"Ben changed this at \d\d:\d\d:\d\d", answer.text)
    # Only Ben touched the second field, only Ada the end: both are joined without a question.
    assert 'name="take.fields.not_known"' not in answer.text
    assert 'value="when it stops"' in answer.text
    form = dict(Form(answer.text, "compose").values)
    taken = ada.post(path, form | {"take.fields.seen": "theirs", "action": "save"})
    assert taken.status_code == 302
    draft = row(rt, alert_id).draft
    assert draft["fields"]["seen"] == {"en": "Bens creek is rising"}
    assert draft["fields"]["not_known"] == [{"en": "when it stops"}]
    assert draft["expires"].startswith("2030-01-12T16:00")


def test_another_tab_is_noticed(town: House) -> None:
    ada = town.of("ada")
    first = opened(ada)
    place = typed(ada, first | HALF).headers["HX-Replace-Url"]
    second = opened(ada, place)
    assert "Another tab" not in typed(ada, second | {"f.seen.en": "from the second tab"}).text
    assert re.search(
        r"Another tab of yours kept something else at \d\d", typed(ada, first | {"f.seen.en": "first"}).text
    )


def test_an_old_alert_is_copied_without_its_times(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding())
    ada = town.of("ada")
    assert f"from={alert_id}" in ada.get("/alerts/new?mode=exercise").text
    page = ada.get(f"/alerts/new/holding?mode=exercise&from={alert_id}").text
    form = Form(page, "compose").values
    assert form["f.seen.en"] == [row(rt, alert_id).draft["fields"]["seen"]]
    assert form["next_update"] == ["+30m"]
    assert form["expires"] == [""]
    assert "Filled in from an alert of" in page

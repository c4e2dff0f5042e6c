"""Four eyes at the console: another person, the exact text, the right number, and no slip of a finger."""

import re

import pytest

from broadcaster.domain.alert import Status
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.services import accounts, drafting
from tests.engine.city import holding, settle
from tests.web.cast import OPERATOR, PASSWORD, Browser, House
from tests.web.stories import approved, row, submitted, written


def yes(rt: Runtime, alert_id: str, **changes: object) -> dict[str, object]:
    """The approval form, filled in rightly."""
    form: dict[str, object] = {"hash": row(rt, alert_id).content_hash, "read": "yes", "phones": "40"}
    return form | {"password": PASSWORD} | changes


def test_the_second_person_reads_the_exact_texts_first(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    page = town.of("ben").get(f"/alerts/{alert_id}/decide").text
    text = "OXLEY CREEK IS RISING"
    assert page.index(text) < page.index('name="read"') < page.index('name="password"')
    assert "This reaches about 40 phones." in page
    assert re.search(r"Send 40 texts, \d segments each, and publish", page)


def test_ben_approves_and_it_goes(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    answer = town.of("ben").post(f"/alerts/{alert_id}/approve", yes(rt, alert_id))
    assert answer.status_code == 302
    stands = row(rt, alert_id)
    assert (stands.state, stands.approved_by) == (AlertState.BROADCASTING, town.people["ben"].id)


@pytest.mark.parametrize("name", ["ben", "root"])
def test_nobody_approves_what_they_submitted(town: House, rt: Runtime, name: str) -> None:
    alert_id = submitted(town, rt, holding(), by=name)
    browser = town.of(name)
    assert browser.get(f"/alerts/{alert_id}/decide").status_code == 403
    answer = browser.post(f"/alerts/{alert_id}/approve", yes(rt, alert_id))
    assert answer.status_code == 403
    assert "another person must approve it" in answer.text
    assert row(rt, alert_id).state is AlertState.PENDING_APPROVAL


def test_nobody_approves_what_they_only_edited(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding(channels=("website", "sms")))
    with_a_word = holding(channels=("website", "sms"))
    drafting.edit(rt, alert_id, 1, with_a_word, town.people["ben"].actor, town.clock())
    drafting.submit(rt, alert_id, town.people["ada"].actor, town.clock())
    assert town.of("ben").post(f"/alerts/{alert_id}/approve", yes(rt, alert_id)).status_code == 403
    assert town.of("root").post(f"/alerts/{alert_id}/approve", yes(rt, alert_id)).status_code == 302


def test_an_author_who_becomes_approver_still_wrote_it(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    accounts.change_role(rt, town.people["ada"].id, Role.APPROVER, OPERATOR, town.clock())
    assert town.of("ada").post(f"/alerts/{alert_id}/approve", yes(rt, alert_id)).status_code == 403


def test_what_has_changed_since_it_was_read_does_not_go(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    ben = town.of("ben")
    seen = yes(rt, alert_id)
    stands = row(rt, alert_id)
    fields = dict(holding().fields) | {"seen": {"en": "Another creek is rising"}}
    drafting.edit(
        rt, alert_id, stands.version, holding(channels=("website", "sms"), fields=fields),
        town.people["ada"].actor, town.clock(),
    )  # fmt: skip
    drafting.submit(rt, alert_id, town.people["ada"].actor, town.clock())
    answer = ben.post(f"/alerts/{alert_id}/approve", seen)
    assert answer.status_code == 409
    assert "has changed since you looked at it" in answer.text
    assert "ANOTHER CREEK IS RISING" in answer.text
    assert row(rt, alert_id).state is AlertState.PENDING_APPROVAL


def test_a_number_that_has_moved_must_be_agreed_to_again(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    ben = town.of("ben")
    settle(rt, 200, first=1000)
    answer = ben.post(f"/alerts/{alert_id}/approve", yes(rt, alert_id))
    assert answer.status_code == 409
    assert "This reaches about 240 phones." in answer.text
    assert ben.post(f"/alerts/{alert_id}/approve", yes(rt, alert_id, phones="240")).status_code == 302


@pytest.mark.parametrize(
    ("left_out", "said"),
    [("read", "Tick that you have read"), ("password", "The password is wrong")],
)
def test_nothing_goes_before_everything_is_confirmed(town: House, rt: Runtime, left_out: str, said: str) -> None:
    alert_id = submitted(town, rt, holding())
    answer = town.of("ben").post(f"/alerts/{alert_id}/approve", yes(rt, alert_id, **{left_out: ""}))
    assert answer.status_code == 422
    assert said in answer.text
    assert row(rt, alert_id).state is AlertState.PENDING_APPROVAL


def test_an_exercise_asks_for_no_password_and_looks_different(town: House, rt: Runtime) -> None:
    draft = holding(status=Status.EXERCISE, incident="drill", channels=("website",))
    alert_id = submitted(town, rt, draft)
    ben = town.of("ben")
    page = ben.get(f"/alerts/{alert_id}/decide").text
    assert 'name="password"' not in page
    assert '<body class="drill">' in page
    assert "EXERCISE: only those who take part are told anything" in page
    assert ben.post(f"/alerts/{alert_id}/approve", yes(rt, alert_id, password="")).status_code == 422
    said = yes(rt, alert_id, password="", word="exercise")
    assert ben.post(f"/alerts/{alert_id}/approve", said).status_code == 302
    # Another word than a live alert's, in both directions.
    assert ben.post(f"/alerts/{alert_id}/stop", {"word": "STOP"}).status_code == 422
    # Until it ends, every page says so, from the rows.
    assert "An exercise is running" in ben.get("/inbox").text
    live = submitted(town, rt, holding(incident="oxley"))
    assert '<body class="live">' in ben.get(f"/alerts/{live}/decide").text


def test_a_return_needs_a_reason_and_tells_the_author(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    ben = town.of("ben")
    assert ben.post(f"/alerts/{alert_id}/return", {"reason": " "}).status_code == 422
    assert ben.post(f"/alerts/{alert_id}/return", {"reason": "It is Oxley Creek"}).status_code == 302
    assert row(rt, alert_id).state is AlertState.RETURNED
    assert "It is Oxley Creek" in town.of("ada").get(f"/alerts/{alert_id}").text


def test_a_rejection_is_final(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    assert town.of("ben").post(f"/alerts/{alert_id}/reject", {"reason": "A rumour"}).status_code == 302
    assert row(rt, alert_id).state is AlertState.REJECTED
    assert town.of("ada").get(f"/alerts/{alert_id}/edit").status_code == 409


def test_approving_twice_says_that_it_is_too_late(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    form = yes(rt, alert_id)
    assert town.of("ben").post(f"/alerts/{alert_id}/approve", form).status_code == 302
    answer = town.of("root").post(f"/alerts/{alert_id}/approve", form)
    assert answer.status_code == 409
    assert "This is no longer possible" in answer.text


def first_button(page: str, form_with: str) -> str:
    """The first submit button of the form that holds `form_with`: the one that Enter presses."""
    start = page.rindex("<form", 0, page.index(form_with))
    return re.search(r"<button[^>]*>", page[start:])[0]  # type: ignore[index]


def test_enter_sends_nothing_on_any_page_that_could_send(town: House, rt: Runtime) -> None:
    pending, going = submitted(town, rt, holding()), approved(town, rt, holding(incident="oxley"))
    ben = town.of("ben")
    pages = {
        'name="read"': f"/alerts/{pending}/decide",
        'name="word"': f"/alerts/{going}/stop",
        'id="t-expires"': "/alerts/new/holding?mode=live",
    }
    for marker, path in pages.items():
        button = first_button(ben.get(path).text, marker)
        assert "disabled" in button, path


def test_a_stop_takes_one_person_and_one_word(town: House, rt: Runtime) -> None:
    alert_id = approved(town, rt, holding())
    ada = town.of("ada")
    assert f"/alerts/{alert_id}/stop" in ada.get(f"/alerts/{alert_id}").text
    assert ada.post(f"/alerts/{alert_id}/stop", {"word": ""}).status_code == 422
    assert row(rt, alert_id).state is AlertState.BROADCASTING
    assert ada.post(f"/alerts/{alert_id}/stop", {"word": " stop ", "reason": "Wrong creek"}).status_code == 302
    assert row(rt, alert_id).state is AlertState.STOPPED
    page = ada.get(f"/alerts/{alert_id}").text
    assert "Wrong creek" in page


def test_what_can_no_longer_be_stopped_says_so(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    answer = town.of("ada").get(f"/alerts/{alert_id}/stop")
    assert "There is nothing to stop" in answer.text
    assert town.of("ada").post(f"/alerts/{alert_id}/stop", {"word": "STOP"}).status_code == 409


@pytest.mark.parametrize("form", ["update", "correction", "all-clear", "cancel"])
def test_what_follows_begins_filled_in(town: House, rt: Runtime, form: str) -> None:
    alert_id = approved(town, rt, holding())
    ada: Browser = town.of("ada")
    answer = ada.post(f"/alerts/{alert_id}/follow/{form}")
    assert answer.status_code == 302, answer.text
    page = ada.get(answer.headers["Location"]).text
    assert re.search(r'name="area.zones" value="rocklea" checked', page)
    assert f'name="references" value="{alert_id}"' in page or 'name="references"' in page

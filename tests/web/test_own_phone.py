"""One's own phone, over the real console and the sandbox: proved by a code, and the only number that a draft is ever tried on."""

import re
from html import unescape

import pytest

from broadcaster.runtime import Runtime
from broadcaster.services.own_phone import CODE_LIFE, MOST, TRIES
from broadcaster.store import progress
from channels.sandbox.server import Sandbox
from tests.engine.city import accounts, holding, provider_log
from tests.web.cast import Browser, House
from tests.web.stories import approved, submitted, written

MINE, OTHERS = "+61400111222", "+61400111333"


@pytest.fixture
def environment(environment: dict[str, str], sandbox: Sandbox) -> dict[str, str]:
    """Texts go to the sandbox."""
    return environment | accounts(sandbox)


def codes(sandbox: Sandbox) -> list[str]:
    """Codes that arrived at MINE, oldest first."""
    texts = [each["text"] for each in provider_log(sandbox, "twilio") if each["to"] == MINE]
    return [found[0] for text in texts if (found := re.search(r"\b[0-9]{6}\b", text))]


def proved(browser: Browser, sandbox: Sandbox) -> Browser:
    """A browser whose person has a phone of their own."""
    assert browser.post("/account/phone", {"phone": "0400 111 222"}).status_code == 302
    assert browser.post("/account/phone/code", {"code": codes(sandbox)[-1]}).status_code == 302
    return browser


def test_a_draft_goes_to_one_s_own_proved_phone_marked_as_a_test(town: House, rt: Runtime, sandbox: Sandbox) -> None:
    alert_id = written(town, rt, holding(channels=("website", "sms")))
    ada = proved(town.of("ada"), sandbox)
    assert "marked TEST" in ada.get("/account").text
    ada.get(f"/alerts/{alert_id}/check")
    answer = ada.post(f"/alerts/{alert_id}/try", {"back": "check", "phone": OTHERS})
    assert answer.headers["Location"] == f"/alerts/{alert_id}/check"
    *_, last = provider_log(sandbox, "twilio")
    assert last["to"] == MINE
    assert last["text"].startswith("TEST TEST: Brisbane City Council: OXLEY CREEK IS RISING")
    assert last["text"].endswith("This is a test, sent only to you.")
    assert {each["to"] for each in provider_log(sandbox, "twilio")} == {MINE}
    with rt.db.read() as connection:
        assert progress.by_channel(connection, alert_id) == {}
    page = unescape(ada.get(f"/alerts/{alert_id}").text)
    assert "Tried on one's own phone" in page
    assert MINE not in page


def test_it_is_tried_five_times_an_hour_and_not_after_it_went_out(town: House, rt: Runtime, sandbox: Sandbox) -> None:
    waiting = submitted(town, rt, holding())
    gone = approved(town, rt, holding(incident="creek"))
    ben = proved(town.of("ben"), sandbox)
    before = len(provider_log(sandbox, "twilio"))
    for _ in range(MOST + 1):
        ben.post(f"/alerts/{waiting}/try", {"back": "decide"})
    assert len(provider_log(sandbox, "twilio")) == before + MOST
    assert "too many texts to this phone" in ben.get(f"/alerts/{waiting}").text
    town.clock.pass_by(minutes=61)
    ben = town.of("ben")
    ben.post(f"/alerts/{gone}/try")
    assert "this alert is no draft any more" in ben.get(f"/alerts/{gone}").text
    assert len(provider_log(sandbox, "twilio")) == before + MOST


def test_nothing_goes_to_a_number_that_is_not_proved(town: House, rt: Runtime, sandbox: Sandbox) -> None:
    alert_id = written(town, rt, holding())
    ada = town.of("ada")
    for _ in range(2):
        ada.post(f"/alerts/{alert_id}/try")
        assert "you have no phone of your own here yet" in ada.get(f"/alerts/{alert_id}").text
        ada.post("/account/phone", {"phone": MINE})
    assert [each["to"] for each in provider_log(sandbox, "twilio")] == [MINE, MINE]
    assert ada.post("/account/phone", {"phone": "soon"}).status_code == 422
    cy = town.of("cy")
    assert cy.post(f"/alerts/{alert_id}/try").status_code == 404


def test_a_code_is_guessed_at_five_times_and_holds_ten_minutes(town: House, sandbox: Sandbox) -> None:
    ada = town.of("ada")
    ada.post("/account/phone", {"phone": MINE})
    right = codes(sandbox)[-1]
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(TRIES):
        assert "that is not the code" in ada.post("/account/phone/code", {"code": wrong}).text
    assert "there is no code that still holds" in ada.post("/account/phone/code", {"code": right}).text
    ada.post("/account/phone", {"phone": MINE})
    town.clock.pass_by(seconds=CODE_LIFE.total_seconds() + 1)
    assert ada.post("/account/phone/code", {"code": codes(sandbox)[-1]}).status_code == 422
    for _ in range(MOST):
        answer = ada.post("/account/phone", {"phone": MINE})
    assert "too many texts to this phone" in answer.text
    assert len(codes(sandbox)) == MOST
    assert ada.post("/account/phone/code", {"code": codes(sandbox)[-1]}).status_code == 302
    ada.post("/account/phone/remove")
    assert MINE not in ada.get("/account/phone").text

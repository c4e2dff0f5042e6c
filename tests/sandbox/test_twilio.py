"""Twilio's API as its own SDK sees it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from channels.sandbox.server import Sandbox
from channels.sandbox.twilio_rules import FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN, TwilioSettings
from tests.sandbox.listener import until

PHONE = "+61491570006"
SENDER = "+15005550006"
MESSAGES = f"/2010-04-01/Accounts/{FAKE_ACCOUNT_SID}/Messages.json"
KEYS = (FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN)


def post(sandbox: Sandbox, *, auth: tuple[str, str] = KEYS, **form: Any) -> requests.Response:
    return requests.post(sandbox.twilio_url + MESSAGES, data=form, auth=auth, timeout=5)


def test_a_text_is_taken_with_the_shape_that_the_sdk_reads(twilio: Any) -> None:
    message = twilio.messages.create(to=PHONE, from_=SENDER, body="Hei på deg €" * 15)
    assert message.sid.startswith("SM")
    assert len(message.sid) == 34
    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "2")
    assert message.date_sent is None
    assert abs(message.date_created - datetime.now(UTC)) < timedelta(seconds=5)
    assert message.uri.endswith(f"/Messages/{message.sid}.json")


def test_a_text_becomes_delivered_and_then_has_a_date_sent(twilio: Any) -> None:
    sid = twilio.messages.create(to=PHONE, from_=SENDER, body="Leave now").sid
    until(lambda: twilio.messages(sid).fetch().status == "delivered")
    assert twilio.messages(sid).fetch().date_sent is not None


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"From": SENDER, "Body": "x"}, 21604),
        ({"To": PHONE, "Body": "x"}, 21603),
        ({"To": PHONE, "From": SENDER}, 21602),
        ({"To": PHONE, "From": SENDER, "Body": ""}, 21602),
        ({"To": PHONE, "From": SENDER, "Body": "x" * 1601}, 21617),
        ({"To": "0491570006", "From": SENDER, "Body": "x"}, 21211),
        ({"To": "+15005550001", "From": SENDER, "Body": "x"}, 21211),
        ({"To": "+15005550002", "From": SENDER, "Body": "x"}, 21612),
        ({"To": "+15005550003", "From": SENDER, "Body": "x"}, 21408),
        ({"To": "+15005550004", "From": SENDER, "Body": "x"}, 21610),
        ({"To": "+61733333333", "From": SENDER, "Body": "x"}, 21614),
        ({"To": SENDER, "From": SENDER, "Body": "x"}, 21266),
        ({"To": PHONE, "From": "+1", "Body": "x"}, 21212),
        ({"To": PHONE, "From": SENDER, "Body": "x", "StatusCallback": "not a url"}, 21609),
        ({"To": PHONE, "From": SENDER, "Body": "x", "ValidityPeriod": "0"}, 21624),
        ({"To": PHONE, "From": SENDER, "Body": "x", "ValidityPeriod": "36001"}, 21624),
    ],
)
def test_what_twilio_would_refuse_is_refused_with_its_code(sandbox: Sandbox, form: dict[str, Any], code: int) -> None:
    answer = post(sandbox, **form)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["more_info"].endswith(f"/errors/{code}")
    assert sandbox.sent("twilio") == []


def test_only_the_accounts_own_senders_may_send() -> None:
    service = "MG" + "0" * 32
    with Sandbox(twilio=TwilioSettings(senders=(SENDER, "BCC", service))) as sandbox:
        assert post(sandbox, To=PHONE, From="+15005550007", Body="x").json()["code"] == 21606
        assert post(sandbox, To=PHONE, From="Elvdal", Body="x").json()["code"] == 21606
        assert post(sandbox, To=PHONE, From="BCC", Body="x").status_code == 201
        accepted = post(sandbox, To=PHONE, MessagingServiceSid=service, Body="x").json()
        assert (accepted["status"], accepted["from"], accepted["num_segments"]) == ("accepted", None, "0")
        assert accepted["messaging_service_sid"] == service


def test_a_wrong_token_is_401_and_another_account_does_not_exist(sandbox: Sandbox) -> None:
    wrong = post(sandbox, auth=(FAKE_ACCOUNT_SID, "wrong"), To=PHONE, From=SENDER, Body="x")
    assert (wrong.status_code, wrong.json()["code"]) == (401, 20003)
    assert requests.get(sandbox.twilio_url + MESSAGES, timeout=5).status_code == 401
    other = requests.get(sandbox.twilio_url + "/2010-04-01/Accounts/AC1/Messages.json", auth=KEYS, timeout=5)
    assert (other.status_code, other.json()["code"]) == (404, 20404)


def test_the_list_is_newest_first_and_goes_on_page_by_page(twilio: Any) -> None:
    for number in range(7):
        twilio.messages.create(to=PHONE, from_="BCC", body=f"text {number}")
    twilio.messages.create(to="+61491570007", from_="BCC", body="another phone")
    assert [m.body for m in twilio.messages.list(to=PHONE, page_size=3)] == [f"text {n}" for n in range(6, -1, -1)]
    assert len(twilio.messages.list(page_size=2)) == 8
    assert twilio.messages.list(to="+61491570008") == []
    assert twilio.messages.list(from_="Elvdal") == []


def test_a_text_without_a_date_sent_is_not_found_by_date_sent(twilio: Any) -> None:
    sid = twilio.messages.create(to=PHONE, from_=SENDER, body="x").sid
    minute = timedelta(minutes=1)
    assert twilio.messages.list(date_sent_after=datetime.now(UTC) - minute) == []
    until(lambda: twilio.messages(sid).fetch().date_sent)
    assert len(twilio.messages.list(date_sent_after=datetime.now(UTC) - minute)) == 1
    assert twilio.messages.list(date_sent_after=datetime.now(UTC) + minute) == []
    assert len(twilio.messages.list(date_sent_before=datetime.now(UTC) + minute)) == 1
    assert len(twilio.messages.list(date_sent=datetime.now(UTC).date())) == 1


def test_redacting_empties_the_body_at_twilio_but_not_on_the_phone(twilio: Any, sandbox: Sandbox) -> None:
    sid = twilio.messages.create(to=PHONE, from_=SENDER, body="Find Mia").sid
    assert twilio.messages(sid).update(body="").body == ""
    assert [row["text"] for row in sandbox.sent("twilio")] == ["Find Mia"]
    twilio.messages(sid).delete()
    with pytest.raises(TwilioRestException) as gone:
        twilio.messages(sid).fetch()
    assert gone.value.code == 20404


def test_only_a_waiting_text_can_be_cancelled(twilio: Any) -> None:
    sid = twilio.messages.create(to=PHONE, from_=SENDER, body="x").sid
    until(lambda: twilio.messages(sid).fetch().status == "delivered")
    with pytest.raises(TwilioRestException) as late:
        twilio.messages(sid).update(status="canceled")
    assert late.value.code == 30409


def test_the_account_and_its_numbers_can_be_read() -> None:
    with Sandbox(twilio=TwilioSettings(senders=(SENDER, "BCC"))) as sandbox:
        account = f"{sandbox.twilio_url}/2010-04-01/Accounts/{FAKE_ACCOUNT_SID}"
        assert requests.get(f"{account}.json", auth=KEYS, timeout=5).json()["status"] == "active"
        numbers = requests.get(f"{account}/IncomingPhoneNumbers.json", auth=KEYS, timeout=5).json()
        assert [row["phone_number"] for row in numbers["incoming_phone_numbers"]] == [SENDER]


def test_more_than_the_rate_is_429_with_retry_after() -> None:
    with Sandbox(twilio=TwilioSettings(rate_per_second=3)) as sandbox:
        answers = [post(sandbox, To=PHONE, From=SENDER, Body="x") for _ in range(10)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].json()["code"] == 20429
        assert refused[0].headers["Retry-After"] == "1"
        assert len(sandbox.sent("twilio")) == 10 - len(refused)


def test_what_lags_is_sent_at_once_but_read_back_later(twilio: Any, sandbox: Sandbox) -> None:
    sandbox.control("twilio").lag(0.4)
    sid = twilio.messages.create(to=PHONE, from_=SENDER, body="x").sid
    assert len(sandbox.sent("twilio")) == 1
    assert twilio.messages.list(to=PHONE) == []
    until(lambda: twilio.messages.list(to=PHONE))
    assert twilio.messages(sid).fetch().sid == sid

"""Twilio's status callbacks: signed, timed, and spoiled on demand."""

from typing import Any

import pytest
import requests
from twilio.request_validator import RequestValidator

from channels.sandbox.server import Sandbox
from channels.sandbox.twilio_rules import FAKE_AUTH_TOKEN
from tests.sandbox.listener import Listener, until
from tests.sandbox.test_twilio import KEYS, MESSAGES

PHONE = "+61491570006"


def send(twilio: Any, listener: Listener, to: str = PHONE, mark: str = "1") -> str:
    callback = f"{listener.url}/webhooks/twilio/status?d={mark}"
    return str(twilio.messages.create(to=to, from_="BCC", body="Leave now", status_callback=callback).sid)


def test_every_step_is_announced_and_signed_over_url_and_all_fields(twilio: Any, listener: Listener) -> None:
    sid = send(twilio, listener)
    until(lambda: len(listener.heard) == 3)
    assert sorted(listener.statuses()) == ["delivered", "queued", "sent"]
    for heard in listener.heard:
        assert heard.url.endswith("?d=1")
        assert RequestValidator(FAKE_AUTH_TOKEN).validate(heard.url, heard.form, heard.headers["X-Twilio-Signature"])
        assert heard.form["MessageSid"] == heard.form["SmsSid"] == sid
        assert heard.form["MessageStatus"] == heard.form["SmsStatus"]
        assert (heard.form["To"], heard.form["From"], heard.form["ApiVersion"]) == (PHONE, "BCC", "2010-04-01")
        assert "ErrorCode" not in heard.form


@pytest.mark.parametrize(
    ("to", "last", "code"),
    [
        ("+15005553003", "undelivered", "30003"),
        ("+15005553007", "undelivered", "30007"),
        ("+15005553036", "failed", "30036"),
    ],
)
def test_a_text_that_fails_says_why(twilio: Any, listener: Listener, to: str, last: str, code: str) -> None:
    sid = send(twilio, listener, to)
    until(lambda: last in listener.statuses())
    assert next(heard.form["ErrorCode"] for heard in listener.heard if heard.form["MessageStatus"] == last) == code
    message = twilio.messages(sid).fetch()
    assert (message.status, message.error_code) == (last, int(code))


def test_lost_callbacks_never_come(twilio: Any, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control("twilio").fault("MessageStatus=delivered", "callbacks_lost", count=None)
    sid = send(twilio, listener)
    until(lambda: twilio.messages(sid).fetch().status == "delivered")
    until(lambda: sandbox.control("twilio").stats()["callbacks_lost"] == 1)
    until(lambda: sandbox.control("twilio").stats()["callbacks_waiting"] == 0)
    assert "delivered" not in listener.statuses()


def test_repeated_callbacks_come_three_times(twilio: Any, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control("twilio").fault("d=1", "callbacks_repeated", count=None)
    send(twilio, listener)
    until(lambda: len(listener.heard) == 9)
    assert listener.statuses().count("delivered") == 3


def test_shuffled_callbacks_overtake_each_other(twilio: Any, sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control("twilio").fault("", "callbacks_shuffled", count=None, delay_s=0.5)
    for mark in range(8):
        send(twilio, listener, mark=str(mark))
    until(lambda: len(listener.heard) == 24)
    threads = [[h.form["MessageStatus"] for h in listener.heard if h.url.endswith(f"d={m}")] for m in range(8)]
    assert all(sorted(thread) == ["delivered", "queued", "sent"] for thread in threads)
    assert any(thread != ["queued", "sent", "delivered"] for thread in threads)


@pytest.mark.parametrize(("mode", "expected"), [("final", ["delivered"]), ("off", [])])
def test_callbacks_can_be_only_final_or_off(listener: Listener, mode: str, expected: list[str]) -> None:
    form = {"To": PHONE, "From": "BCC", "Body": "x", "StatusCallback": f"{listener.url}/s"}
    with Sandbox(callbacks=mode, speed=20) as sandbox:
        assert requests.post(sandbox.twilio_url + MESSAGES, data=form, auth=KEYS, timeout=5).status_code == 201
        until(lambda: sandbox.sent("twilio")[0]["status"] == "delivered")
        until(lambda: sandbox.control("twilio").stats()["callbacks"] == len(expected))
    assert listener.statuses() == expected


def test_nobody_listening_harms_nothing(twilio: Any, sandbox: Sandbox, listener: Listener) -> None:
    listener.close()
    send(twilio, listener)
    until(lambda: sandbox.control("twilio").stats()["callbacks_failed"] == 3)

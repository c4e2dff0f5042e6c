"""Sinch's API as those see it who call it: shapes, refusals, signed reports, texts from residents. The contract test does the rest."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.rest import Client

from channels.sandbox.server import Sandbox
from channels.sandbox.sinch_rules import FAKE_API_TOKEN, FAKE_CALLBACK_SECRET, FAKE_SERVICE_PLAN_ID
from channels.sinch_client import Texts
from tests.sandbox.listener import Listener, until

PHONE = "+61491570006"
TEXT = {"to": [PHONE], "from": "+15005550006", "body": "Leave now", "client_reference": "d1"}
KEY = {"Authorization": f"Bearer {FAKE_API_TOKEN}"}


def call(sandbox: Sandbox, path: str = "", json: object = None, **more: Any) -> requests.Response:
    url = f"{sandbox.sinch_url}/xms/v1/{FAKE_SERVICE_PLAN_ID}/batches{path}"
    options: dict[str, Any] = {"headers": KEY, "timeout": 5, **more}
    return requests.post(url, json=json, **options) if json is not None else requests.get(url, **options)


def test_a_batch_is_taken_listed_and_reported(sandbox: Sandbox) -> None:
    taken = call(sandbox, json=TEXT)
    batch = taken.json()
    assert taken.status_code == 201
    assert (batch["to"], batch["type"], batch["client_reference"]) == ([PHONE[1:]], "mt_text", "d1")
    assert batch["created_at"].endswith("Z")
    listed = call(sandbox, params={"client_reference": "d1"}).json()
    assert (listed["count"], listed["page"], listed["batches"][0]["id"]) == (1, 0, batch["id"])
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert call(sandbox, params={"start_date": tomorrow}).json()["count"] == 0
    assert call(sandbox, params={"client_reference": "d2"}).json()["batches"] == []
    until(lambda: call(sandbox, f"/{batch['id']}/delivery_report").json()["statuses"][0]["status"] == "Delivered")
    assert call(sandbox, f"/{batch['id']}").json()["body"] == "Leave now"
    assert call(sandbox, "/0").status_code == 404


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"to": []}, "syntax_constraint_violation"),
        ({"to": ["12"]}, "syntax_invalid_parameter_format"),
        ({"to": ["+15005550001"]}, "syntax_invalid_parameter_format"),
        ({"to": ["+15005550003"]}, "illegal_number_type"),
        ({"from": ""}, "syntax_invalid_parameter_format"),
        ({"from": 7}, "syntax_invalid_parameter_format"),
        ({"body": ""}, "syntax_constraint_violation"),
        ({"body": "x" * 2_001}, "syntax_constraint_violation"),
        ({"type": "mt_binary"}, "syntax_constraint_violation"),
        ({"delivery_report": "always"}, "syntax_constraint_violation"),
        ({"delivery_report": "full"}, "missing_callback_url"),
        ({"callback_url": "here"}, "syntax_constraint_violation"),
        ({"expire_at": "soon"}, "syntax_invalid_parameter_format"),
        ({"expire_at": "2020-01-01T00:00:00Z"}, "syntax_constraint_violation"),
        ({"client_reference": "x" * 2_049}, "syntax_constraint_violation"),
    ],
)
def test_what_is_wrong_with_a_batch_is_said(sandbox: Sandbox, more: dict[str, object], code: str) -> None:
    answer = call(sandbox, json=TEXT | more)
    assert answer.status_code in (400, 403)
    assert answer.json()["code"] == code
    assert answer.json()["text"]
    assert sandbox.sent("sinch") == []


def test_whoever_has_no_token_or_no_json_is_refused(sandbox: Sandbox) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {FAKE_API_TOKEN}"}):
        assert call(sandbox, json=TEXT, headers=headers).status_code == 401
    broken = requests.post(
        f"{sandbox.sinch_url}/xms/v1/{FAKE_SERVICE_PLAN_ID}/batches", data="{", headers=KEY, timeout=5
    )
    assert (broken.status_code, broken.json()["code"]) == (400, "syntax_invalid_json")


def test_one_signed_report_comes_when_it_is_final(sandbox: Sandbox, listener: Listener) -> None:
    url = f"{listener.url}/webhooks/sinch?d=1"
    sandbox.control("sinch").fault("d1", "callbacks_repeated")
    batch = call(sandbox, json=TEXT | {"delivery_report": "per_recipient_final", "callback_url": url}).json()
    until(lambda: len(listener.heard) == 3)
    (body,) = {heard.body for heard in listener.heard}
    report = json.loads(body)
    assert (report["batch_id"], report["status"], report["code"]) == (batch["id"], "Delivered", 0)
    assert (report["recipient"], report["client_reference"]) == (PHONE[1:], "d1")
    events = Texts(FAKE_SERVICE_PLAN_ID, FAKE_API_TOKEN, "us", requests.Session()).events(FAKE_CALLBACK_SECRET)
    assert all(events.validate_authentication_header(heard.headers, heard.body) for heard in listener.heard)
    assert not events.validate_authentication_header(listener.heard[0].headers, body.replace(b"Delivered", b"Failed"))
    assert sandbox.control("sinch").stats()["callbacks"] == 3


def test_a_residents_text_is_passed_on_and_shows_with_those_of_the_other_carrier(
    sandbox: Sandbox, listener: Listener, twilio: Client
) -> None:
    twilio.messages.create(to=PHONE, from_="+15005550006", body="From the first carrier")
    call(sandbox, json=TEXT | {"body": "From the second carrier"})
    answer = sandbox.control("sinch").inbound(from_=PHONE, body="STOP", url=f"{listener.url}/in")
    assert answer["status"] == 200
    event = json.loads(listener.heard[0].body)
    assert (event["type"], event["from"], event["body"]) == ("mo_text", PHONE[1:], "STOP")
    page = requests.get(sandbox.sinch_url, params={"phone": PHONE}, timeout=5).text
    places = [page.index(words) for words in ("From the first", "From the second", "STOP")]
    assert places == sorted(places)
    everybody = requests.get(sandbox.twilio_url, timeout=5).text
    assert "1 phones have texts" in everybody

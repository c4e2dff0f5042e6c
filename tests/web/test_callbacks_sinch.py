"""Sinch's callbacks: a report is proved by our own sealed id, and a signature where there is a secret; a text by that alone."""

import json
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from broadcaster.runtime import Runtime
from broadcaster.store import inbound
from broadcaster.store.schema import deliveries
from broadcaster.web.app import create_app
from channels.sandbox.faults import FaultBook
from channels.sandbox.server import Sandbox
from channels.sandbox.sinch_callbacks import SinchDesk
from channels.sandbox.sinch_rules import FAKE_API_TOKEN, FAKE_SERVICE_PLAN_ID
from channels.sandbox.webhooks import Webhooks
from tests.web.cast import House
from tests.web.test_callbacks import a_text, state_of

SECRET = "hush-hush"
RESIDENT = "+61491570007"


@pytest.fixture
def secret() -> str:
    """The account signs its callbacks; a test of one that does not says otherwise."""
    return SECRET


@pytest.fixture
def environment(environment: dict[str, str], sandbox: Sandbox, secret: str) -> dict[str, str]:
    return environment | {
        "BROADCASTER_SINCH_SERVICE_PLAN_ID": FAKE_SERVICE_PLAN_ID,
        "BROADCASTER_SINCH_API_TOKEN": FAKE_API_TOKEN,
        "BROADCASTER_SINCH_FROM": "+61491570100=30",
        "BROADCASTER_SINCH_FROM_INFO": "+61491570101",
        "BROADCASTER_SINCH_API_URL": sandbox.sinch_url,
        "BROADCASTER_SINCH_CALLBACK_SECRET": secret,
    }


@pytest.fixture
def callbacks(rt: Runtime) -> Iterator[FlaskClient]:
    with create_app(rt, only="webhooks").test_client() as client:
        yield client


def post(client: FlaskClient, path: str, event: dict[str, object], secret: str = SECRET) -> TestResponse:
    desk = SinchDesk(FaultBook(), lambda: 1_800_000_000.0, 1.0, "off", Webhooks(), {"p1": secret})
    body, headers = desk.signed(event, "p1")
    return client.post(f"/webhooks/sinch{path}", data=body, headers=headers)


def report(token: str, **more: object) -> dict[str, object]:
    return {
        "type": "recipient_delivery_report_sms",
        "batch_id": "SM1",
        "recipient": "61491570007",
        "code": 0,
        "status": "Delivered",
        "at": "2026-11-23T12:00:00.123Z",
        "client_reference": token,
        **more,
    }


def text(number: str, words: str, to: str = "61491570100") -> dict[str, object]:
    at = "2026-11-23T12:00:00.123Z"
    return {"type": "mo_text", "id": number, "from": RESIDENT[1:], "to": to, "body": words, "received_at": at}


def test_a_signed_report_is_applied_once_and_never_goes_back(town: House, rt: Runtime, callbacks: FlaskClient) -> None:
    number, token, _ = a_text(town, rt)
    for status in ("Queued", "Delivered", "Dispatched", "Failed"):
        answer = post(callbacks, f"?d={token}", report(token, status=status, code=401))
        assert answer.status_code == 204
    assert state_of(rt, number) == "delivered"


def test_a_report_that_is_not_signed_or_speaks_of_another_text_changes_nothing(
    town: House, rt: Runtime, callbacks: FlaskClient
) -> None:
    number, token, _ = a_text(town, rt)
    assert post(callbacks, f"?d={token}", report(token), secret="other").status_code == 403
    assert callbacks.post(f"/webhooks/sinch?d={token}", json=report(token)).status_code == 403
    for path in ("?d=1.forged", ""):
        assert post(callbacks, path, report(token, batch_id="01FC")).status_code == 204
    assert state_of(rt, number) == "accepted"


@pytest.mark.parametrize("secret", [""])
def test_without_a_secret_our_own_id_proves_a_report_and_nothing_proves_a_text(
    town: House, rt: Runtime, callbacks: FlaskClient
) -> None:
    number, token, _ = a_text(town, rt)
    assert callbacks.post("/webhooks/sinch", json=report(token)).status_code == 403
    assert callbacks.post("/webhooks/sinch?d=1.forged", json=report("1.forged")).status_code == 403
    assert state_of(rt, number) == "accepted"
    assert callbacks.post(f"/webhooks/sinch?d={token}", json=report(token)).status_code == 204
    assert state_of(rt, number) == "delivered"
    assert callbacks.post("/webhooks/sinch/inbound?d=x", json=text("1", "STOP")).status_code == 403


def test_a_report_about_a_delivery_of_another_carrier_says_nothing(
    town: House, rt: Runtime, callbacks: FlaskClient
) -> None:
    number, token, _ = a_text(town, rt)
    with rt.db.write() as tx:
        tx.execute(update(deliveries).where(deliveries.c.id == number).values(provider_id="SM9", provider="twilio"))
    post(callbacks, f"?d={token}", report(token, status="Failed", code=402))
    assert state_of(rt, number) == "accepted"


def test_stop_to_a_number_of_sinchs_opts_out_of_its_lane_and_is_answered_once(
    town: House, rt: Runtime, callbacks: FlaskClient, sandbox: Sandbox
) -> None:
    for _ in range(2):
        assert post(callbacks, "/inbound", text("01AB", "STOP")).status_code == 204
    with rt.db.read() as connection:
        assert inbound.opted_out(connection, RESIDENT)
    (answer,) = sandbox.sent("sinch")
    assert (answer["to"], answer["reference"]) == (RESIDENT, "reply-01AB")
    assert "flood" not in json.dumps(answer)


def test_a_text_is_believed_with_the_secret_as_password_too_and_else_refused(
    town: House, rt: Runtime, callbacks: FlaskClient
) -> None:
    assert callbacks.post("/webhooks/sinch/inbound", json=text("1", "STOP")).status_code == 403
    wrong = callbacks.post("/webhooks/sinch/inbound", json=text("1", "STOP"), auth=("sinch", "guess"))
    assert wrong.status_code == 403
    assert post(callbacks, "/inbound", text("1", "STOP"), secret="guess").status_code == 403
    with rt.db.read() as connection:
        assert not inbound.opted_out(connection, RESIDENT)
    right = callbacks.post("/webhooks/sinch/inbound", json=text("1", "Hello"), auth=("sinch", SECRET))
    assert right.status_code == 204
    assert callbacks.post("/webhooks/sinch/inbound", data=b"[", auth=("sinch", SECRET)).status_code == 400

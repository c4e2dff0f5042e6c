"""Providers' callbacks: proved over our configured address, applied once, never backwards, and never about the other mode."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from broadcaster.runtime import Runtime, build
from broadcaster.services import broadcasting
from broadcaster.settings import load
from broadcaster.store import inbound
from broadcaster.store import stops as stop_store
from broadcaster.store.schema import deliveries
from broadcaster.web.app import create_app
from channels.sandbox.twilio_rules import FAKE_AUTH_TOKEN, FAKE_SENDER
from tests.engine.city import holding
from tests.web.cast import HOST, House
from tests.web.stories import approved


@pytest.fixture
def callbacks(rt: Runtime) -> FlaskClient:
    """The web process that serves callbacks alone."""
    return create_app(rt, only="webhooks").test_client()


def signed(
    client: FlaskClient, path: str, form: dict[str, str], secret: str = FAKE_AUTH_TOKEN, **headers: str
) -> TestResponse:
    """POST as Twilio does, signed over our public address."""
    signature = RequestValidator(secret).compute_signature(f"{HOST}{path}", form)
    return client.post(
        path,
        data=form,
        headers={"X-Twilio-Signature": signature} | {name.replace("_", "-"): each for name, each in headers.items()},
        base_url="http://10.0.0.5",
    )


def a_text(house: House, rt: Runtime) -> tuple[int, str, str]:
    """A text that Twilio has taken: row, our token, its SID."""
    alert_id = approved(house, rt, holding())
    broadcasting.materialise(rt, alert_id)
    with rt.db.write() as tx:
        number = tx.scalar(select(deliveries.c.id).where(deliveries.c.channel == "sms").limit(1))
        assert number is not None
        tx.execute(
            deliveries.update().where(deliveries.c.id == number).values(state="accepted", provider_id="SM1", epoch=1)
        )
    return int(number), rt.seal(number), "SM1"


def state_of(rt: Runtime, number: int) -> str:
    with rt.db.read() as connection:
        return str(connection.scalar(select(deliveries.c.state).where(deliveries.c.id == number)))


def test_a_signed_receipt_is_applied(town: House, rt: Runtime, callbacks: FlaskClient) -> None:
    number, token, sid = a_text(town, rt)
    answer = signed(callbacks, f"/webhooks/twilio/status?d={token}", {"MessageSid": sid, "MessageStatus": "delivered"})
    assert answer.status_code == 204
    assert state_of(rt, number) == "delivered"


def test_the_console_serves_callbacks_too(town: House, rt: Runtime) -> None:
    number, token, sid = a_text(town, rt)
    client = town.app.test_client()
    signed(client, f"/webhooks/twilio/status?d={token}", {"MessageSid": sid, "MessageStatus": "delivered"})
    assert state_of(rt, number) == "delivered"


def test_receipts_in_any_order_and_repeated_never_go_back(town: House, rt: Runtime, callbacks: FlaskClient) -> None:
    number, token, sid = a_text(town, rt)
    for status in ("sent", "delivered", "sent", "queued", "undelivered") * 20:
        form = {"MessageSid": sid, "MessageStatus": status}
        assert signed(callbacks, f"/webhooks/twilio/status?d={token}", form).status_code == 204
    assert state_of(rt, number) == "delivered"


@pytest.mark.parametrize("wrong", ["missing", "other secret", "other url", "extra parameter", "other host"])
def test_a_receipt_that_is_not_proved_is_refused(town: House, rt: Runtime, callbacks: FlaskClient, wrong: str) -> None:
    number, token, sid = a_text(town, rt)
    path, form = f"/webhooks/twilio/status?d={token}", {"MessageSid": sid, "MessageStatus": "delivered"}
    right = RequestValidator(FAKE_AUTH_TOKEN).compute_signature(f"{HOST}{path}", form)
    headers = {"X-Twilio-Signature": right}
    if wrong == "missing":
        headers = {}
    if wrong == "other secret":
        headers["X-Twilio-Signature"] = RequestValidator("x" * 32).compute_signature(f"{HOST}{path}", form)
    if wrong == "other url":
        path = path + "&x=1"
    if wrong == "extra parameter":
        form = form | {"More": "1"}
    if wrong == "other host":
        evil = RequestValidator(FAKE_AUTH_TOKEN).compute_signature(f"https://evil.example{path}", form)
        headers = {"X-Twilio-Signature": evil, "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = callbacks.post(path, data=form, headers=headers)
    assert answer.status_code == 403
    assert answer.mimetype == "application/problem+json"
    assert state_of(rt, number) == "accepted"


@pytest.mark.parametrize("token", ["", "1.forged", "999999.x"])
def test_a_receipt_about_nothing_of_ours_is_done_with(
    town: House, rt: Runtime, callbacks: FlaskClient, token: str
) -> None:
    answer = signed(callbacks, f"/webhooks/twilio/status?d={token}", {"MessageSid": "SMx", "MessageStatus": "sent"})
    assert answer.status_code == 204


def test_an_exercise_account_cannot_speak_about_a_live_text(
    environment: dict[str, str], town: House, rt: Runtime
) -> None:
    number, token, sid = a_text(town, rt)
    theirs = {
        "BROADCASTER_EXERCISE_TWILIO_ACCOUNT_SID": "AC" + "e" * 32,
        "BROADCASTER_EXERCISE_TWILIO_AUTH_TOKEN": "e" * 32,
        "BROADCASTER_EXERCISE_TWILIO_FROM": "+61491570110",
    }
    both = build(load(environment | theirs))
    client = create_app(both, only="webhooks").test_client()
    form = {"MessageSid": sid, "MessageStatus": "delivered"}
    assert signed(client, f"/webhooks/twilio/status?d={token}", form, secret="e" * 32).status_code == 204
    assert state_of(rt, number) == "accepted"
    both.close()
    both.db.engine.dispose()


def test_the_callbacks_process_serves_nothing_else(callbacks: FlaskClient) -> None:
    for path in ("/", "/login", "/alerts/new", "/status/", "/api/v1/openapi.json"):
        answer = callbacks.get(path)
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"
    assert callbacks.get("/healthz").status_code == 200
    assert callbacks.get("/readyz").status_code in (200, 503)


RESIDENT = "+61400000007"


def write(client: FlaskClient, body: str, sid: str = "SMin1", to: str = FAKE_SENDER) -> TestResponse:
    return signed(client, "/webhooks/twilio/inbound", {"MessageSid": sid, "From": RESIDENT, "To": to, "Body": body})


def test_a_text_is_kept_answered_and_listed(town: House, callbacks: FlaskClient) -> None:
    answer = write(callbacks, "Water is at the door & <rising>, we are trapped")
    assert answer.mimetype == "application/xml"
    assert re.search(r"<Response><Message>This number is not monitored .* call 000.*</Message></Response>", answer.text)
    page = town.of("cy").get("/inbox").text
    assert "Water is at the door &amp; &lt;rising&gt;" in page
    assert "Danger to life" in page
    assert "••••••007" in page
    assert RESIDENT not in page
    assert RESIDENT in town.of("ben").get("/inbox").text


def test_the_same_text_again_is_one_text(town: House, rt: Runtime, callbacks: FlaskClient) -> None:
    for _ in range(3):
        write(callbacks, "hello")
    with rt.db.read() as connection:
        assert len(inbound.waiting(connection)) == 1


def test_stop_is_obeyed_and_start_undoes_it(town: House, rt: Runtime, callbacks: FlaskClient) -> None:
    write(callbacks, "STOP", "SMin1")
    with rt.db.read() as connection:
        assert stop_store.lanes(connection, RESIDENT)
    write(callbacks, "START", "SMin2")
    with rt.db.read() as connection:
        assert not stop_store.lanes(connection, RESIDENT)


def test_a_forged_stop_is_refused(rt: Runtime, callbacks: FlaskClient) -> None:
    form = {"MessageSid": "SMin1", "From": RESIDENT, "To": FAKE_SENDER, "Body": "STOP"}
    assert callbacks.post("/webhooks/twilio/inbound", data=form).status_code == 403
    with rt.db.read() as connection:
        assert not stop_store.lanes(connection, RESIDENT)


@pytest.fixture
def fallback(environment: dict[str, str], people: dict[str, object]) -> Iterator[Runtime]:
    """A live account of its own, and exercises on the sandbox, whose secret stands in the source."""
    live = environment | {"BROADCASTER_TWILIO_AUTH_TOKEN": "a" * 32, "BROADCASTER_TWILIO_ACCOUNT_SID": "AC" + "a" * 32}
    made = build(load(live))
    (made.settings.var_dir / "sandbox.json").write_text(json.dumps({"twilio": "http://127.0.0.1:9"}))
    yield made
    made.close()
    made.db.engine.dispose()


def test_the_sandboxs_well_known_secret_counts_only_on_this_machine(fallback: Runtime) -> None:
    client = create_app(fallback, only="webhooks").test_client()
    form = {"MessageSid": "SMin1", "From": RESIDENT, "To": FAKE_SENDER, "Body": "help, we are trapped"}
    path = "/webhooks/twilio/inbound"
    assert signed(client, path, form, X_Forwarded_For="198.51.100.7").status_code == 403
    signature = {"X-Twilio-Signature": RequestValidator(FAKE_AUTH_TOKEN).compute_signature(f"{HOST}{path}", form)}
    far = client.post(path, data=form, headers=signature, environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    assert far.status_code == 403
    assert signed(client, path, form).status_code == 200


def test_who_says_stop_in_an_exercise_still_gets_live_texts(fallback: Runtime) -> None:
    client = create_app(fallback, only="webhooks").test_client()
    form = {"MessageSid": "SMin1", "From": RESIDENT, "To": FAKE_SENDER, "Body": "STOP"}
    assert signed(client, "/webhooks/twilio/inbound", form).status_code == 200
    with fallback.db.read() as connection:
        assert not stop_store.lanes(connection, RESIDENT)


def comment(text: str, writer: str = "99", name: str = "1234_1") -> bytes:
    value = {"item": "comment", "verb": "add", "comment_id": name, "message": text, "from": {"id": writer, "name": "R"}}
    return json.dumps(
        {"object": "page", "entry": [{"id": "1234", "changes": [{"field": "feed", "value": value}]}]}
    ).encode()


def facebook(client: FlaskClient, body: bytes, secret: str = "app-secret") -> TestResponse:
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return client.post(
        "/webhooks/facebook", data=body, headers={"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    )


def test_a_comment_on_facebook_comes_into_the_inbox(town: House, callbacks: FlaskClient) -> None:
    assert facebook(callbacks, comment("Is Sherwood Rd open?")).status_code == 204
    page = town.of("cy").get("/inbox").text
    assert "Is Sherwood Rd open?" in page
    assert "Facebook" in page


def test_our_own_comments_and_odd_shapes_are_left_out(rt: Runtime, callbacks: FlaskClient) -> None:
    for body in (comment("ours", writer="1234"), b"[]", b'{"entry": [1, {"changes": [null]}]}', b"nonsense"):
        assert facebook(callbacks, body).status_code == 204
    with rt.db.read() as connection:
        assert inbound.waiting(connection) == []


def test_a_comment_that_is_not_signed_is_refused(callbacks: FlaskClient) -> None:
    assert facebook(callbacks, comment("x"), secret="other").status_code == 403
    assert callbacks.post("/webhooks/facebook", data=comment("x")).status_code == 403


def test_facebooks_challenge_needs_the_token_that_we_gave(callbacks: FlaskClient) -> None:
    token = hmac.new(b"app-secret", b"webhook", hashlib.sha256).hexdigest()[:32]
    query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "12345"}
    assert callbacks.get("/webhooks/facebook", query_string=query).text == "12345"
    assert callbacks.get("/webhooks/facebook", query_string=query | {"hub.verify_token": "x"}).status_code == 403


def test_callbacks_take_no_cookie_and_need_no_form_token(house: House) -> None:
    app: Flask = house.app
    answer = app.test_client().post("/webhooks/twilio/status", data={}, base_url=HOST)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers

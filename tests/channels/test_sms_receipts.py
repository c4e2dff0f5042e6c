"""Twilio's callbacks: believed only when signed, read whatever they say, and harmless when repeated, shuffled or late."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels import sms
from channels.base import Parcel, Progress
from channels.sandbox.server import Sandbox
from channels.sms import Sms
from tests.channels.places import TWILIO, only

PHONE = "+15005559001"


class Received:
    """Callbacks as they came in: (path with query, form, signature)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], str]] = []


@contextmanager
def receiver() -> Iterator[tuple[str, Received]]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body, keep_blank_values=True))
            received.calls.append((self.path, form, self.headers.get("X-Twilio-Signature", "")))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def test_real_callbacks_are_believed_read_and_carry_our_own_id(sandbox: Sandbox) -> None:
    twilio = Sms(replace(TWILIO, api_url=sandbox.twilio_url))
    with receiver() as (base, received):
        outcome = only(
            twilio.send([Parcel("d1", PHONE, "Leave now.", callback_url=f"{base}/webhooks/twilio/status?d=own-id")])
        )
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not any(f["MessageStatus"] == "delivered" for _, f, _ in received.calls):
            time.sleep(0.02)
        calls = list(received.calls)
    receipts = []
    for path, form, signature in calls:
        assert twilio.verify_receipt(base + path, form, signature)
        receipts.append(twilio.parse_receipt(dict(parse_qsl(urlsplit(path).query)) | form))
    assert {receipt.parcel_id for receipt in receipts} == {"own-id"}
    assert {receipt.provider_id for receipt in receipts} == {outcome.provider_id}
    assert Progress.DELIVERED in {receipt.progress for receipt in receipts}


URL = "https://alerts.example/webhooks/twilio/status?d=own-id"
FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": PHONE, "Body": ""}


def signed(url: str = URL, form: dict[str, str] = FORM) -> str:
    return str(RequestValidator(TWILIO.auth_token).compute_signature(url, form))


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (URL, FORM, ""),
        (URL, FORM, "x"),
        (URL, FORM, "æ" * 28),
        (URL.replace("own-id", "other-id"), FORM, signed()),
        (URL.replace("alerts.", "evil."), FORM, signed()),
        (URL, FORM | {"MessageStatus": "failed"}, signed()),
        (URL, FORM | {"Extra": "1"}, signed()),
        (URL, {"MessageSid": "SM1", "MessageStatus": "delivered"}, signed()),
        (URL, {}, signed()),
    ],
)
def test_a_callback_that_twilio_did_not_sign_is_not_believed(url: str, form: dict[str, str], signature: str) -> None:
    assert Sms(TWILIO).verify_receipt(URL, FORM, signed())
    assert not Sms(TWILIO).verify_receipt(url, form, signature)


def test_another_accounts_signature_is_not_believed() -> None:
    assert not Sms(replace(TWILIO, auth_token="other")).verify_receipt(URL, FORM, signed())


@pytest.mark.parametrize(
    ("status", "progress"),
    [
        ("queued", Progress.ACCEPTED),
        ("sending", Progress.ACCEPTED),
        ("sent", Progress.SENT),
        ("delivered", Progress.DELIVERED),
        ("read", Progress.DELIVERED),
        ("undelivered", Progress.FAILED),
        ("failed", Progress.FAILED),
        ("canceled", Progress.FAILED),
        ("teleported", Progress.ACCEPTED),
    ],
)
def test_every_status_has_its_place(status: str, progress: Progress) -> None:
    assert Sms(TWILIO).parse_receipt({"MessageSid": "SM1", "MessageStatus": status}).progress is progress


@pytest.mark.parametrize(("code", "transient"), [("30003", True), ("30008", True), ("30005", False), ("30007", False)])
def test_a_failure_says_why_and_whether_once_more_helps(code: str, transient: bool) -> None:
    receipt = Sms(TWILIO).parse_receipt({"SmsSid": "SM1", "SmsStatus": "undelivered", "ErrorCode": code, "d": "x"})
    assert (receipt.code, receipt.transient, receipt.parcel_id) == (code, transient, "x")
    assert receipt.reason


@pytest.mark.parametrize(("form", "named"), [({}, "MessageSid"), ({"MessageSid": "SM1"}, "MessageStatus")])
def test_a_callback_that_misses_a_field_is_refused_by_name(form: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Sms(TWILIO).parse_receipt(form)


@settings(deadline=None)
@given(st.permutations(list(itertools.chain(sms.STATUSES, sms.STATUSES, sms.STATUSES))))
def test_receipts_repeated_and_shuffled_end_in_the_same_state(statuses: list[str]) -> None:
    reader, best = Sms(TWILIO), Progress.ACCEPTED
    for status in statuses:
        receipt = reader.parse_receipt({"MessageSid": "SM1", "MessageStatus": status})
        best = receipt.progress if receipt.progress.rank > best.rank else best
    assert best is Progress.DELIVERED

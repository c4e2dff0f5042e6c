"""Texts through Sinch: the SDK's own request, sent once and found by our own reference, and what Sinch says about it."""

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.base import ChannelError, Misconfigured, Parcel, Progress, Receipt, Refused, Unavailable
from channels.sandbox.faults import FaultBook
from channels.sandbox.server import Sandbox
from channels.sandbox.sinch_callbacks import SinchDesk
from channels.sandbox.sinch_rules import FAKE_API_TOKEN, FAKE_SERVICE_PLAN_ID
from channels.sandbox.webhooks import Webhooks
from channels.senders import parse_senders
from channels.sinch import Sinch
from channels.sinch_codes import CODES
from tests.channels.places import SINCH, only
from tests.channels.recorder import Request, recording
from tests.channels.test_bulk import as_libcurl_can, said

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PHONE = "+15005559001"


@contextlib.contextmanager
def texts(url: str, **options: Any) -> Iterator[Sinch]:
    channel = Sinch(replace(SINCH, api_url=url, **options))
    yield channel
    channel.close()


async def accept(request: Request, back: Any) -> None:
    """Take the text."""
    body = b'{"id": "01FC66621XXXXX119Z8PMV1QPQ", "type": "mt_text"}'
    back.write(
        b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )


# -- the request -----------------------------------------------------------------------------------------------------

PARCELS = [
    Parcel("12.abc-_", "+4791234567", "Leave now."),
    Parcel("12.abc", "+4791234567", "Leave now.", callback_url="https://a.no/s?d=12.abc"),
    Parcel("12.abc", "+4791234567", "Leave now.", callback_url="https://a.no/s?d=1", valid_for=999_999),
    Parcel("12.abc", "+4791234567", "Leave now.", valid_for=60),
    Parcel(
        "æ", "+4791234567", 'Høyt "vann" \\ & ✓ 😀 @to@ @id@ {text}\n\tGå!', callback_url="https://a.no/s?d=æ&x=@text@"
    ),
    Parcel("12.abc", "", "Leave now. " * 145),
]


@pytest.mark.parametrize("sender", ["+15005550006", "Elvdal", "80808"])
def test_the_request_is_byte_for_byte_the_sdks(sender: str) -> None:
    with recording(accept) as provider, texts(provider.url, senders=parse_senders(sender), now=lambda: NOON) as channel:
        for parcel in PARCELS:
            assert only(channel.send([parcel])).provider_id == "01FC66621XXXXX119Z8PMV1QPQ"
            assert only(channel.send(iter([parcel]))).provider_id == "01FC66621XXXXX119Z8PMV1QPQ"
    for by_sdk, in_the_window in zip(provider.requests[::2], provider.requests[1::2], strict=True):
        assert in_the_window.connection != by_sdk.connection
        assert in_the_window.body == by_sdk.body
        assert in_the_window.head == as_libcurl_can(by_sdk.head)
    asked = [json.loads(request.body) for request in provider.requests[::2]]
    assert [each["client_reference"] for each in asked] == [parcel.id for parcel in PARCELS]
    assert [each["body"] for each in asked] == [parcel.text for parcel in PARCELS]
    assert [each["to"] for each in asked] == [[parcel.to] for parcel in PARCELS]
    reports = [each["delivery_report"] for each in asked]
    assert reports == ["per_recipient_final" if parcel.callback_url else "none" for parcel in PARCELS]
    ends = [each.get("expire_at") for each in asked]
    assert ends == [None, None, "2026-11-26T12:00:00Z", "2026-11-23T12:01:00Z", None, None]


WHOLE_SDK = """
import sys
from sinch import SinchClient
client = SinchClient(service_plan_id="p1", sms_api_token="secret", sms_region="eu")
client.configuration.transport.http_session.mount("https://", __import__("channels.wire").wire._Adapter(
    __import__("channels.wire").wire.Wire(base_url=sys.argv[1]), "https://eu.sms.api.sinch.com"))
client.sms.batches.send_sms(to=["+4791234567"], from_="Elvdal", body="Leave now.", delivery_report="none", client_reference="d1")
"""


def test_the_sdks_part_for_texts_asks_what_the_whole_sdk_asks() -> None:
    """The whole SDK, which takes a second to load, in a process of its own."""
    options: dict[str, Any] = {"service_plan_id": "p1", "api_token": "secret", "region": "eu"}
    with recording(accept) as provider:
        subprocess.run([sys.executable, "-c", WHOLE_SDK, provider.url], check=True, timeout=60)
        with texts(provider.url, senders=parse_senders("Elvdal"), **options) as channel:
            only(channel.send([Parcel("d1", "+4791234567", "Leave now.")]))
    whole, ours = provider.requests
    assert (ours.head, ours.body) == (whole.head, whole.body)
    assert re.match(rb"POST /xms/v1/p1/batches HTTP/1.1\r\n", ours.head)
    assert b"Authorization: Bearer secret\r\n" in ours.head


def test_a_rate_limit_is_told_at_once_and_never_answered_by_sending_again(sandbox: Sandbox) -> None:
    sandbox.control("sinch").fault("POST", "429", count=None, delay_s=3)
    with texts(sandbox.sinch_url) as channel:
        error = only(channel.send([Parcel("d1", PHONE, "Leave now.")])).error
    assert isinstance(error, Unavailable)
    assert (error.slow_down, error.retry_after) == (True, 3.0)
    assert sandbox.control("sinch").stats()["requests"] == 1


# -- what Sinch says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "status", "kind"),
    [
        *((code, "", 400, kind) for code, (kind, _) in CODES.items()),
        ("syntax_constraint_violation", "body: must have 1 to 2000 characters", 400, Refused),
        ("syntax_invalid_parameter_format", "from: is not a sender of this service plan", 400, Misconfigured),
        ("syntax_constraint_violation", "callback_url: must be a valid URL", 400, Misconfigured),
        ("new_code", "something new", 400, Refused),
        ("new_code", "something new", 403, Misconfigured),
        ("", "", 404, Misconfigured),
    ],
)
def test_every_code_means_the_same_singly_and_in_bulk(
    code: str, text: str, status: int, kind: type[ChannelError]
) -> None:
    body = json.dumps({"code": code, "text": text}).encode()

    async def refuse(request: Request, back: Any) -> None:
        head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        back.write(head.encode() + body)

    parcel = Parcel("d1", PHONE, "Leave now.")
    with recording(refuse) as provider, texts(provider.url) as channel:
        single, bulk = only(channel.send([parcel])), only(channel.send(iter([parcel])))
    assert type(single.error) is kind
    assert said(single) == said(bulk)


def test_a_refusal_names_no_phone(sandbox: Sandbox) -> None:
    with texts(sandbox.sinch_url) as channel:
        error = only(channel.send([Parcel("d1", "+15005550001", "Leave now.")])).error
    assert isinstance(error, Refused)
    assert "MSISDN" in error.reason
    assert "5005550001" not in error.reason


@pytest.mark.parametrize(
    ("phone", "code", "transient"),
    [
        ("+15005550004", "61", False),
        ("+15005553002", "402", False),
        ("+15005553004", "404", True),
        ("+15005553111", "11", False),
        ("+61733333333", "5", False),
    ],
)
def test_a_text_that_failed_is_found_with_its_reason(sandbox: Sandbox, phone: str, code: str, transient: bool) -> None:
    with texts(sandbox.sinch_url) as channel:
        parcel = Parcel(f"d{phone}", phone, "Leave now.")
        taken = only(channel.send([parcel])).provider_id
        end = datetime.now(UTC) + timedelta(seconds=5)
        while (found := channel.find(parcel, NOON)) is None or found.progress is not Progress.FAILED:
            assert datetime.now(UTC) < end
    assert (found.provider_id, found.code, found.transient) == (taken, code, transient)
    assert found.reason


def test_of_two_tries_the_newest_is_found_and_none_from_long_before(sandbox: Sandbox) -> None:
    with texts(sandbox.sinch_url) as channel:
        parcel, other = Parcel("d1", PHONE, "Leave now."), Parcel("d2", PHONE, "Leave now.")
        ids = [only(channel.send([each])).provider_id for each in (parcel, parcel, other)]
        now = datetime.now(UTC)
        assert [getattr(channel.find(each, now), "provider_id", "") for each in (parcel, other)] == ids[1:]
        assert channel.find(parcel, now + timedelta(minutes=6)) is None


@pytest.mark.parametrize("status", [404, 408, 409, 429, 500])
def test_a_list_that_is_not_there_is_never_a_no(status: int) -> None:
    """Another address behind the same name answers 404 to everything; the text may be out all the same."""

    async def lost(request: Request, back: Any) -> None:
        head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
        back.write(head.encode() + b"{}")

    with recording(lost) as provider, texts(provider.url) as channel, pytest.raises((Misconfigured, Unavailable)):
        channel.find(Parcel("d1", PHONE, "Leave now."), NOON)


@pytest.mark.parametrize(
    "body",
    [
        b'{"count": 1, "page": 0, "page_size": 1, "batches": [{"id": "01FC", "type": "mt_hologram"}]}',
        b'{"count": 1, "page": 0, "page_size": 1}',
        *(b"{}", b"[]", b"null", b'{"batches": "none"}'),
    ],
)
def test_a_list_that_the_sdk_cannot_read_is_never_a_no(body: bytes) -> None:
    """Answers of 200 in a shape of tomorrow, or of somebody else on the way."""

    async def strange(request: Request, back: Any) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        back.write(head + body)

    with recording(strange) as provider, texts(provider.url) as channel, pytest.raises(Unavailable):
        channel.find(Parcel("d1", PHONE, "Leave now."), NOON)


def test_a_text_is_found_by_its_name_for_good_when_its_id_is_another_one(sandbox: Sandbox) -> None:
    with texts(sandbox.sinch_url) as channel:
        for name in ("singly", "in bulk"):
            parcel = Parcel("1.before", PHONE, "Leave now.", reference=name)
            taken = only(channel.send([parcel] if name == "singly" else iter([parcel]))).provider_id
            found = channel.find(replace(parcel, id="1.after"), datetime.now(UTC))
            assert found is not None
            assert found.provider_id == taken
            assert channel.find(replace(parcel, reference="of another"), datetime.now(UTC)) is None


def test_the_list_tells_what_became_of_many_page_by_page(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.sinch.REPORTS", 2)
    phones = [PHONE, "+15005553002", "+15005559002", "+15005559003", "+15005559004"]
    with texts(sandbox.sinch_url) as channel:
        before = datetime.now(UTC)
        sent = [only(channel.send([Parcel(f"d{phone}", phone, "Leave now.")])).provider_id for phone in phones]
        end = before + timedelta(seconds=5)
        pages: list[tuple[Receipt, ...]] = []
        while [each.provider_id for page in pages for each in page] != sent[::-1]:
            assert datetime.now(UTC) < end
            pages, cursor = [], ""
            while cursor or not pages:
                listed = channel.listing(before, cursor)
                pages.append(listed.receipts)
                cursor = listed.cursor
        assert [each.progress for page in pages for each in page].count(Progress.DELIVERED) == 4
        assert [len(page) for page in pages][:3] == [2, 2, 1]
        assert channel.listing(before + timedelta(hours=1)).receipts == ()
        for fault, kind in (("500", Unavailable), ("not_json", Unavailable), ("401", Misconfigured)):
            sandbox.control("sinch").fault("GET /", fault)
            with pytest.raises(kind):
                channel.listing(before)


def test_settings_that_cannot_work_are_told_before_anything_is_sent() -> None:
    for wrong in ({"senders": ()}, {"api_token": ""}, {"region": "mars"}, {"senders": parse_senders("MG" + "0" * 32)}):
        with pytest.raises(Misconfigured):
            Sinch(replace(SINCH, **wrong))


# -- receipts --------------------------------------------------------------------------------------------------------

REPORT = {
    "type": "recipient_delivery_report_sms",
    "batch_id": "01FC66621VHDBN119Z8PMV1QPQ",
    "recipient": "15005559001",
    "code": 0,
    "status": "Delivered",
    "at": "2026-11-23T12:00:00.123Z",
    "client_reference": "7.abc",
}


@pytest.fixture
def channel() -> Iterator[Sinch]:
    with texts("http://127.0.0.1:9") as channel:
        yield channel


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, Receipt("01FC66621VHDBN119Z8PMV1QPQ", Progress.DELIVERED, "7.abc")),
        ({"status": "DISPATCHED", "code": 401}, Receipt("01FC66621VHDBN119Z8PMV1QPQ", Progress.SENT, "7.abc")),
        ({"status": "Unknown", "code": 13}, Receipt("01FC66621VHDBN119Z8PMV1QPQ", Progress.SENT, "7.abc")),
        ({"status": "Dreaming", "code": 499}, Receipt("01FC66621VHDBN119Z8PMV1QPQ", Progress.ACCEPTED, "7.abc")),
    ],
)
def test_a_report_is_read(channel: Sinch, more: dict[str, object], expected: Receipt) -> None:
    assert channel.parse_receipt({"d": "7.abc", "body": json.dumps(REPORT | more)}) == expected


@pytest.mark.parametrize(
    "body",
    [
        *("", "[]", "{", '"x"', "{}", json.dumps({"type": "news"})),
        *(json.dumps({key: value for key, value in REPORT.items() if key != lost}) for lost in ("batch_id", "status")),
        json.dumps(
            {
                "type": "mo_text",
                "id": "1",
                "from": "1",
                "to": "2",
                "body": "STOP",
                "received_at": "2026-11-23T12:00:00Z",
            }
        ),
        json.dumps({"type": "delivery_report_sms", "batch_id": "1", "statuses": [], "total_message_count": 0}),
    ],
)
def test_what_is_no_report_about_this_text_is_a_value_error(channel: Sinch, body: str) -> None:
    with pytest.raises(ValueError, match="callback"):
        channel.parse_receipt({"d": "7.abc", "body": body})


def test_with_a_secret_only_signed_callbacks_are_believed(channel: Sinch, sandbox: Sandbox) -> None:
    desk = SinchDesk(FaultBook(), lambda: 1_800_000_000.0, 1.0, "off", Webhooks(), {"p1": "hush"})
    body, headers = desk.signed(REPORT, "p1")
    form = {
        "d": "7.abc",
        "body": body.decode(),
        "nonce": headers["x-sinch-webhook-signature-nonce"],
        "timestamp": headers["x-sinch-webhook-signature-timestamp"],
    }
    signature = headers["x-sinch-webhook-signature"]
    assert channel.verify_receipt("", form, "")  # no secret: the token in the address is the proof
    assert not channel.verify_receipt("", form | {"d": ""}, "")
    with texts("http://127.0.0.1:9", callback_secret="hush") as strict:
        assert strict.verify_receipt("", form, signature)
        for wrong in ("", "x", "æ", signature[::-1]):
            assert not strict.verify_receipt("", form, wrong)
        assert not strict.verify_receipt("", form | {"body": json.dumps(REPORT | {"status": "Failed"})}, signature)
        assert not strict.verify_receipt("", form | {"nonce": "other"}, signature)


def test_the_account_is_checked_without_sending_anything(sandbox: Sandbox) -> None:
    with texts(sandbox.sinch_url, senders=parse_senders("+15005550006=30,Elvdal")) as channel:
        health = channel.check()
    assert FAKE_SERVICE_PLAN_ID in health.account
    assert FAKE_API_TOKEN not in repr(health)
    assert [sender.partition(":")[0] for sender in health.senders] == ["+15005550006", "Elvdal"]
    assert sandbox.sent("sinch") == []

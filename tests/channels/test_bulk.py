"""Many texts at once: the SDK's own request for each, each sent once and judged as the SDK's would be."""

import asyncio
import re
import socket
import zlib
from collections import Counter
from collections.abc import Iterator

import pytest

from channels.base import Outcome, Parcel, Uncertain
from channels.sandbox.server import Sandbox
from channels.senders import parse_senders
from channels.slot import CODINGS
from channels.twilio_codes import CODES
from tests.channels.many import codes, in_bulk, parcels, texts
from tests.channels.places import only
from tests.channels.recorder import OK, Request, accept, recording

SERVICE = "MG" + "0123456789abcdef" * 2


# -- the request -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parcel",
    [
        Parcel("d1", "+4791234567", "Leave now."),
        Parcel(
            "d1",
            "+4791234567",
            "Høyt vann & ✓ 😀 ~*-._ 100 % {to} %7Bto%7D\nGå!",
            callback_url="https://a.no/s?d=æ&x={y}",
        ),
        Parcel("d1", "+4791234567", "Leave now.", callback_url="https://a.no/s?d=1", valid_for=90_000),
        Parcel("d1", "+4791234567", "Leave now.", valid_for=60),
        Parcel("d1", "", ""),
        Parcel("d1", "+4791234567", "Leave now. " * 145),
    ],
)
@pytest.mark.parametrize("sender", ["+15005550006", "Elvdal", SERVICE, "80808"])
def test_the_request_is_byte_for_byte_the_sdks(parcel: Parcel, sender: str) -> None:
    with recording() as provider, texts(provider.url, senders=parse_senders(sender)) as channel:
        assert only(channel.send([parcel])).error is None
        assert only(channel.send(iter([parcel]))).error is None
    by_sdk, in_the_window = provider.requests
    assert in_the_window.connection != by_sdk.connection
    assert in_the_window.body == by_sdk.body
    assert in_the_window.head == as_libcurl_can(by_sdk.head)


def as_libcurl_can(head: bytes) -> bytes:
    """The SDK's head with the two things that libcurl does its own way: it writes Connection last (seen with 8.23), and offers
    no content coding that it was built without (zstd, which the SDK offers on Python 3.14).
    """
    line = re.search(rb"Accept-Encoding: (.*)\r\n", head)
    assert line
    offered = [coding for coding in line[1].decode().split(", ") if coding in CODINGS]
    head = head.replace(line[0], f"Accept-Encoding: {', '.join(offered)}\r\n".encode())
    last = b"Connection: keep-alive\r\n"
    assert last in head
    return head.replace(last, b"").removesuffix(b"\r\n") + last + b"\r\n"


def test_what_one_text_says_never_leaks_into_the_next() -> None:
    many = [
        Parcel("a", "+4791000001", "First", callback_url="https://a.no/1", valid_for=5),
        Parcel("b", "+4791000002", "Second {to}", callback_url="https://a.no/2"),
        Parcel("c", "+4791000003", "Third"),
        Parcel("d", "+4791000004", "First", callback_url="https://a.no/4", valid_for=6),
    ]
    with recording() as provider, texts(provider.url, window=1) as channel:
        in_bulk(channel, *many)
    sent = [
        (r.field("To"), r.field("Body"), r.field("StatusCallback"), r.field("ValidityPeriod"))
        for r in provider.requests
    ]
    assert sent == [(p.to, p.text, p.callback_url, str(p.valid_for or "")) for p in many]


# -- what the provider says ------------------------------------------------------------------------------------------


def said(outcome: Outcome) -> tuple[object, ...]:
    error = outcome.error
    return type(error), outcome.provider_id != "", *(vars(error).items() if error else ())


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429])
def test_every_code_means_the_same_as_through_the_sdk(sandbox: Sandbox, status: int) -> None:
    twilio = sandbox.control("twilio")
    with texts(sandbox.twilio_url) as channel:
        for code in (*CODES, 29_999, 0):
            twilio.faults([{"match": "POST", "fault": "error", "count": 2, "status": status, "code": code}])
            (parcel,) = parcels(1)
            single, bulk = only(channel.send([parcel])), only(channel.send(iter([parcel])))
            assert single.error is not None
            assert said(single) == said(bulk)


def answers(status: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {length}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


JSON = "Content-Type: application/json"
STRANGE = {
    "not JSON": (answers("201 Created", b"<html>Log in</html>", "Content-Type: text/html"), "not_json"),
    "JSON that says it is not": (answers("201 Created", b"{}", "Content-Type: text/html"), "not_json"),
    "empty": (answers("201 Created", b"", JSON), "not_json"),
    "no sid": (answers("201 Created", b"{}", JSON), "no_sid"),
    "a list": (answers("201 Created", b"[]", JSON), None),
    "no content": (answers("204 No Content", b""), "no_sid"),
    "deeper than any parser": (answers("201 Created", b"[" * 200_000, JSON), "not_json"),
    "moved": (answers("301 Moved", b"", "Location: http://127.0.0.1:9/"), "301"),
    "moved and to be repeated": (answers("307 Again", b"", "Location: /"), "307"),
    "5xx": (answers("503 Later", b"{}", JSON, "Retry-After: 9"), "503"),
    "shorter than it says": (answers("201 Created", b'{"sid": "SM1"}', JSON, length=99), "dropped"),
    "no status line": (b"SMTP ready\r\n", "dropped"),
    "a garbage status line": (b"HTTP/1.1 what\r\n\r\n", "dropped"),
    "nothing at all": (b"", "dropped"),
    "a coding that is not its own": (answers("201 Created", b"{}", JSON, "Content-Encoding: gzip"), "dropped"),
    "a header without end": (b"HTTP/1.1 201 Created\r\nX: " + b"x" * 400_000, "dropped"),
    "a problem by RFC 9457": (
        answers("400 Bad", b'{"type": "t", "title": "No", "status": 400, "code": 21610}', JSON),
        "21610",
    ),
    "an error that is no JSON": (answers("400 Bad", b"<html>"), "400"),
}


@pytest.mark.parametrize(("answer", "code"), STRANGE.values(), ids=STRANGE)
def test_a_strange_answer_has_the_reason_that_the_sdks_way_gives_and_the_batch_goes_on(
    answer: bytes, code: str | None
) -> None:
    *good, odd = parcels(6)

    async def serve(request: Request, back: asyncio.StreamWriter) -> None:
        back.write(answer if request.field("To") == odd.to else OK)
        if request.field("To") == odd.to:
            back.close()

    with recording(serve) as provider, texts(provider.url, timeout=2) as channel:
        outcomes = {outcome.parcel: outcome for outcome in in_bulk(channel, *good[:2], odd, *good[2:])}
        single = only(channel.send([odd]))
    assert all(outcomes[parcel].error is None for parcel in good)
    error = outcomes[odd].error
    assert error is not None
    assert error.reason
    assert type(error) is type(single.error)
    if code is not None and single.error is not None:
        assert error.code == single.error.code == code
    assert (error.__traceback__, error.__context__, error.__cause__) == (None, None, None)
    # Once through the window, once through the SDK.
    assert Counter(request.field("To") for request in provider.requests) == {p.to: 1 for p in good} | {odd.to: 2}


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_without_end_is_cut_while_it_comes(packed: bool) -> None:
    """1 GB as it is, or 1 GB packed into 1 MB: neither is read to its end."""
    written = 0

    async def serve(request: Request, back: asyncio.StreamWriter) -> None:
        nonlocal written
        if request.field("To") != odd.to:
            await accept(request, back)
            return
        coding = b"Content-Encoding: gzip\r\n" if packed else b""
        back.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n" + coding + b"Connection: close\r\n\r\n"
        )
        blocks = _gzipped_zeros() if packed else (b" " * 1_000_000 for _ in range(1000))
        for block in blocks:
            back.write(block)
            await back.drain()
            written += len(block)
        back.close()

    *good, odd = parcels(4)
    with recording(serve) as provider, texts(provider.url) as channel:
        found = codes(in_bulk(channel, odd, *good))
    assert found.pop(odd.to) == "too_large"
    assert set(found.values()) == {""}
    assert written < 30_000_000


def _gzipped_zeros() -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(1000):
        if block := packer.compress(bytes(1_000_000)):
            yield block


def test_an_answer_of_one_byte_at_a_time_is_cut_at_the_time_limit_and_holds_up_nobody() -> None:
    async def serve(request: Request, back: asyncio.StreamWriter) -> None:
        if request.field("To") != odd.to:
            await accept(request, back)
            return
        for index in range(len(OK)):
            back.write(OK[index : index + 1])
            await back.drain()
            await asyncio.sleep(0.05)

    *good, odd = parcels(40)
    with recording(serve) as provider, texts(provider.url, timeout=0.8, window=4) as channel:
        outcomes = in_bulk(channel, odd, *good)
    assert codes(outcomes[-1:]) == {odd.to: "read_timeout"}
    assert isinstance(outcomes[-1].error, Uncertain)
    assert sum(outcome.error is None for outcome in outcomes) == 39


# -- never twice -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True])
def test_a_request_whose_connection_ends_without_an_answer_is_never_sent_again(reset: bool) -> None:
    """libcurl by itself repeats such a POST when the connection was used before: the second text in each connection here."""

    async def serve(request: Request, back: asyncio.StreamWriter) -> None:
        if request.place == 1:
            await accept(request, back)
            return
        if reset:
            linger = b"\1\0\0\0\0\0\0\0"
            back.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        back.close()

    with recording(serve) as provider, texts(provider.url, window=8) as channel:
        outcomes = in_bulk(channel, *parcels(100))
    assert Counter(request.field("To") for request in provider.requests) == {p.to: 1 for p in parcels(100)}
    answered = {request.field("To") for request in provider.requests if request.place == 1}
    assert len(answered) < 100  # connections were used again
    for outcome in outcomes:
        assert (outcome.error is None) is (outcome.parcel.to in answered)
        assert outcome.error is None or (type(outcome.error), outcome.error.code) == (Uncertain, "dropped")


def test_a_connection_that_the_provider_is_about_to_close_is_not_used_again() -> None:
    async def serve(request: Request, back: asyncio.StreamWriter) -> None:
        back.write(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        back.close()

    with recording(serve) as provider, texts(provider.url, window=2) as channel:
        assert {outcome.error for outcome in in_bulk(channel, *parcels(20))} == {None}
    assert provider.opened == len(provider.requests) == 20


def test_a_thousand_texts_are_accepted_exactly_once(sandbox: Sandbox) -> None:
    many = parcels(1000)
    with texts(sandbox.twilio_url) as channel:
        outcomes = in_bulk(channel, *many)
    assert {outcome.error for outcome in outcomes} == {None}
    rows = sandbox.sent("twilio")
    assert Counter(row["to"] for row in rows) == {parcel.to: 1 for parcel in many}
    ids = {row["id"]: row["to"] for row in rows}
    assert all(ids[outcome.provider_id] == outcome.parcel.to for outcome in outcomes)

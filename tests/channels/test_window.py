"""The window over TLS and HTTP/2: who is believed, that one connection carries many, and that nothing goes out twice."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from h2.errors import ErrorCodes
from hypothesis import given
from hypothesis import strategies as st

from channels.base import ChannelError, Unavailable, Uncertain
from channels.letter import Answer, Form, Letter, read_headers
from channels.window import Window
from tests.channels.recorder import Request, accept, recording
from tests.channels.test_wire import server
from tests.channels.tls import Talk, certificate, http2, take

HEADERS = [
    "User-Agent: ours",
    "Accept-Encoding: gzip",
    "Accept: application/json",
    "Connection: keep-alive",
    "Content-Type: text/plain",
    "Content-Length: 4",
    "X-Own: a B",
]


@contextlib.contextmanager
def window(authorities: str = "", width: int = 256, timeout: float = 5.0) -> Iterator[Window[int]]:
    made = Window[int](width, timeout, authorities)
    yield made
    made.close()
    made.close()


def send(over: Window[int], url: str, count: int) -> list[Answer | ChannelError]:
    """Letters with the bodies 0000, 0001 …; the results in their order."""
    results = dict(over.exchange(range(count), lambda n: Letter(f"{url}/a", HEADERS, b"%04d" % n)))
    return [results[number] for number in range(count)]


def kinds(results: list[Answer | ChannelError]) -> set[object]:
    return {result.code if isinstance(result, ChannelError) else result.status for result in results}


def test_a_certificate_is_believed_only_from_a_trusted_authority(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    with recording(tls=context) as provider:
        with window(authority) as trusting:
            assert kinds(send(trusting, provider.url, 3)) == {201}
        with window() as other:
            results = send(other, provider.url, 3)
    assert all(isinstance(result, Unavailable) for result in results)
    assert kinds(results) == {"tls"}
    assert len(provider.requests) == 3


def test_a_certificate_of_another_address_is_not_believed(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path, "127.0.0.9")
    with recording(tls=context) as provider, window(authority) as trusting:
        assert kinds(send(trusting, provider.url, 1)) == {"tls"}
    assert provider.requests == []


def test_something_that_does_not_speak_tls_gets_no_request() -> None:
    heard: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.example ready\r\n")
        heard.append(connection.recv(65_536))

    with server(serve) as url, window() as over:
        assert kinds(send(over, url.replace("http:", "https:"), 1)) == {"tls"}
    assert b"0000" not in b"".join(heard)


def test_one_http2_connection_carries_many(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    with http2(context) as provider, window(authority) as over:
        assert kinds(send(over, provider.url, 300)) == {201}
    assert sorted(provider.bodies) == [b"%04d" % n for n in range(300)]
    assert provider.most_streams > 50
    assert provider.connections <= 4
    head = [(name, value) for name, value in provider.heads[0] if not name.startswith(":")]
    wanted = [tuple(line.lower().split(": ")) for line in HEADERS if not line.startswith("Connection")]
    assert [(name, value.lower()) for name, value in head] == wanted


def dropping(talk: Talk, stream: int, before: int) -> None:
    """Each tenth text ends its connection, with all that is open on it, after it was taken."""
    if before % 10 == 9:
        talk.transport.abort()
    else:
        talk.answer(stream)


def refusing(talk: Talk, stream: int, before: int) -> None:
    """Each tenth is refused after it came in whole. libcurl may send such a one again; here it cannot."""
    if before % 10 == 9:
        talk.http.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
    else:
        take(talk, stream, before)


def leaving(talk: Talk, stream: int, before: int) -> None:
    """Says goodbye after each tenth, as if it had seen nothing of what came after the first."""
    if before % 10 == 9:
        talk.http.close_connection(ErrorCodes.NO_ERROR, last_stream_id=1)
        talk.flush()
        talk.transport.close()
    else:
        talk.answer(stream)


@pytest.mark.parametrize("serve", [dropping, refusing, leaving])
def test_nothing_goes_out_twice_over_http2(tmp_path: Path, serve: Callable[[Talk, int, int], None]) -> None:
    context, authority = certificate(tmp_path)
    with http2(context, serve) as provider, window(authority, width=20) as over:
        results = send(over, provider.url, 100)
    assert max(Counter(provider.bodies).values()) == 1
    for number, result in enumerate(results):
        if b"%04d" % number in provider.bodies:
            assert isinstance(result, Answer | Uncertain)
    assert any(isinstance(result, Uncertain) for result in results)


# -- forms and headers -----------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(alphabet="+=?/aZ09 _.-~æ{}%"))
def test_a_form_is_filled_as_any_encoder_would(one: str, other: str) -> None:
    sample = Letter(
        "http://x/", ["Content-Length: 0"], urlencode({"To": "{to}", "Body": "{text}", "By": "a b"}).encode()
    )
    letter = Form(sample, ()).fill({"to": other, "text": one, "unused": "x"})
    assert letter.body.decode() == urlencode({"To": other, "Body": one, "By": "a b"})
    assert letter.headers == [f"Content-Length: {len(letter.body)}"]
    assert dict(parse_qsl(letter.body.decode(), keep_blank_values=True))["Body"] == one


def test_only_codings_that_can_be_read_are_offered() -> None:
    sample = Letter("http://x/", ["Accept-Encoding: gzip, deflate;q=0.5, zstd", "Content-Length: 0"], b"")
    assert Form(sample, {"gzip", "deflate"}).fill({}).headers[0] == "Accept-Encoding: gzip, deflate;q=0.5"
    assert Form(sample, ()).fill({}).headers[0] == "Accept-Encoding: identity"


def test_of_several_heads_the_last_counts() -> None:
    lines = [
        b"HTTP/1.1 103 Early\r\n",
        b"Retry-After: 9\r\n",
        b"\r\n",
        b"HTTP/1.1 429 No\r\n",
        b"DATE:  x \r\n",
        b"\r\n",
    ]
    assert read_headers(lines) == {"date": "x"}


def test_no_letter_or_answer_shows_what_is_in_it() -> None:
    shown = repr(Letter("http://x/", ["Authorization: Basic s3cret"], b"To=%2B4791")) + repr(Answer(200, {}, b"+4791"))
    assert "s3cret" not in shown
    assert "4791" not in shown


@pytest.mark.parametrize("secure", [False, True])
def test_a_first_request_that_hangs_holds_up_no_other(tmp_path: Path, secure: bool) -> None:
    """libcurl's PIPEWAIT would let all others wait for its answer, because its connection might have carried them."""
    hung: list[bytes] = []

    async def serve(request: Request, back: asyncio.StreamWriter) -> None:
        if not hung:
            hung.append(request.body)
            await asyncio.sleep(5)
        await accept(request, back)

    context, authority = certificate(tmp_path)
    with recording(serve, tls=context if secure else None) as provider, window(authority, timeout=1.5) as over:
        results = send(over, provider.url, 80)
    assert isinstance(results[int(hung[0])], Uncertain)
    assert kinds([each for number, each in enumerate(results) if number != int(hung[0])]) == {201}

"""The way to a provider and back: time limits, sizes, strange answers, and what may be said about them."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate

import pytest
import requests

from channels import verdict, wire
from channels.base import ChannelError, Misconfigured, Refused, Unavailable, Uncertain
from channels.wire import Wire
from tests.channels.recorder import nobody_accepts

ORIGIN = "https://api.provider.example"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

Serve = Callable[[socket.socket], None]


@contextmanager
def server(serve: Serve) -> Iterator[str]:
    """Answer each connection with `serve`, after reading the head of one request."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def loop() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    try:
                        connection.recv(65_536)
                        serve(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=loop)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def say(answer: bytes) -> Serve:
    return lambda connection: connection.sendall(answer)


def head(status: str, *headers: str, body: bytes = b"{}") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def trickle(at_once: bytes, slowly: bytes) -> Serve:
    """The rest byte by byte, one every 50 ms: each read is quick, the whole never ends."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(at_once)
        for index in range(len(slowly)):
            connection.sendall(slowly[index : index + 1])
            time.sleep(0.05)

    return serve


def failure(url: str, method: str = "POST", timeout: float = 0.4) -> ChannelError:
    way = Wire(ORIGIN, base_url=url, timeout=timeout)
    with pytest.raises(ChannelError) as caught:
        way.session.request(method, f"{ORIGIN}/messages?access_token=s3cret")
    way.close()
    return caught.value


@pytest.mark.parametrize("quick", [0, len(head("200 OK", body=b"")) + 1])
def test_an_answer_that_trickles_is_cut_at_the_deadline(quick: int) -> None:
    answer = head("200 OK", body=b" " * 200)
    slow = trickle(answer[:quick], answer[quick:])
    started = time.monotonic()
    with server(slow) as url:
        error = failure(url)
    assert isinstance(error, Uncertain)
    assert error.code == "read_timeout"
    assert time.monotonic() - started < 3.0


def test_a_slow_answer_within_the_deadline_leaves_the_connection_usable() -> None:
    def serve(connection: socket.socket) -> None:
        for _ in range(2):
            time.sleep(0.2)
            connection.sendall(OK)
            connection.recv(65_536)

    with server(serve) as url:
        way = Wire(ORIGIN, base_url=url, timeout=1.0)
        assert [way.session.get(f"{ORIGIN}/a").json() for _ in range(2)] == [{}, {}]
        way.close()


def test_an_answer_without_end_is_cut_at_the_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST_ANSWER", 100_000)
    with server(say(head("200 OK", body=b" " * 200_000))) as url:
        assert failure(url).code == "too_large"
        assert isinstance(failure(url, "GET"), Unavailable)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (head("301 Moved", "Location: http://127.0.0.1:9/"), Misconfigured, "301"),
        (head("500 Oh"), Uncertain, "500"),
        (head("503 Later", "Retry-After: 9"), Uncertain, "503"),
        (head("200 OK", body=b"<html>Log in to the network</html>"), Uncertain, "not_json"),
        (head("200 OK", body=b""), Uncertain, "not_json"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}", Uncertain, "not_json"),
        (head("200 OK", body=b'{"sid": "SM1"}')[:-4], Uncertain, "dropped"),
        (b"SMTP ready\r\n", Uncertain, "dropped"),
        (b"", Uncertain, "dropped"),
    ],
)
def test_an_answer_that_is_not_the_providers_may_still_have_been_obeyed(
    answer: bytes, kind: type[ChannelError], code: str
) -> None:
    with server(say(answer)) as url:
        error = failure(url)
        assert (type(error), error.code) == (kind, code)
        assert isinstance(failure(url, "GET"), Misconfigured if kind is Misconfigured else Unavailable)


def test_an_answer_of_the_provider_is_the_channels_to_read() -> None:
    with server(say(head("400 Bad", "Retry-After: 3", body=b'{"code": 21211}'))) as url:
        way = Wire(ORIGIN, base_url=url)
        answer = way.session.post(f"{ORIGIN}/messages", data={"To": "x"})
        assert answer.status_code == 400
        assert answer.json() == {"code": 21211}
        assert answer.url == f"{ORIGIN}/messages"  # what was signed, not where it went
        assert way.rate_limited().retry_after == 3.0
        way.close()


def test_a_connection_that_nobody_accepts_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CONNECT_TIMEOUT", 0.3)
    with nobody_accepts() as url:
        error = failure(url, timeout=5)
    assert isinstance(error, Unavailable)
    assert error.code == "connect_timeout"


def test_a_name_that_does_not_resolve_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # a real look-up would ask a server outside
    error = failure("http://provider.invalid")
    assert isinstance(error, Unavailable)
    assert error.code == "no_connection"


def test_a_certificate_that_is_not_accepted_is_not_sent() -> None:
    with server(say(b"not a TLS record at all, sorry")) as url:
        error = failure(url.replace("http://", "https://"), timeout=2)
    assert isinstance(error, Unavailable)
    assert error.code == "tls"


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "http://api.provider.example/", "ftp://x/"])
def test_nothing_but_the_providers_origin_can_be_reached(url: str) -> None:
    with pytest.raises(requests.exceptions.InvalidSchema):
        Wire(ORIGIN).session.get(url)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:80", "nonsense"])
def test_a_base_address_must_be_a_web_address(url: str) -> None:
    with pytest.raises(Misconfigured, match="not a web address"):
        Wire(ORIGIN, base_url=url)


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with server(say(OK)) as url:
        way = Wire(ORIGIN, base_url=url)
        assert way.session.get(f"{ORIGIN}/a").json() == {}
        way.close()


NOW = 1_294_876_800


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "0"}, verdict.SHORTEST_WAIT),
        ({"Retry-After": "999999"}, verdict.LONGEST_WAIT),
        ({"Retry-After": formatdate(NOW + 30, usegmt=True), "Date": formatdate(NOW, usegmt=True)}, 30),
        ({"x-rate-limit-reset": str(NOW + 90), "date": formatdate(NOW, usegmt=True)}, 90),
        ({"x-rate-limit-reset": str(NOW + 90)}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"X-Business-Use-Case-Usage": json.dumps({"1": [{"estimated_time_to_regain_access": 3}]})}, 180),
        ({"X-Business-Use-Case-Usage": json.dumps({"1": [{"estimated_time_to_regain_access": 0}]})}, 11),
        ({}, 11),
    ],
)
def test_the_wait_is_what_the_provider_asks_for_on_its_own_clock(headers: dict[str, str], seconds: float) -> None:
    way = Wire(ORIGIN)
    way.headers = headers
    error = way.rate_limited(otherwise=11)
    assert error.slow_down
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (422, Refused),
        (401, Misconfigured),
        (402, Misconfigured),
        (403, Misconfigured),
        (404, Misconfigured),
        (408, Uncertain),
        (409, Uncertain),
        (429, Unavailable),
        (500, Uncertain),
    ],
)
def test_a_code_that_no_table_names_follows_its_http_class(status: int, kind: type[ChannelError]) -> None:
    error = Wire(ORIGIN).by_status(status, "no")
    assert type(error) is kind
    assert error.code == str(status)


def test_what_is_said_about_an_error_is_one_line_without_secrets_or_phones() -> None:
    way = Wire(ORIGIN, secrets=("t0p secret/+", "t0p", ""))
    said = way.scrub(
        "GET /x?access_token=EAAB1&y=1 failed\n for +61400000000 with t0p secret/+ and t0p%20secret%2F%2B " + "z" * 300
    )
    assert said.startswith("GET /x?access_token=***&y=1 failed for +*** with *** and *** zzz")
    assert len(said) == 200

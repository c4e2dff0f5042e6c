"""The way out to addresses that people typed in."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broadcaster.domain.errors import Invalid
from broadcaster.store.outbound import Limits, Outbound, Unreachable, public
from tests.geo.conftest import Server, answer

LOOPBACK = Outbound(frozenset(("127.0.0.1",)), user_agent="Brisbane City Council")


def test_an_allowed_host_is_asked_as_who_we_are(server: Server) -> None:
    found = LOOPBACK.request("GET", f"{server.url}/search?q=a", headers={"Accept": "text/plain"})
    assert (found.status, found.body) == (200, b"hello")
    ((path, headers),) = server.seen
    assert path == "/search?q=a"
    assert headers["user-agent"] == "Brisbane City Council"
    assert headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "169.254.169.254", "[::1]", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0"),
        *(
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "localhost",
            "[::ffff:127.0.0.1]",
            "[fe80::1]",
            "[fc00::1]",
        ),
        *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255"),
    ],
)
def test_private_and_reserved_addresses_are_refused_however_they_are_written(host: str) -> None:
    with pytest.raises(Invalid, match="private or reserved"):
        Outbound().request("GET", f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://example.org/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "https://",
            "//example.org",
            "example.org",
        ),
        *("https://user:secret@example.org/", "https://exa mple.org/", "https://example.org\\@127.0.0.1/"),
        *("https://example.org/\r\nX: y", "https://example.org:99999/", "https://[::1/", "javascript:alert(1)", ""),
    ],
)
def test_what_is_not_a_plain_encrypted_web_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        Outbound().check(url)
    assert "secret" not in str(caught.value)


def test_a_name_is_resolved_once_so_that_a_second_answer_leads_nowhere(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def changing(host: str, *args: object, **options: object) -> object:
        if host != "rebind.example":
            return real(host, *args, **options)  # type: ignore[arg-type]
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    out = Outbound(frozenset(("rebind.example",)))
    assert out.request("GET", f"http://rebind.example:{server.port}/").status == 200
    assert asked == ["rebind.example"]
    assert server.seen[0][1]["host"] == f"rebind.example:{server.port}"


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 443)) for host in ("8.8.8.8", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: pairs)
    with pytest.raises(Invalid, match="private"):
        Outbound().request("GET", "https://mixed.example/")


def test_a_redirect_is_an_answer_and_is_not_followed(server: Server) -> None:
    server.reply = lambda handler: answer(handler, 302, b"", Location=f"{server.url}/secret")
    assert LOOPBACK.request("GET", f"{server.url}/").status == 302
    assert [path for path, _ in server.seen] == ["/"]


def test_an_answer_that_is_too_large_is_dropped(server: Server) -> None:
    server.reply = lambda handler: answer(handler, 200, b"x" * 200_000)
    out = Outbound(LOOPBACK.allowed, Limits(max_bytes=100_000))
    with pytest.raises(Unreachable, match="larger than 100000 bytes"):
        out.request("GET", server.url)


def test_a_server_that_sends_byte_by_byte_is_left_behind(server: Server) -> None:
    enough = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        while not enough.wait(0.05):
            handler.wfile.write(b"H")
            handler.wfile.flush()

    server.reply = drip
    out = Outbound(LOOPBACK.allowed, Limits(total_s=0.4))
    began = time.monotonic()
    try:
        with pytest.raises(Unreachable, match="longer than"):
            out.request("GET", server.url)
        assert time.monotonic() - began < 3
    finally:
        enough.set()


def test_a_closed_port_is_unreachable_in_one_line(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 did not answer"):
        LOOPBACK.request("GET", f"http://127.0.0.1:{port}/?token=secret")


@pytest.fixture
def certificate(tmp_path: Path, server: Server) -> str:
    """The server speaks TLS as geocoder.example; the file of its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "geocoder.example")])
    today = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("geocoder.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    signed = builder.sign(key, hashes.SHA256())
    chain, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    server.wrap(context)
    return str(chain)


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """geocoder.example and other.example are this machine."""
    real = socket.getaddrinfo

    def here(host: str, *args: object, **options: object) -> object:
        return real("127.0.0.1" if host.endswith(".example") else host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", here)


@pytest.mark.usefixtures("named")
def test_a_certificate_is_judged_by_the_name_although_the_address_is_called(server: Server, certificate: str) -> None:
    hosts = frozenset(("geocoder.example", "other.example"))
    out = Outbound(hosts, authorities=certificate)
    assert out.request("GET", f"https://geocoder.example:{server.port}/").body == b"hello"
    with pytest.raises(Unreachable):
        out.request("GET", f"https://other.example:{server.port}/")
    with pytest.raises(Unreachable):
        Outbound(hosts).request("GET", f"https://geocoder.example:{server.port}/")


@pytest.mark.parametrize(
    ("address", "expected"), [("8.8.8.8", True), ("2606:4700::1111", True), ("2001:db8::1", False)]
)
def test_public_means_reachable_from_everywhere(address: str, expected: bool) -> None:
    assert public(ipaddress.ip_address(address)) is expected

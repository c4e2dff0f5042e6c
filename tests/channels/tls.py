"""A certificate authority and an HTTP/2 provider for tests; the latter writes down every text whose request came in whole."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError

ANSWER = b'{"sid": "SM0123456789abcdef0123456789abcdef"}'


def certificate(folder: Path, address: str = "127.0.0.1") -> tuple[ssl.SSLContext, str]:
    """A server's context for `address` and the file of the authority that vouches for it (itself)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A provider for tests")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority, both = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(authority.read_bytes() + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, str(authority)


@dataclass
class Http2:
    """`bodies` of whole requests; `serve` gets the connection, the stream and how many were whole before, and answers."""

    serve: Callable[["Talk", int, int], None]
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    heads: list[list[tuple[str, str]]] = field(default_factory=list)
    connections: int = 0
    most_streams: int = 0


class Talk(asyncio.Protocol):
    """One HTTP/2 connection."""

    def __init__(self, provider: Http2) -> None:
        self.provider = provider
        self.http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.open: dict[int, bytes] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.provider.connections += 1
        self.http.initiate_connection()
        self.flush()

    def data_received(self, data: bytes) -> None:
        try:
            for event in self.http.receive_data(data):
                self.take(event)
        except ProtocolError:
            self.transport.close()
        self.flush()

    def take(self, event: Event) -> None:
        provider = self.provider
        if isinstance(event, RequestReceived):
            provider.heads.append([(str(name), str(value)) for name, value in event.headers or ()])
            self.open[event.stream_id or 0] = b""
            provider.most_streams = max(provider.most_streams, len(self.open))
        elif isinstance(event, DataReceived):
            self.open[event.stream_id or 0] += event.data or b""
            self.http.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
        elif isinstance(event, StreamEnded):
            provider.bodies.append(self.open[event.stream_id or 0])
            provider.serve(self, event.stream_id or 0, len(provider.bodies) - 1)

    def answer(self, stream: int) -> None:
        """Take the text of this stream."""
        self.open.pop(stream, None)
        head = [(":status", "201"), ("content-type", "application/json"), ("content-length", str(len(ANSWER)))]
        with contextlib.suppress(ProtocolError):  # the client may have left
            self.http.send_headers(stream, head)
            self.http.send_data(stream, ANSWER, end_stream=True)
            self.flush()

    def flush(self) -> None:
        self.transport.write(self.http.data_to_send())


def take(talk: Talk, stream: int, before: int) -> None:
    """Take each text a moment later, so that many are open at once."""
    asyncio.get_running_loop().call_later(0.05, talk.answer, stream)


@contextlib.contextmanager
def http2(context: ssl.SSLContext, serve: Callable[[Talk, int, int], None] = take) -> Iterator[Http2]:
    """An HTTP/2 provider over TLS in a thread of its own, until the block ends."""
    context.set_alpn_protocols(["h2"])
    provider = Http2(serve)
    ready, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await loop.create_server(lambda: Talk(provider), "127.0.0.1", 0, ssl=context)
        provider.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await ended.wait()
        server.close()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(run()), loop.close()))
    thread.start()
    ready.wait(10)
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)

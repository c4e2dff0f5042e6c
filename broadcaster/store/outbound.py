"""HTTP to addresses that people typed in (webhooks, a geocoder): it reaches the public Internet and nothing nearer.

A name is resolved once and the connection goes to the very address that was judged, so that a second answer of the name
server cannot lead elsewhere. Redirects are not followed, answers have a largest size, and the whole exchange an end in time.
"""

import ipaddress
import socket
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import certifi
import urllib3
from urllib3.exceptions import HTTPError

from broadcaster.domain.errors import Invalid, NotReady, Problem

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a connection, seconds for the whole exchange, and bytes of an answer."""

    connect_s: float = 5.0
    total_s: float = 10.0
    max_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names are in lower case. A redirect is an answer like any other."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(NotReady):
    """The other side could not be reached, or did not answer as it should; nothing of the request is in the text."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """A way out. `allowed` are hosts, as written in the URL, that may be private and without encryption, because the
    installation's own settings name them. `authorities` is a file of certificates to trust (default: Mozilla's)."""

    allowed: Collection[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    user_agent: str = "broadcaster"
    authorities: str = field(default_factory=certifi.where)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send one request. Invalid: the URL leads where it must not; Unreachable: no usable answer came in time.

        It runs aside: neither the system's resolver nor a server that sends byte by byte knows our time limit, so at
        its end they are left behind.
        """
        parts = self.check(url)
        found: Future[Answer] = Future()

        def run() -> None:
            try:
                found.set_result(self._exchange(method, parts, headers or {}, body))
            except BaseException as error:  # noqa: BLE001 - whatever it was is raised where the caller waits
                found.set_exception(error)

        threading.Thread(target=run, daemon=True, name="outbound").start()
        try:
            return found.result(self.limits.total_s)
        except TimeoutError:
            raise Unreachable(f"{parts.hostname} took longer than {self.limits.total_s:g} seconds") from None

    def _exchange(self, method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes | None) -> Answer:
        host, port = parts.hostname or "", parts.port or _port(parts)
        address = self._address(host, port)
        sent = {"User-Agent": self.user_agent, "Host": _host_header(parts), **headers}
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with (
                self._pool(parts, str(address), port) as pool,
                pool.request(
                    method, target, headers=sent, body=body, redirect=False, retries=False, preload_content=False
                ) as response,
            ):
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, names, self._read(response))
        except (HTTPError, OSError) as error:
            raise Unreachable(f"{host} did not answer: {type(error).__name__}") from None

    def check(self, url: str) -> SplitResult:
        """The parts of a URL that may be used (its name not yet resolved); Invalid with the reason if it may not."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _refused("is not a web address") from None
        host = parts.hostname
        if not host or parts.scheme not in ("http", "https") or any(each <= " " or each == "\\" for each in url):
            raise _refused("is not a web address that begins with https://")
        if parts.username is not None or parts.password is not None:
            raise _refused("holds a user name or password")
        if parts.scheme == "http" and host not in self.allowed:
            raise _refused("is not encrypted; write https://")
        if port == 0:
            raise _refused("has no usable port")
        return parts

    def _address(self, host: str, port: int) -> Address:
        found = _resolve(host, port)
        # One private address among public ones is how rebinding begins: the name as a whole is not trusted.
        if host not in self.allowed and not all(map(public, found)):
            raise _refused("leads to a private or reserved address")
        return found[0]

    def _pool(self, parts: SplitResult, address: str, port: int) -> urllib3.HTTPConnectionPool:
        timeout = urllib3.Timeout(connect=self.limits.connect_s, read=self.limits.total_s)
        if parts.scheme == "http":
            return urllib3.HTTPConnectionPool(address, port, timeout=timeout, maxsize=1)
        return urllib3.HTTPSConnectionPool(
            address,
            port,
            timeout=timeout,
            maxsize=1,
            server_hostname=parts.hostname,
            assert_hostname=parts.hostname,
            ca_certs=self.authorities,
            cert_reqs="CERT_REQUIRED",
        )

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        body = bytearray()
        for piece in response.stream(16_384, decode_content=True):
            body += piece
            if len(body) > self.limits.max_bytes:
                raise Unreachable(f"the answer is larger than {self.limits.max_bytes} bytes")
        return bytes(body)


def public(address: Address) -> bool:
    """True for addresses of the public Internet, whatever they are wrapped in (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(each is not None and not public(each) for each in inner):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _refused(why: str) -> Invalid:
    return Invalid([Problem("url", f"the address {why}.", "Use a public https address.")])


def _port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _host_header(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{host}:{parts.port}" if parts.port and parts.port != _port(parts) else host


def _resolve(host: str, port: int) -> list[Address]:
    """All addresses of a name, the resolver's favourite first."""
    try:
        found = [str(sockaddr[0]) for *_, sockaddr in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        return list(dict.fromkeys(ipaddress.ip_address(each.partition("%")[0]) for each in found))
    except (OSError, ValueError):
        raise Unreachable(f"the name {host} cannot be resolved") from None

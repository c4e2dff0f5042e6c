"""One request at a time on a handle that is used again and again: how it is sent, how it is bounded, what its end means.

libcurl repeats a POST by itself when a connection it had used before ends without an answer; that would double a text. It cannot
repeat what it cannot read a second time, so bodies are handed over by a reader that has no way back (docs/decisions/060).
"""

from typing import Any

import pycurl

from channels.base import ChannelError
from channels.deadline import set_options, too_late
from channels.letter import Answer, Letter, read_headers
from channels.verdict import lost
from channels.wire import CONNECT_TIMEOUT

#: Largest answer to one request, in bytes, before and after its content coding is undone; a real one has about 1,000.
LARGEST_ANSWER = 1_000_000
#: Seconds after which an idle connection is not used again: load balancers cut theirs after 60.
LONGEST_IDLE = 30

_FEATURES = pycurl.version_info()[4]
#: Content codings that this libcurl can undo.
CODINGS = frozenset(
    coding
    for coding, feature in (
        ("gzip", pycurl.VERSION_LIBZ),
        ("deflate", pycurl.VERSION_LIBZ),
        ("br", pycurl.VERSION_BROTLI),
        ("zstd", pycurl.VERSION_ZSTD),
    )
    if _FEATURES & feature
)

_UNSAFE = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_CERTPROBLEM,
    }
)
_BAD_ADDRESS = frozenset({pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL})


class Slot:
    """One place in the window: an easy handle, used again and again, and what it has given and got so far."""

    def __init__(self, timeout: float, authorities: str) -> None:
        self.item: Any = None
        self.handed = False  # libcurl has the body, so it may be on its way
        self._left = b""
        self._lines: list[bytes] = []
        self._body: list[bytes] = []
        self._size = 0
        self._headers: list[str] | None = None
        self._not_after = 0.0
        self._url = ""
        self._shares = False
        self.handle = handle = pycurl.Curl()
        for option, value in (
            (pycurl.POST, 1),
            (pycurl.READFUNCTION, self._give),  # and no SEEKFUNCTION: see above
            (pycurl.WRITEFUNCTION, self._take),
            (pycurl.HEADERFUNCTION, self._lines.append),
            (pycurl.TIMEOUT_MS, int(timeout * 1000)),
            (pycurl.CONNECTTIMEOUT_MS, int(min(CONNECT_TIMEOUT, timeout) * 1000)),
            (pycurl.MAXFILESIZE, LARGEST_ANSWER),
            (pycurl.MAXAGE_CONN, LONGEST_IDLE),
            (pycurl.TCP_KEEPALIVE, 1),
            (pycurl.SOCKOPTFUNCTION, set_options),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
            (pycurl.ACCEPT_ENCODING, ""),  # undo all that it can; what is offered stands in the letter
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.PATH_AS_IS, 1),
            (pycurl.PROXY, ""),  # none from the environment
            (pycurl.CAINFO, authorities),
            (pycurl.SSL_VERIFYPEER, 1),
            (pycurl.SSL_VERIFYHOST, 2),
            (pycurl.NOSIGNAL, 1),
        ):
            handle.setopt(option, value)

    def load(self, item: object, letter: Letter, shares: bool) -> None:
        """Make the handle ready to send this letter. pycurl.error when it cannot travel at all.

        `shares`: it rather waits for a place in a connection that carries many than it opens one more.
        """
        if shares is not self._shares:
            self.handle.setopt(pycurl.PIPEWAIT, int(shares))
            self._shares = shares
        if letter.url != self._url:
            self.handle.setopt(pycurl.URL, letter.url)
            self._url = letter.url
        if letter.headers is not self._headers:
            self.handle.setopt(pycurl.HTTPHEADER, letter.headers)
            self._headers = letter.headers
        self.handle.setopt(pycurl.POSTFIELDSIZE, len(letter.body))
        self.item, self.handed, self._left, self._size = item, False, letter.body, 0
        self._not_after = letter.not_after
        self._lines.clear()
        self._body.clear()

    def unload(self) -> Any:
        """Take the item out; the slot is free."""
        item, self.item, self._left = self.item, None, b""
        return item

    def answer(self) -> Answer:
        status = self.handle.getinfo(pycurl.RESPONSE_CODE)
        kind = self.handle.getinfo(pycurl.CONTENT_TYPE) or ""
        return Answer(
            status, {"content-type": kind} if status < 300 else read_headers(self._lines), b"".join(self._body)
        )

    @property
    def multiplexed(self) -> bool:
        """True when the connection that brought the answer carries many requests at once."""
        return bool(self.handle.getinfo(pycurl.INFO_HTTP_VERSION) >= pycurl.CURL_HTTP_VERSION_2_0)

    def failure(self, code: int) -> ChannelError:
        """What a libcurl error means. Without a body no request is whole: what was not handed over was not sent."""
        if not self.handed:
            if code == pycurl.E_ABORTED_BY_CALLBACK:
                return lost("too_late")
            if code in _BAD_ADDRESS:
                return lost("bad_address")
            if code in _UNSAFE:
                return lost("tls")
            return lost("connect_timeout" if code == pycurl.E_OPERATION_TIMEDOUT else "no_connection")
        if self._size > LARGEST_ANSWER or code == pycurl.E_FILESIZE_EXCEEDED:
            return lost("too_large")
        return lost("read_timeout" if code == pycurl.E_OPERATION_TIMEDOUT else "dropped")

    def _give(self, size: int) -> bytes | int:
        if not self.handed and too_late(self._not_after):
            # The last moment that there is: the head may have left, but nobody acts on a request without its body.
            return pycurl.READFUNC_ABORT
        self.handed = True
        given, self._left = self._left[:size], self._left[size:]
        return given

    def _take(self, chunk: bytes) -> int:
        self._size += len(chunk)
        if self._size > LARGEST_ANSWER:
            return -1  # cuts the transfer
        self._body.append(chunk)
        return len(chunk)

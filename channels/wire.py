"""The one place for the network: where requests go, how long they may take, and what a failure on the way means.

verdict.py says what is judged here; all else is the provider's answer, and the channel's to read. window.py is the way for
many requests at once.
"""

import io
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError

from channels.base import ChannelError, Misconfigured, Refused, Unavailable, Uncertain
from channels.deadline import SOCKET_OPTIONS, Pool, SecurePool, too_late
from channels.letter import Letter
from channels.verdict import judge, lost, wait_of

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0
#: Largest answer that is read, in bytes; the largest real one is a list page of 1,000 texts (about 1 MB).
LARGEST_ANSWER = 8_000_000

_PHONE = re.compile(r"\+\d{6,15}\b")
_TOKENS = re.compile(r"((?:access_token|appsecret_proof|oauth_\w+)=)[^&\s\"']+")
_QUERY = re.compile(r"\?\S*")


class _Adapter(HTTPAdapter):
    """Carries requests for one public origin, possibly to another address, and turns failures into channel errors."""

    def __init__(self, wire: "Wire", public: str) -> None:
        self._wire = wire
        self._public = public
        super().__init__(pool_connections=1, pool_maxsize=2, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, socket_options=SOCKET_OPTIONS, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send within the wire's own limits, whatever the SDK asks for; the answer comes back read."""
        # Signed for the public URL, and so it stays: only the copy that travels is readdressed.
        travelling = request.copy()
        if self._wire.base:
            travelling.url = self._wire.base + (request.url or "").removeprefix(self._public)
        if self._wire.rehearsing:
            raise _Rehearsed(travelling)
        reading = request.method in ("GET", "HEAD")
        if not reading and too_late(self._wire.not_after):
            raise lost("too_late", reading)
        limits = (min(CONNECT_TIMEOUT, self._wire.timeout), self._wire.timeout)
        answer: requests.Response | None = None
        try:
            answer = _read(super().send(travelling, True, limits, verify, cert, proxies), request)
            failure = judge(answer.status_code, answer.headers, answer.json, reading)
        except _TooLarge:
            failure = lost("too_large", reading)
        except requests.RequestException as error:
            failure = lost(_how(error), reading)
        if failure is None and answer is not None:
            self._wire.status, self._wire.headers = answer.status_code, dict(answer.headers)
            return answer
        # Raised out here so that no request, with its token, hangs on the error as its context.
        raise failure or Uncertain("no answer", "no_answer")


class _TooLarge(Exception):
    pass


class _Rehearsed(Exception):
    """Carries what an SDK would have sent out of it."""

    def __init__(self, request: requests.PreparedRequest) -> None:
        super().__init__("a rehearsal")
        self.request = request


def _read(answer: requests.Response, request: requests.PreparedRequest) -> requests.Response:
    """Read the body under the size cap and return an answer that holds it, freed from its connection."""
    body = io.BytesIO()
    with answer:
        for chunk in answer.iter_content(65_536):
            body.write(chunk)
            if body.tell() > LARGEST_ANSWER:
                raise _TooLarge
    whole = requests.Response()
    whole.status_code, whole.reason, whole.headers = answer.status_code, answer.reason, answer.headers
    whole.url, whole.encoding, whole.request = request.url or "", answer.encoding, request
    body.seek(0)
    whole.raw = body
    return whole


def _how(error: requests.RequestException) -> str:
    """Tell a request that never left from one that may have arrived."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(error, requests.ConnectTimeout):
        return "connect_timeout"
    if isinstance(error, requests.exceptions.SSLError) and isinstance(cause, MaxRetryError):  # raised while connecting
        return "tls"
    if isinstance(reason, NewConnectionError):
        return "no_connection"
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return "bad_address"
    if isinstance(error, requests.ReadTimeout) or "timed out" in str(cause).lower():
        return "read_timeout"
    return "dropped"


class Wire:
    """Sends one account's requests: give `session` to the SDK in place of its own.

    `origins` are the public ones the SDK addresses (https://…); nothing else can be reached through the session.
    `base_url` is where they really go, for drills and tests; empty means the public ones. `timeout` (seconds) bounds
    the whole answer. `secrets` never appear in an error text made by `scrub`.
    """

    def __init__(
        self, *origins: str, base_url: str = "", timeout: float = READ_TIMEOUT, secrets: tuple[str, ...] = ()
    ) -> None:
        self.base = base_url.rstrip("/")
        if self.base and urlsplit(self.base).scheme not in ("http", "https"):
            raise lost("bad_address")
        self.timeout = timeout
        #: When the request in hand may leave no more (Parcel.not_after).
        self.not_after = 0.0
        #: HTTP status and headers of the last answer, for SDKs whose exceptions drop them.
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.rehearsing = False
        self._secrets = tuple(sorted(filter(None, secrets), key=len, reverse=True))
        self.session = requests.Session()
        self.session.trust_env = False  # a .netrc or proxy variable must not redirect or re-sign what we send
        self.session.adapters.clear()
        for origin in origins:
            self.session.mount(origin, _Adapter(self, origin))

    def rate_limited(self, reason: str = "too many requests", code: str = "429", otherwise: float = 5.0) -> Unavailable:
        """The error for an answer that says "too many", with the wait its headers ask for, else `otherwise` seconds."""
        return Unavailable(reason, code, retry_after=wait_of(self.headers, otherwise), slow_down=True)

    def by_status(self, status: int, reason: str, code: str = "") -> ChannelError:
        """The default rule by HTTP class, for codes that no table names. 5xx has been judged before."""
        reason, code = self.scrub(reason) or f"the provider answered {status}", code or str(status)
        if status == 429:
            return self.rate_limited(code=code)
        if status in (401, 402, 403, 404, 405, 410):  # for a POST even 404 means our own account or address
            return Misconfigured(reason, code)
        if status in (408, 409, 425) or status >= 500:
            return Uncertain(reason, code)
        return Refused(reason, code)

    def scrub(self, text: object) -> str:
        """Return text fit for a log or an error page: one line, at most 200 characters, without secrets or phones."""
        line = " ".join(str(text).split())
        for secret in self._secrets:
            line = line.replace(secret, "***").replace(quote(secret, safe=""), "***")
        return _PHONE.sub("+***", _TOKENS.sub(r"\1***", line))[:200]

    def rehearse(self, call: Callable[[], object]) -> Letter:
        """What `call`, a call of the SDK, would send now; it is not sent. RuntimeError when it would send nothing."""
        self.rehearsing = True
        try:
            call()
        except _Rehearsed as rehearsed:
            request = rehearsed.request
        else:
            raise RuntimeError("the SDK made no request")
        finally:
            self.rehearsing = False
        body = request.body or b""
        headers = [f"{name}: {value}" for name, value in request.headers.items()]
        return Letter(request.url or "", headers, body if isinstance(body, bytes) else body.encode())

    def close(self) -> None:
        """Give back connections."""
        self.session.close()


class _WithoutQuery(logging.Filter):
    """urllib3 logs each URL; Graph's carry the page token and Twilio's list a phone number."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _PHONE.sub("+***", _QUERY.sub("?…", record.getMessage())), ()
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutQuery())
# These log signatures, tokens, parameters and bodies at DEBUG or INFO, whatever level the application has asked for.
for _chatty in ("oauthlib", "requests_oauthlib", "tweepy", "twilio", "Sinch"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

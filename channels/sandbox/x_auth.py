"""OAuth 1.0a user context as X checks it: the signature over the public URL, the timestamp, the keys."""

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote

from oauthlib.oauth1.rfc5849 import signature
from oauthlib.oauth1.rfc5849.utils import parse_authorization_header

from channels.sandbox.exchange import Call

#: What clients sign: they speak to these hosts and are only carried here.
PUBLIC_ORIGINS = ("https://api.twitter.com", "https://api.x.com")
#: Seconds that a request's timestamp may be off.
CLOCK_SKEW = 300

#: Clearly invented credentials. An access token of X begins with the number of its user.
FAKE_USER_ID = "1101201100000000001"
FAKE_CONSUMER_KEY = "sandbox-x-consumer-key"
FAKE_CONSUMER_SECRET = "sandbox-x-consumer-secret-not-a-secret"
FAKE_ACCESS_TOKEN = f"{FAKE_USER_ID}-sandbox-x-access-token"
FAKE_ACCESS_SECRET = "sandbox-x-access-secret-not-a-secret"


@dataclass(frozen=True, slots=True)
class XSettings:
    """The account and its app. Limits are requests per 15 minutes and endpoint: (POST and DELETE, GET)."""

    consumer_key: str = FAKE_CONSUMER_KEY
    consumer_secret: str = FAKE_CONSUMER_SECRET
    access_token: str = FAKE_ACCESS_TOKEN
    access_secret: str = FAKE_ACCESS_SECRET
    username: str = "sandbox_council"
    display_name: str = "Sandbox Council"
    write_limit: int = 10_000
    read_limit: int = 100_000

    @property
    def user_id(self) -> str:
        """The account's number, as X has it in front of every access token."""
        return user_of(self.access_token)


def user_of(access_token: str) -> str:
    """The user's number in front of an access token; the invented one where there is none."""
    number = access_token.partition("-")[0]
    return number if number.isdecimal() else FAKE_USER_ID


def identify(call: Call, settings: XSettings, now: float, adopt: bool) -> str | None:
    """The id of the user who signed this request; None when X would answer 401.

    With `adopt`, well-formed requests under unknown keys are believed, since their secrets are not known here.
    """
    fields = _fields(call.headers.get("Authorization", ""))
    token, key = fields.get("oauth_token", ""), fields.get("oauth_consumer_key", "")
    stamp = fields.get("oauth_timestamp", "")
    if not (token and key and fields.get("oauth_nonce") and fields.get("oauth_signature") and stamp.isdecimal()):
        return None
    if abs(now - int(stamp)) > CLOCK_SKEW or fields.get("oauth_signature_method") != "HMAC-SHA1":
        return None
    if (key, token) == (settings.consumer_key, settings.access_token):
        signed = any(_signed(call, origin, fields, settings) for origin in PUBLIC_ORIGINS)
        return settings.user_id if signed else None
    known = key == settings.consumer_key or token == settings.access_token
    return user_of(token) if adopt and not known else None


def _fields(header: str) -> dict[str, str]:
    if not re.match(r"oauth\s", header, re.IGNORECASE):
        return {}
    try:
        return {str(name): unquote(str(value)) for name, value in parse_authorization_header(header)}
    except ValueError:
        return {}


def _signed(call: Call, origin: str, fields: dict[str, str], settings: XSettings) -> bool:
    """Verify HMAC-SHA1 over method, public URL, query, form fields and OAuth fields (RFC 5849, 3.4)."""
    params = [(name, value) for name, value in fields.items() if name not in ("oauth_signature", "realm")]
    params += parse_qsl(call.query_string, keep_blank_values=True)
    if call.mime_type == "application/x-www-form-urlencoded":
        params += parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    request: Any = SimpleNamespace(
        http_method=call.method,
        uri=origin + call.target.partition("?")[0],
        params=params,
        signature=fields["oauth_signature"],
    )
    return signature.verify_hmac_sha1(request, settings.consumer_secret, settings.access_secret)

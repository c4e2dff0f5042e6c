"""What Twilio refuses and with which code: credentials, fields, senders, numbers.

Numbers that decide their own fate, so that drills can show every case (Twilio's own test numbers, and one range of
the same kind):

====================  ======================================================================
+15005550001          21211 not a valid number
+15005550002          21612 cannot be reached from this sender
+15005550003          21408 no permission for this region
+15005550004          21610 has texted STOP
+15005550009          21614 not a mobile number
+150055530NN          taken, then undelivered or failed with error 300NN (03 … 08, 36 …)
+61 2, 3, 7, 8 …      21614: Australian landlines
+47 2, 3, 5, 6, 7 …   21614: Norwegian landlines (eight digits)
====================  ======================================================================
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from channels.sandbox.exchange import Reply, json_reply

#: Clearly invented credentials, so that demo and tests need none of their own.
FAKE_ACCOUNT_SID = "AC" + "5a4db0c5" * 4
FAKE_AUTH_TOKEN = "sandbox-twilio-token-not-a-secret"
FAKE_SENDER = "+15005550006"

#: code -> (HTTP status, message). Source: https://www.twilio.com/docs/api/errors, in our words.
CODES: dict[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter: {}"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed: {}"),
    20006: (402, "Access denied: the account has no credit"),
    20404: (404, "The requested resource {} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21211: (400, "Invalid 'To' Phone Number: {}"),
    21212: (400, "Invalid From Number (caller ID): {}"),
    21266: (400, "'To' and 'From' number cannot be the same: {}"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {}"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        "The 'From' phone number provided ({}) is not a valid message-capable Twilio phone number for this account.",
    ),
    21609: (400, "The 'StatusCallback' URL {} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "Message cannot be sent with the current combination of 'To' and 'From' parameters: {}"),
    21614: (400, "'To' number is not a valid mobile number: {}"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21624: (400, "Invalid validity period value: {}"),
    30409: (409, "Message cannot be changed in its present status"),
}
MAX_BODY_CHARACTERS = 1_600
MAX_VALIDITY = 36_000

_E164 = re.compile(r"\+[1-9]\d{7,14}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
_SHORT_CODE = re.compile(r"\d{3,8}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_TEST_NUMBERS = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
_LANDLINE = re.compile(r"\+61[2378]\d{8}|\+47[23567]\d{7}")
_LATER = re.compile(r"\+150055530(\d\d)")


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """The account. `senders` (`+E164`, NAME, MG…) are its own; empty means that any well-formed sender is.

    `rate_per_second` is how many messages it may create in a second before 20429; None is no limit.
    """

    account_sid: str = FAKE_ACCOUNT_SID
    auth_token: str = FAKE_AUTH_TOKEN
    senders: tuple[str, ...] = ()
    rate_per_second: int | None = None


class Rejection(Exception):
    """A refusal in Twilio's shape."""

    def __init__(self, code: int, detail: str = "", status: int | None = None, retry_after: int | None = None) -> None:
        usual, message = CODES.get(code, (400, "Error {}"))
        super().__init__(message.format(detail or code))
        self.code = code
        self.status = status or usual
        self.retry_after = retry_after

    def reply(self) -> Reply:
        """The JSON body with code, message, more_info and status."""
        headers = {}
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        body = {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        return json_reply(body, self.status, headers)


def reject(code: int, detail: str = "", retry_after: int | None = None) -> Rejection:
    """A refusal to raise; `detail` fills the gap in its message."""
    return Rejection(code, detail, retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that passed every check. `fate` is 0 or the error it will end with."""

    to: str
    sender: str
    service: str
    body: str
    callback: str
    fate: int


def check_message(form: Mapping[str, str], settings: TwilioSettings, opted_out: set[tuple[str, str]]) -> Draft:
    """Validate the fields of a new message in the order Twilio does; raises Rejection."""
    to = form.get("To", "").strip()
    if not to:
        raise reject(21604)
    sender, service = _sender(form, settings)
    body = form.get("Body", "")
    if not body:
        raise reject(21602)
    if len(body) > MAX_BODY_CHARACTERS:
        raise reject(21617)
    if not _E164.fullmatch(to):
        raise reject(21211, to)
    if to == sender:
        raise reject(21266, to)
    code = _TEST_NUMBERS.get(to) or (21614 if _LANDLINE.fullmatch(to) else 0)
    if code:
        raise reject(code, to)
    if (to, service or sender) in opted_out:
        raise reject(21610)
    callback = form.get("StatusCallback", "")
    if callback and not _is_url(callback.partition("?")[0]):
        raise reject(21609, callback)
    _check_validity(form.get("ValidityPeriod"))
    later = _LATER.fullmatch(to)
    return Draft(to, sender, service, body, callback, 30_000 + int(later.group(1)) if later else 0)


def _sender(form: Mapping[str, str], settings: TwilioSettings) -> tuple[str, str]:
    """Who sends: (number or name, messaging service). A service picks its first number."""
    wanted = form.get("MessagingServiceSid", "").strip() or form.get("From", "").strip()
    if not wanted:
        raise reject(21603)
    known = settings.senders
    if known and wanted not in known:
        raise reject(21606, wanted)
    if _SERVICE.fullmatch(wanted):
        return next((s for s in known if _E164.fullmatch(s)), FAKE_SENDER), wanted
    if not (_E164.fullmatch(wanted) or _SHORT_CODE.fullmatch(wanted) or _NAME.fullmatch(wanted)):
        raise reject(21212, wanted)
    return wanted, ""


@lru_cache(maxsize=1024)
def _is_url(raw: str) -> bool:
    try:
        parts = urlsplit(raw)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "_" not in (parts.hostname or "")
            and parts.port != 0
        )
    except ValueError:
        return False


def _check_validity(raw: str | None) -> None:
    if raw is not None and not (raw.isdecimal() and 1 <= int(raw) <= MAX_VALIDITY):
        raise reject(21624, raw)

"""What Sinch refuses and with which code: token, fields, senders, numbers; and how texts end that it takes.

Numbers that decide their own fate, so that drills can show every case:

====================  ======================================================================
+15005550001          400 syntax_invalid_parameter_format: not a phone number
+15005550003          403 illegal_number_type
+15005550004          taken, then Deleted: opted out
+150055530NN          taken, then Aborted with report code 4NN (02, 03, 04, 06, 08, 13 …)
+150055531NN          taken, then Failed with the network's code NN
+61 2, 3, 7, 8 …      taken, then Failed: Australian landlines
+47 2, 3, 5, 6, 7 …   taken, then Failed: Norwegian landlines (eight digits)
====================  ======================================================================
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from channels.sandbox.exchange import Reply, json_reply

#: Clearly invented credentials, so that demo and tests need none of their own.
FAKE_SERVICE_PLAN_ID = "5a4db0c5" * 4
FAKE_API_TOKEN = "sandbox-sinch-token-not-a-secret"
FAKE_CALLBACK_SECRET = "sandbox-sinch-callbacks-not-a-secret"

#: code -> HTTP status. Source: https://developers.sinch.com/docs/sms/api-reference/status-codes
STATUS = {
    "syntax_invalid_json": 400,
    "syntax_invalid_parameter_format": 400,
    "syntax_constraint_violation": 400,
    "unauthorized": 401,
    "blocked_account": 403,
    "illegal_number_type": 403,
    "missing_callback_url": 403,
    "resource_not_found": 404,
    "method_not_allowed": 405,
    "too_many_requests": 429,
}
MAX_BODY_CHARACTERS = 2_000
MAX_REFERENCE = 2_048
REPORTS = ("none", "summary", "full", "per_recipient", "per_recipient_final")

#: Report codes of states on the way, and of the good end.
QUEUED, DISPATCHED, DELIVERED = 400, 401, 0
#: How a text ends whose phone has opted out, and one to a landline: the network's codes, made up as networks do.
OPTED_OUT, LANDLINE = 61, 5

_MSISDN = re.compile(r"\+?[1-9]\d{6,14}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
_SHORT_CODE = re.compile(r"\d{3,8}")
_LANDLINE = re.compile(r"\+61[2378]\d{8}|\+47[23567]\d{7}")
_ABORTED = re.compile(r"\+150055530(\d\d)")
_FAILED = re.compile(r"\+150055531(\d\d)")


@dataclass(frozen=True, slots=True)
class SinchSettings:
    """The service plan. `senders` are its own; empty means that any well-formed sender is.

    Its callbacks are signed with `callback_secret`; empty: not at all, as Sinch does unless asked.
    `rate_per_second` is how many batches it takes in a second; None is no limit.
    """

    service_plan_id: str = FAKE_SERVICE_PLAN_ID
    api_token: str = FAKE_API_TOKEN
    senders: tuple[str, ...] = ()
    callback_secret: str = FAKE_CALLBACK_SECRET
    rate_per_second: int | None = None


class Rejection(Exception):
    """A refusal in Sinch's shape: code and text."""

    def __init__(self, code: str, text: str, status: int = 0, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.code, self.status, self.retry_after = code, status or STATUS.get(code, 400), retry_after

    def reply(self) -> Reply:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status == 401:  # the one refusal that comes without words
            return Reply(401, b"", headers={"WWW-Authenticate": "Bearer"})
        return json_reply({"code": self.code, "text": str(self)}, self.status, headers)


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch for one phone that passed every check. `fate` is 0 or the report code it will end with."""

    to: str
    sender: str
    body: str
    report: str
    expires: float
    callback: str
    reference: str
    fate: int


def check_batch(raw: object, settings: SinchSettings, now: float) -> Draft:
    """Validate a new batch; raises Rejection. The sandbox takes one recipient at a time, as we send."""
    if not isinstance(raw, Mapping):
        raise Rejection("syntax_invalid_json", "The request body is not a JSON object")
    phone, body = _recipient(raw.get("to")), raw.get("body")
    if not isinstance(body, str) or not body or len(body) > MAX_BODY_CHARACTERS:
        raise _invalid("body", f"must have 1 to {MAX_BODY_CHARACTERS} characters")
    if raw.get("type", "mt_text") != "mt_text":
        raise _invalid("type", "the sandbox sends texts only")
    report, callback = _wanted(raw)
    reference = _text(raw, "client_reference")
    if len(reference) > MAX_REFERENCE:
        raise _invalid("client_reference", f"must have at most {MAX_REFERENCE} characters")
    expires = _expiry(raw, now)
    return Draft(phone, _sender(raw, settings), body, report, expires, callback, reference, _fate(phone))


def _recipient(to: object) -> str:
    if not isinstance(to, list) or not to:
        raise _invalid("to", "is required")
    if len(to) != 1:
        raise Rejection("syntax_constraint_violation", "to: the sandbox takes one recipient a batch")
    phone = "+" + str(to[0]).removeprefix("+")
    if phone == "+15005550001" or not _MSISDN.fullmatch(phone):
        raise Rejection("syntax_invalid_parameter_format", f"to[0]: {to[0]} is not a valid MSISDN")
    if phone == "+15005550003":
        raise Rejection("illegal_number_type", "This type of number cannot be reached")
    return phone


def _wanted(raw: Mapping[str, Any]) -> tuple[str, str]:
    """Which report, and where it goes."""
    report, callback = str(raw.get("delivery_report", "none")), _text(raw, "callback_url")
    if report not in REPORTS:
        raise _invalid("delivery_report", f"must be one of {', '.join(REPORTS)}")
    if callback and not _is_url(callback):
        raise _invalid("callback_url", "must be a valid URL")
    if report != "none" and not callback:
        raise Rejection("missing_callback_url", "Delivery report requested without a callback URL")
    return report, callback


def _invalid(name: str, why: str) -> Rejection:
    return Rejection("syntax_constraint_violation", f"{name}: {why}")


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if value is not None and not isinstance(value, str):
        raise Rejection("syntax_invalid_parameter_format", f"{name}: must be a string")
    return value or ""


def _sender(raw: Mapping[str, Any], settings: SinchSettings) -> str:
    sender = _text(raw, "from")
    well_formed = any(kind.fullmatch(sender) for kind in (_MSISDN, _SHORT_CODE, _NAME))
    if not well_formed or (settings.senders and sender not in settings.senders):
        raise Rejection("syntax_invalid_parameter_format", "from: is not a sender of this service plan")
    return sender


def _expiry(raw: Mapping[str, Any], now: float) -> float:
    """When the batch expires, seconds since 1970; 0 when it does not say."""
    text = _text(raw, "expire_at")
    if not text:
        return 0.0
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Rejection("syntax_invalid_parameter_format", "expire_at: is not an ISO 8601 time") from None
    at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if at <= now:
        raise _invalid("expire_at", "must be in the future")
    return at


def _fate(phone: str) -> int:
    if phone == "+15005550004":
        return OPTED_OUT
    if _LANDLINE.fullmatch(phone):
        return LANDLINE
    if found := _ABORTED.fullmatch(phone):
        return 400 + int(found[1])
    found = _FAILED.fullmatch(phone)
    return int(found[1]) if found else 0


def _is_url(raw: str) -> bool:
    try:
        parts = urlsplit(raw)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)

"""One text message as Twilio keeps it; its status is a function of its age, so a million texts cost no timers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

import smsutil

from channels.sandbox.state import moment

API_VERSION = "2010-04-01"
#: Seconds of age at which a text becomes sending, sent, and final, at speed 1.
SENDING, SENT, FINAL = 0.05, 0.15, 0.4
#: Error codes at which a text never leaves Twilio: status failed rather than undelivered.
FAILED_AT_TWILIO = frozenset({30001, 30002, 30010, 30036})

#: Asynchronous error codes and what they mean, in our words. Source: https://www.twilio.com/docs/api/errors
ERRORS: dict[int, str] = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30036: "Validity period expired",
}


@lru_cache(maxsize=4096)
def count_segments(body: str) -> int:
    """Segments of a text by an independent counter, not by the one under test."""
    return max(1, len(smsutil.split(body).parts))


@dataclass(slots=True)
class Text:
    """A text message. `fate` is 0 or the error code it ends with; `service` is a Messaging Service's sid or empty.

    `reference` is what the sender calls it.
    """

    id: str
    account: str
    to: str
    sender: str
    text: str
    at: float
    service: str = ""
    callback: str = ""
    reference: str = ""
    fate: int = 0
    direction: str = "outbound-api"
    in_reply_to: str = ""
    auto: bool = False
    redacted: bool = False
    deleted: bool = False
    cancelled_at: float = 0.0
    seq: int = 0

    @property
    def phone(self) -> str:
        """The resident's side of it."""
        return self.sender if self.direction == "inbound" else self.to

    @property
    def segments(self) -> int:
        """How many parts the network carries."""
        return count_segments(self.text)

    def status(self, now: float, speed: float) -> str:
        """accepted (by a service) or queued, then sending, sent, and delivered, undelivered or failed."""
        if self.direction == "inbound":
            return "received"
        if self.cancelled_at:
            return "canceled"
        age = (now - self.at) * speed
        if age < SENDING:
            return "accepted" if self.service else "queued"
        if age < SENT:
            return "sending"
        if self.fate in FAILED_AT_TWILIO:
            return "failed"
        if age < FINAL:
            return "sent"
        return "undelivered" if self.fate else "delivered"

    def error_code(self, now: float, speed: float) -> int | None:
        """The error code, once the status shows it."""
        return self.fate if self.status(now, speed) in ("failed", "undelivered") else None

    def sent_at(self, now: float, speed: float) -> float | None:
        """When Twilio passed it on; None while it still waits."""
        if self.direction == "inbound":
            return self.at
        due = self.at + SENT / speed
        return due if now >= due and not self.cancelled_at else None

    def as_json(self, now: float, speed: float) -> dict[str, Any]:
        """The Message resource."""
        sent = self.sent_at(now, speed)
        code = self.error_code(now, speed)
        uri = f"/{API_VERSION}/Accounts/{self.account}/Messages/{self.id}"
        waiting = self.service and sent is None
        updated = max(self.at, self.cancelled_at, min(now, self.at + FINAL / speed) if sent else self.at)
        return {
            "account_sid": self.account,
            "api_version": API_VERSION,
            "body": "" if self.redacted else self.text,
            "date_created": rfc2822(self.at),
            "date_sent": rfc2822(sent) if sent else None,
            "date_updated": rfc2822(updated),
            "direction": self.direction,
            "error_code": code,
            "error_message": ERRORS.get(code, "Message delivery failed") if code else None,
            "from": None if waiting else self.sender,
            "messaging_service_sid": self.service or None,
            "num_media": "0",
            "num_segments": "0" if waiting else str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.id,
            "status": self.status(now, speed),
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "tags": None,
            "to": self.to,
            "uri": f"{uri}.json",
        }


def rfc2822(at: float) -> str:
    """RFC 2822 in GMT, whole seconds, as Twilio writes times."""
    return _rfc2822(int(at))


@lru_cache(maxsize=256)
def _rfc2822(second: int) -> str:
    return format_datetime(moment(second))


def listed(text: Text, query: Mapping[str, str], now: float, speed: float) -> bool:
    """True when a text passes a list's filters To, From, DateSent, DateSent> and DateSent<.

    DateSent is a day, the others may hold a time. A text that has not been sent yet has no DateSent, so any filter on
    it leaves the text out.
    """
    if query.get("To", text.to) != text.to or query.get("From", text.sender) != text.sender:
        return False
    limits = {name: query[name] for name in ("DateSent", "DateSent>", "DateSent<") if query.get(name)}
    if not limits:
        return True
    sent = text.sent_at(now, speed)
    if sent is None:
        return False
    for name, raw in limits.items():
        start, end = _span(raw[:10] if name == "DateSent" else raw)
        if name == "DateSent" and not start <= sent < end:
            return False
        if name == "DateSent>" and sent < start:
            return False
        if name == "DateSent<" and sent >= end:
            return False
    return True


def _span(raw: str) -> tuple[float, float]:
    """The day or the second that a filter names; a filter that is no date lets everything pass."""
    try:
        start = datetime.fromisoformat(raw.replace("Z", "+00:00"))
    except ValueError:
        return float("-inf"), float("inf")
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    return start.timestamp(), start.timestamp() + (1 if len(raw) > 10 else 86_400)

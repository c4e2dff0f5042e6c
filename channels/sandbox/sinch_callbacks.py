"""Sinch's words about a text: the batch as a resource, its state, and the callbacks that report it."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from channels.sandbox.callbacks import CallbackDesk
from channels.sandbox.faults import FaultBook
from channels.sandbox.sinch_rules import DELIVERED, DISPATCHED, OPTED_OUT, QUEUED, Draft
from channels.sandbox.state import Clock, moment
from channels.sandbox.texts import FINAL, SENT, Text
from channels.sandbox.webhooks import Webhooks


def when(at: float) -> str:
    """ISO 8601 with milliseconds and a Z, as Sinch writes times."""
    return moment(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at % 1 * 1000):03d}Z"


def outcome(text: Text, now: float, speed: float) -> tuple[str, int]:
    """(state, report code) of a text at its age."""
    age = (now - text.at) * speed
    if age < SENT:
        return "Queued", QUEUED
    if age < FINAL:
        return "Dispatched", DISPATCHED
    return end_of(text)


def end_of(text: Text) -> tuple[str, int]:
    """(state, report code) that a text ends with."""
    if not text.fate:
        return "Delivered", DELIVERED
    if text.fate == OPTED_OUT:
        return "Deleted", OPTED_OUT
    return ("Aborted" if text.fate >= 400 else "Failed"), text.fate


def resource(text: Text) -> dict[str, Any]:
    """A batch with one recipient; Sinch shows numbers without a plus."""
    return {
        "id": text.id,
        "to": [text.to.removeprefix("+")],
        "from": text.sender,
        "canceled": False,
        "body": text.text,
        "type": "mt_text",
        "created_at": when(text.at),
        "modified_at": when(text.at),
        "delivery_report": "per_recipient_final" if text.callback else "none",
        "client_reference": text.reference,
        "flash_message": False,
    }


def told(draft: Draft) -> dict[str, Any]:
    """What only the answer to the request itself repeats."""
    found = {"delivery_report": draft.report, "callback_url": draft.callback}
    return found | ({"expire_at": when(draft.expires)} if draft.expires else {})


class SinchDesk(CallbackDesk):
    """Sends one report per recipient when it is final, signed where the plan has a secret for it (`plans`: plan → secret)."""

    def __init__(
        self, faults: FaultBook, clock: Clock, speed: float, mode: str, webhooks: Webhooks, plans: Mapping[str, str]
    ) -> None:
        super().__init__(faults, clock, speed, mode, webhooks)
        self._secrets = plans

    def stages(self, text: Text) -> list[tuple[float, str]]:
        return [(FINAL, end_of(text)[0])]

    def write(self, text: Text, status: str) -> tuple[bytes, dict[str, str]]:
        return self.signed(self.report(text, status, end_of(text)[1]), text.account)

    def report(self, text: Text, state: str, code: int) -> dict[str, Any]:
        """A recipient's delivery report, as callbacks carry it and the list of finished reports shows it."""
        at = when(text.at + FINAL / self._speed)
        return {
            "type": "recipient_delivery_report_sms",
            "batch_id": text.id,
            "recipient": text.to.removeprefix("+"),
            "code": code,
            "status": state,
            "at": at,
            "operator_status_at": at,
            "client_reference": text.reference,
        }

    async def post(self, url: str, event: dict[str, Any], plan: str) -> tuple[int, str]:
        """Send one event; returns status and body, (0, why) when nobody answered."""
        return await self._webhooks.post(url, *self.signed(event, plan))

    def signed(self, event: dict[str, Any], plan: str) -> tuple[bytes, dict[str, str]]:
        """Body and headers of an event."""
        body = json.dumps(event).encode()
        headers = {"Content-Type": "application/json"}
        if secret := self._secrets.get(plan, ""):
            nonce, timestamp = secrets.token_hex(13).upper(), str(int(self._clock()))
            signed = b".".join((body, nonce.encode(), timestamp.encode()))
            digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
            headers |= {
                "x-sinch-webhook-signature": base64.b64encode(digest).decode(),
                "x-sinch-webhook-signature-nonce": nonce,
                "x-sinch-webhook-signature-timestamp": timestamp,
                "x-sinch-webhook-signature-algorithm": "HmacSHA256",
            }
        return body, headers

"""Callbacks about texts, each in its time, unless a fault loses, repeats or shuffles them; and Twilio's, which are signed."""

import asyncio
import heapq
import random
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from channels.sandbox.exchange import Call
from channels.sandbox.faults import FaultBook
from channels.sandbox.state import Clock, moment
from channels.sandbox.texts import API_VERSION, FAILED_AT_TWILIO, FINAL, SENT, Text
from channels.sandbox.webhooks import AT_ONCE, Webhooks

#: all: queued, sent and the last one; final: only the last one; off: none.
MODES = ("all", "final", "off")
#: The pump's finest step in seconds.
TICK = 0.005
REPEATS = 3


@dataclass(order=True, slots=True)
class _Due:
    at: float
    order: int
    text: Text = field(compare=False)
    status: str = field(compare=False)
    disturbed: bool = field(compare=False, default=False)


class CallbackDesk(ABC):
    """Sends every text's status changes to its callback address."""

    def __init__(self, faults: FaultBook, clock: Clock, speed: float, mode: str, webhooks: Webhooks) -> None:
        if mode not in MODES:
            raise ValueError(f"callbacks are one of {', '.join(MODES)}, not {mode!r}")
        self._faults, self._clock, self._speed, self._mode = faults, clock, speed, mode
        self._heap: list[_Due] = []
        self._order = 0
        self._ready: asyncio.Queue[_Due] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._webhooks = webhooks
        # The same disorder in every run, so that a failing drill can be repeated.
        self._chance = random.Random(2011)  # noqa: S311
        self._sent = self._failed = self._lost = 0

    @abstractmethod
    def stages(self, text: Text) -> list[tuple[float, str]]:
        """Age in seconds at speed 1, and the status told then; the last one is final."""

    @abstractmethod
    def write(self, text: Text, status: str) -> tuple[bytes, dict[str, str]]:
        """Body and headers of one callback."""

    def start(self) -> None:
        """Begin to send; needs the running loop."""
        if self._mode != "off":
            self._tasks = [asyncio.create_task(self._pump())]
            self._tasks += [asyncio.create_task(self._deliver()) for _ in range(AT_ONCE)]

    async def stop(self) -> None:
        """End at once; what is still to be sent is dropped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def follow(self, text: Text) -> None:
        """Plan the callbacks of a new text."""
        if not text.callback or self._mode == "off":
            return
        plan = self.stages(text)
        for age, status in plan if self._mode == "all" else plan[-1:]:
            self._plan(text.at + age / self._speed, text, status)

    def clear(self) -> None:
        """Drop what is still to be sent."""
        self._heap.clear()
        while not self._ready.empty():
            self._ready.get_nowait()
        self._sent = self._failed = self._lost = 0

    def counters(self) -> dict[str, Any]:
        """How callbacks fared so far."""
        return {
            "callbacks": self._sent,
            "callbacks_failed": self._failed,
            "callbacks_lost": self._lost,
            "callbacks_waiting": len(self._heap) + self._ready.qsize(),
        }

    def _plan(self, at: float, text: Text, status: str, disturbed: bool = False) -> None:
        self._order += 1
        heapq.heappush(self._heap, _Due(at, self._order, text, status, disturbed))

    async def _pump(self) -> None:
        while True:
            now = self._clock()
            while self._heap and self._heap[0].at <= now:
                due = heapq.heappop(self._heap)
                if not due.text.cancelled_at:
                    self._ready.put_nowait(due)
            wait = self._heap[0].at - now if self._heap else TICK * 4
            await asyncio.sleep(min(TICK * 4, max(TICK, wait)))

    async def _deliver(self) -> None:
        while True:
            due = await self._ready.get()
            body, headers = self.write(due.text, due.status)
            for _ in range(self._times(due, body)):
                status, _body = await self._webhooks.post(due.text.callback, body, headers)
                if 200 <= status < 300:
                    self._sent += 1
                else:
                    self._failed += 1

    def _times(self, due: _Due, body: bytes) -> int:
        """How often this callback goes out now: once, unless a fault says otherwise."""
        if due.disturbed:
            return 1
        fault = self._faults.take(Call("POST", due.text.callback, {}, body), on_callbacks=True)
        if fault is None:
            return 1
        if fault.fault == "callbacks_lost":
            self._lost += 1
            return 0
        if fault.fault == "callbacks_repeated":
            return REPEATS
        later = self._clock() + self._chance.random() * (fault.delay_s or 1.0)
        self._plan(later, due.text, due.status, disturbed=True)
        return 0


class TwilioDesk(CallbackDesk):
    """Sends what Twilio sends: forms, signed with the account's token."""

    def __init__(
        self,
        faults: FaultBook,
        clock: Clock,
        speed: float,
        mode: str,
        webhooks: Webhooks,
        tokens: Mapping[str, str],
    ) -> None:
        super().__init__(faults, clock, speed, mode, webhooks)
        self._tokens = tokens

    def stages(self, text: Text) -> list[tuple[float, str]]:
        if text.fate in FAILED_AT_TWILIO:
            return [(0.0, "queued"), (SENT, "failed")]
        return [(0.0, "queued"), (SENT, "sent"), (FINAL, "undelivered" if text.fate else "delivered")]

    def write(self, text: Text, status: str) -> tuple[bytes, dict[str, str]]:
        return self._signed(text.callback, status_fields(text, status, self._clock()), text.account)

    async def post(self, url: str, params: Mapping[str, str], account: str) -> tuple[int, str]:
        """Sign and send one webhook of an account's; returns status and body, (0, why) when nobody answered."""
        return await self._webhooks.post(url, *self._signed(url, params, account))

    def _signed(self, url: str, params: Mapping[str, str], account: str) -> tuple[bytes, dict[str, str]]:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1 (sandbox)",
            "X-Twilio-Signature": str(RequestValidator(self._tokens[account]).compute_signature(url, params)),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
        }
        return urlencode(params).encode(), headers


def status_fields(text: Text, status: str, now: float) -> dict[str, str]:
    """The fields of one status callback. Source: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status"""
    fields = {
        "AccountSid": text.account,
        "ApiVersion": API_VERSION,
        "From": text.sender,
        "MessageSid": text.id,
        "MessageStatus": status,
        "SmsSid": text.id,
        "SmsStatus": status,
        "To": text.to,
    }
    if text.service:
        fields["MessagingServiceSid"] = text.service
    if status in ("failed", "undelivered"):
        fields["ErrorCode"] = str(text.fate)
    if status in ("delivered", "undelivered"):
        fields["RawDlrDoneDate"] = moment(now).strftime("%y%m%d%H%M")
    return fields

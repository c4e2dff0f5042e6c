"""Signed requests from the provider to us: Twilio's status callbacks, in their time, and whatever else a webhook needs."""

import asyncio
import heapq
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from twilio.request_validator import RequestValidator

from channels.sandbox.exchange import Call
from channels.sandbox.faults import FaultBook
from channels.sandbox.state import Clock, moment
from channels.sandbox.texts import API_VERSION, FAILED_AT_TWILIO, FINAL, SENT, Text

#: all: queued, sent and the last one; final: only the last one; off: none.
MODES = ("all", "final", "off")
#: Webhooks open at once, and how long each may take (Twilio waits 15 s).
AT_ONCE = 64
TIMEOUT = 15.0
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


class CallbackDesk:
    """Sends every text's status changes to its StatusCallback, unless a fault loses, repeats or shuffles them."""

    def __init__(self, faults: FaultBook, tokens: Mapping[str, str], clock: Clock, speed: float, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"callbacks are one of {', '.join(MODES)}, not {mode!r}")
        self._faults, self._tokens, self._clock, self._speed, self._mode = faults, tokens, clock, speed, mode
        self._heap: list[_Due] = []
        self._order = 0
        self._ready: asyncio.Queue[_Due] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._session: ClientSession | None = None
        self._chance = random.Random(2011)
        self._sent = self._failed = self._lost = 0

    async def start(self) -> None:
        """Begin to send; needs the running loop."""
        self._session = ClientSession(
            connector=TCPConnector(limit=AT_ONCE),
            timeout=ClientTimeout(total=TIMEOUT),
            cookie_jar=DummyCookieJar(),
            trust_env=False,
        )
        self._tasks = [asyncio.create_task(self._pump())]
        if self._mode != "off":
            self._tasks += [asyncio.create_task(self._deliver()) for _ in range(AT_ONCE)]

    async def stop(self) -> None:
        """End at once; what is still to be sent is dropped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def follow(self, text: Text) -> None:
        """Plan the callbacks of a new text."""
        if not text.callback or self._mode == "off":
            return
        last = "undelivered" if text.fate else "delivered"
        plan = [(0.0, "queued"), (SENT, "sent"), (FINAL, last)]
        if text.fate in FAILED_AT_TWILIO:
            plan = [(0.0, "queued"), (SENT, "failed")]
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
        waiting = len(self._heap) + self._ready.qsize()
        return {
            "callbacks": self._sent,
            "callbacks_failed": self._failed,
            "callbacks_lost": self._lost,
            "callbacks_waiting": waiting,
        }

    async def post(self, url: str, params: Mapping[str, str], account: str) -> tuple[int, str]:
        """Sign and send one webhook; returns status and body, (0, why) when nobody answered."""
        signature = str(RequestValidator(self._tokens[account]).compute_signature(url, params))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1 (sandbox)",
            "X-Twilio-Signature": signature,
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
        }
        return await self.fetch(url, urlencode(params).encode(), headers)

    async def fetch(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """POST; like Twilio, tries once more when no connection came about, and follows no redirect."""
        if self._session is None:
            return 0, "not started"
        for attempt in (1, 2):
            try:
                async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                    return response.status, await response.text(errors="replace")
            except ClientConnectorError as error:
                if attempt == 2:
                    return 0, str(error)
            except (ClientError, TimeoutError, ValueError) as error:
                return 0, f"{type(error).__name__}: {error}"
        return 0, ""

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
            params = status_fields(due.text, due.status, self._clock())
            for _ in range(self._times(due, params)):
                status, _body = await self.post(due.text.callback, params, due.text.account)
                if 200 <= status < 300:
                    self._sent += 1
                else:
                    self._failed += 1

    def _times(self, due: _Due, params: Mapping[str, str]) -> int:
        """How often this callback goes out now: once, unless a fault says otherwise."""
        if due.disturbed:
            return 1
        fault = self._faults.take(Call("POST", due.text.callback, {}, urlencode(params).encode()), on_callbacks=True)
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


def status_fields(text: Text, status: str, now: float) -> dict[str, str]:
    """The fields of one status callback, as Twilio sends them."""
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

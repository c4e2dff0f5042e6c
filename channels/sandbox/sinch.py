"""Sinch's REST API for texts, version 1: batches taken, listed and read back, and what became of each.

Shapes and codes are those of https://developers.sinch.com/docs/sms/api-reference/sms/batches and …/sms/delivery-reports.
"""

import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from sys import intern
from typing import Any, ClassVar

from channels.sandbox.exchange import Call, Reply, json_reply
from channels.sandbox.faults import Fault
from channels.sandbox.sinch_callbacks import SinchDesk, end_of, outcome, resource, told
from channels.sandbox.sinch_inbound import Postbox
from channels.sandbox.sinch_rules import Rejection, SinchSettings, check_batch
from channels.sandbox.state import Clock, iso
from channels.sandbox.texting import Texting
from channels.sandbox.texts import Text
from channels.sandbox.webhooks import Webhooks

_ROUTE = re.compile(r"/xms/v1/([^/]+)/(batches|delivery_reports)(?:/(\w+)(/delivery_report)?)?")
#: Entries of a page when nobody asks, and the most that one holds.
PAGE, MAX_PAGE = 30, 100
#: A list begins so many seconds back when nobody says where.
LOOK_BACK = 86_400.0


class Sinch(Texting):
    """Sinch's side of the sandbox. `adopt` takes any service plan and remembers its first token."""

    name: ClassVar[str] = "sinch"

    def __init__(
        self,
        settings: SinchSettings,
        clock: Clock,
        speed: float,
        callbacks: str,
        webhooks: Webhooks,
        adopt: bool = False,
    ) -> None:
        super().__init__(clock, speed)
        self.settings = settings
        self.adopt = adopt
        self.tokens = {settings.service_plan_id: settings.api_token}
        self._by_reference: defaultdict[str, list[Text]] = defaultdict(list)
        signing = {settings.service_plan_id: settings.callback_secret}
        self.desk = SinchDesk(self.faults, clock, speed, callbacks, webhooks, signing)
        self.postbox = Postbox(self)

    # -- what the provider is asked ---------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """Route one request; every refusal but 401 is Sinch's JSON with code and text."""
        try:
            return self._answer(call)
        except Rejection as rejection:
            return rejection.reply()

    def _answer(self, call: Call) -> Reply:
        route = _ROUTE.fullmatch(call.path)
        if route is None:
            raise Rejection("resource_not_found", call.path)
        plan, kind, batch_id, report = route.groups()
        self._admit(plan, call)
        match call.method, kind, batch_id, report:
            case "POST", "batches", None, None:
                return self._create(plan, call)
            case "GET", "batches", None, None:
                return self._list(plan, call)
            case "GET", "batches", str(), None:
                return json_reply(resource(self._find(plan, batch_id)))
            case "GET", "batches", str(), str():
                return self._report(self._find(plan, batch_id))
            case "GET", "delivery_reports", None, None:
                return self._reports(plan, call)
        raise Rejection("method_not_allowed", call.method)

    def _admit(self, plan: str, call: Call) -> None:
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if self.adopt and token and plan not in self.tokens:
            self.tokens[plan] = token
        if scheme != "Bearer" or not token or self.tokens.get(plan) != token:
            raise Rejection("unauthorized", "")

    def _create(self, plan: str, call: Call) -> Reply:
        now = self.clock()
        if self.too_many(now, self.settings.rate_per_second):
            raise Rejection("too_many_requests", "Too many requests", retry_after=1)
        try:
            raw = call.json()
        except ValueError:
            raise Rejection("syntax_invalid_json", "The request body is not JSON") from None
        draft = check_batch(raw, self.settings, now)
        text = Text(
            id=secrets.token_hex(13).upper(),
            account=intern(plan),  # a million texts say the same: kept once
            to=draft.to,
            sender=intern(draft.sender),
            text=intern(draft.body),
            at=now,
            callback=draft.callback if draft.report.startswith("per_recipient") else "",
            reference=draft.reference,
            fate=draft.fate,
        )
        self.remember(text)
        self.desk.follow(text)
        return json_reply(resource(text) | told(draft), 201)

    def _find(self, plan: str, batch_id: str) -> Text:
        text = self._texts.get(batch_id)
        if text is None or text.account != plan or text.direction == "inbound" or not self.visible(text.at):
            raise Rejection("resource_not_found", "The batch was not found")
        return text

    def _report(self, text: Text) -> Reply:
        state, code = outcome(text, self.clock(), self.speed)
        entry = {"code": code, "status": state, "count": 1}
        body = {
            "type": "delivery_report_sms",
            "batch_id": text.id,
            "total_message_count": 1,
            "statuses": [entry],
            "client_reference": text.reference,
        }
        return json_reply(body)

    def _list(self, plan: str, call: Call) -> Reply:
        return _page(call, "batches", list(self._wanted(plan, call)), resource)

    def _reports(self, plan: str, call: Call) -> Reply:
        now = self.clock()
        ended = [text for text in self._wanted(plan, call) if outcome(text, now, self.speed) == end_of(text)]
        return _page(call, "delivery_reports", ended, lambda text: self.desk.report(text, *end_of(text)))

    def _wanted(self, plan: str, call: Call) -> Iterator[Text]:
        """Newest first, from `start_date` to before `end_date`."""
        earliest = _moment(call.query.get("start_date", ""), self.clock() - LOOK_BACK)
        latest = _moment(call.query.get("end_date", ""), float("inf"))
        reference = call.query.get("client_reference")
        found = self._texts.newest() if reference is None else reversed(self._by_reference.get(reference, []))
        for text in found:
            if text.at < earliest:
                return
            if text.at < latest and text.account == plan and text.direction != "inbound" and self.visible(text.at):
                yield text

    # -- what it remembers ------------------------------------------------------------------------------------------

    def remember(self, text: Text) -> None:
        """Put a text into the ledger, into its phone's thread, and under its sender's reference."""
        super().remember(text)
        if text.reference:
            self._by_reference[text.reference].append(text)

    def _forget(self, text: Text) -> None:
        super()._forget(text)
        self._by_reference.pop(text.reference, None)

    def status(self, text: Text) -> str:
        """Sinch's word."""
        return "received" if text.direction == "inbound" else outcome(text, self.clock(), self.speed)[0]

    def refuse(self, fault: Fault) -> Reply:
        """Sinch's own shape for a fault."""
        status = fault.status if fault.fault == "error" else int(fault.fault[:3])
        code = {401: "unauthorized", 402: "blocked_account", 429: "too_many_requests"}.get(status, f"error_{status}")
        wait = int(fault.delay_s) or 1 if status == 429 else None
        return Rejection(code, "as the drill asked", status, wait).reply()

    def sent(self) -> Iterator[dict[str, Any]]:
        """What phones were sent; also from, status, error_code, segments, callback and reference."""
        now = self.clock()
        for text in self._texts:
            if text.direction != "inbound":
                state, code = outcome(text, now, self.speed)
                yield {
                    "provider": self.name,
                    "to": text.to,
                    "text": text.text,
                    "id": text.id,
                    "at": iso(text.at),
                    "in_reply_to": text.in_reply_to or None,
                    "from": text.sender,
                    "status": state,
                    "error_code": code if code not in (0, 400, 401) else None,
                    "segments": text.segments,
                    "callback": text.callback,
                    "reference": text.reference,
                }

    def clear(self) -> None:
        """Forget texts and callbacks still to be sent."""
        super().clear()
        self._by_reference.clear()
        self.desk.clear()

    def counters(self) -> dict[str, Any]:
        """How many texts are remembered, and how callbacks fared."""
        return {**super().counters(), **self.desk.counters()}

    async def inbound(self, payload: dict[str, Any]) -> Reply:
        """A resident's text: `{from, to, body, url?}`."""
        return await self.postbox.receive(payload)


def _page(call: Call, name: str, texts: Sequence[Text], row: Callable[[Text], dict[str, Any]]) -> Reply:
    raw_page, raw_size = call.query.get("page", "0"), call.query.get("page_size", str(PAGE))
    page = int(raw_page) if raw_page.isdecimal() else 0
    size = min(MAX_PAGE, max(1, int(raw_size))) if raw_size.isdecimal() else PAGE
    shown = [row(text) for text in texts[page * size : (page + 1) * size]]
    return json_reply({"count": len(texts), "page": page, "page_size": len(shown), name: shown})


def _moment(raw: str, otherwise: float) -> float:
    if not raw:
        return otherwise
    try:
        moment = datetime.fromisoformat(raw.replace("Z", "+00:00"))
    except ValueError:
        raise Rejection("syntax_invalid_parameter_format", "the date is not an ISO 8601 time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

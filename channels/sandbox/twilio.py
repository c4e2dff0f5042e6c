"""Twilio's Programmable Messaging REST API, version 2010-04-01: messages taken, listed, read back, redacted, cancelled.

Shapes and codes are those of https://www.twilio.com/docs/messaging/api/message-resource and https://www.twilio.com/docs/api/errors.
"""

import base64
import re
import secrets
from collections.abc import Iterator
from sys import intern
from typing import Any, ClassVar

from channels.sandbox.callbacks import TwilioDesk
from channels.sandbox.exchange import Call, Reply, json_reply
from channels.sandbox.faults import Fault
from channels.sandbox.inbound import Inbox
from channels.sandbox.state import Clock, iso
from channels.sandbox.texting import Texting
from channels.sandbox.texts import Text, listed
from channels.sandbox.twilio_lists import account_resource, message_page, number_page, page_size, take_page, token_of
from channels.sandbox.twilio_rules import Rejection, TwilioSettings, check_message, reject
from channels.sandbox.webhooks import Webhooks

_ROUTE = re.compile(r"/2010-04-01/Accounts/([^/]+?)(?:/(Messages|IncomingPhoneNumbers)(?:/(\w+))?)?\.json")


class Twilio(Texting):
    """Twilio's side of the sandbox. `adopt` takes any well-formed account and remembers its first token."""

    name: ClassVar[str] = "twilio"

    def __init__(
        self,
        settings: TwilioSettings,
        clock: Clock,
        speed: float,
        callbacks: str,
        webhooks: Webhooks,
        adopt: bool = False,
    ) -> None:
        super().__init__(clock, speed)
        self.settings = settings
        self.adopt = adopt
        self.tokens = {settings.account_sid: settings.auth_token}
        self._own_numbers: set[str] = set()
        self.opted_out: set[tuple[str, str]] = set()
        self.desk = TwilioDesk(self.faults, clock, speed, callbacks, webhooks, self.tokens)
        self.inbox = Inbox(self)
        self._admitted: dict[str, str] = {}

    # -- what the provider is asked ---------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """Route one request; every refusal is Twilio's JSON with code, message, more_info and status."""
        try:
            return self._answer(call)
        except Rejection as rejection:
            return rejection.reply()

    def _answer(self, call: Call) -> Reply:
        route = _ROUTE.fullmatch(call.path)
        if route is None:
            raise reject(20404, call.path)
        account, resource, sid = route.groups()
        self._admit(account, call)
        match call.method, resource, sid:
            case "POST", "Messages", None:
                return self._create(account, call)
            case "GET", "Messages", None:
                return self._list(account, call)
            case "GET", "Messages", str():
                return json_reply(self._find(account, sid, call).as_json(self.clock(), self.speed))
            case "POST", "Messages", str():
                return self._update(account, sid, call)
            case "DELETE", "Messages", str():
                self._find(account, sid, call).deleted = True
                return Reply(204)
            case "GET", "IncomingPhoneNumbers", None:
                return json_reply(number_page(account, self.settings.senders))
            case "GET", None, None:
                return json_reply(account_resource(account))
        raise reject(20004, call.method)

    def _admit(self, account: str, call: Call) -> None:
        """Check basic authentication; an account other than one's own looks like one that does not exist."""
        header = call.headers.get("Authorization", "")
        user = self._admitted.get(header)
        if user is None:
            user, token = _credentials(header)
            if self.adopt and user not in self.tokens and re.fullmatch(r"AC[0-9a-fA-F]{32}", user) and token:
                self.tokens[user] = token
            if not user or self.tokens.get(user) != token:
                raise reject(20003)
            self._admitted[header] = user
        if user != account:
            raise reject(20404, call.path)

    def _create(self, account: str, call: Call) -> Reply:
        now = self.clock()
        if self.too_many(now, self.settings.rate_per_second):
            raise reject(20429, retry_after=1)
        form = call.form
        draft = check_message(form, self.settings, self.opted_out)
        text = Text(
            id="SM" + secrets.token_hex(16),
            account=intern(account),  # a million texts say the same: kept once
            to=draft.to,
            sender=intern(draft.sender),
            service=intern(draft.service),
            text=intern(draft.body),
            at=now,
            callback=draft.callback,
            fate=draft.fate,
        )
        self.remember(text)
        self.desk.follow(text)
        headers = {
            "Twilio-Request-Id": "RQ" + secrets.token_hex(16),
            "Twilio-Concurrent-Requests": str(self.stats.in_flight),
        }
        return json_reply(text.as_json(now, self.speed), 201, headers)

    def _find(self, account: str, sid: str, call: Call) -> Text:
        text = self._texts.get(sid)
        if text is None or text.account != account or text.deleted or not self.visible(text.at):
            raise reject(20404, call.path)
        return text

    def _update(self, account: str, sid: str, call: Call) -> Reply:
        text = self._find(account, sid, call)
        now = self.clock()
        if "Status" in call.form:
            if call.form["Status"] != "canceled" or text.status(now, self.speed) not in (
                "accepted",
                "queued",
                "scheduled",
            ):
                raise reject(30409)
            text.cancelled_at = now
        if call.form.get("Body") == "":
            text.redacted = True
        elif "Body" in call.form:
            raise reject(20001, "Body may only be emptied")
        return json_reply(text.as_json(now, self.speed))

    def _list(self, account: str, call: Call) -> Reply:
        now = self.clock()
        after = self._texts.get(token_of(call))
        wanted = (
            text
            for text in self._candidates(call.query.get("To"), None if after is None else after.seq)
            if text.account == account and not text.deleted and self.visible(text.at)
            if listed(text, call.query, now, self.speed)
        )
        shown, more = take_page(wanted, page_size(call))
        rows = [text.as_json(now, self.speed) for text in shown]
        return json_reply(message_page(account, call, shown, more, rows))

    def _candidates(self, to: str | None, before: int | None) -> Iterator[Text]:
        if to is None:
            return self._texts.newest(before)
        if to in self._own_numbers:
            return (text for text in self._texts.newest(before) if text.to == to)
        return (text for text in reversed(self.thread(to)) if before is None or text.seq < before)

    # -- what it remembers ------------------------------------------------------------------------------------------

    def remember(self, text: Text) -> None:
        """Put a text into the ledger and into its phone's thread."""
        super().remember(text)
        if text.direction == "inbound":
            self._own_numbers.add(text.to)

    def status(self, text: Text) -> str:
        """Twilio's word."""
        return text.status(self.clock(), self.speed)

    def refuse(self, fault: Fault) -> Reply:
        """Twilio's own shape for a fault."""
        status = fault.status if fault.fault == "error" else int(fault.fault[:3])
        code = fault.code or {401: 20003, 402: 20006, 429: 20429}.get(status, 20500)
        return Rejection(code, status=status, retry_after=int(fault.delay_s) or 1 if status == 429 else None).reply()

    def sent(self) -> Iterator[dict[str, Any]]:
        """What phones were sent; also from, status, error_code, segments, callback, and auto: Twilio's own words."""
        now = self.clock()
        for text in self._texts:
            if text.direction != "inbound":
                yield {
                    "provider": self.name,
                    "to": text.to,
                    "text": text.text,
                    "id": text.id,
                    "at": iso(text.at),
                    "in_reply_to": text.in_reply_to or None,
                    "from": text.sender or text.service,
                    "status": text.status(now, self.speed),
                    "error_code": text.error_code(now, self.speed),
                    "segments": text.segments,
                    "callback": text.callback,
                    "auto": text.auto,
                }

    def clear(self) -> None:
        """Forget texts, opt-outs and callbacks still to be sent."""
        super().clear()
        self.opted_out.clear()
        self.desk.clear()

    def counters(self) -> dict[str, Any]:
        """How many texts are remembered, and how callbacks fared."""
        return {**super().counters(), "opted_out": len(self.opted_out), **self.desk.counters()}

    async def inbound(self, payload: dict[str, Any]) -> Reply:
        """A resident's text: `{from, to, body, url?}`."""
        return await self.inbox.receive(payload)


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, token = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, token

"""A resident texts back: the signed webhook, Twilio's own STOP, START and HELP, and the TwiML that answers."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.sandbox.exchange import Reply, json_reply
from channels.sandbox.texts import API_VERSION, Text

if TYPE_CHECKING:
    from channels.sandbox.twilio import Twilio

#: Twilio's default keywords: a text that is exactly one of these words, in any case.
#: Source: https://help.twilio.com/articles/223134027
STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})
STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


class Inbox:
    """Texts from residents to the numbers of a Twilio account."""

    def __init__(self, provider: "Twilio") -> None:
        self._provider = provider
        #: Where texts are announced, unless the text itself names a `url`.
        self.default_url: Callable[[], str] = str

    async def receive(self, payload: dict[str, Any]) -> Reply:
        """Take `{from, to, body, url?}`; answer `{sid, status, replies, opted_out}`. ValueError on a missing field."""
        sender, to, body, url = self._provider.addressed(payload)
        text = self._record(sender, to, body, direction="inbound")
        replies = self._keyword(text)
        url = url or self.default_url()
        status, answer = 0, ""
        if url:
            status, answer = await self._provider.desk.post(url, inbound_fields(text), text.account)
            if 200 <= status < 300:
                replies += self._obey(answer, text)
        opted_out = (text.sender, text.to) in self._provider.opted_out
        shown = [{"to": r.to, "text": r.text, "id": r.id, "auto": r.auto} for r in replies]
        return json_reply({"sid": text.id, "status": status, "replies": shown, "opted_out": opted_out})

    def _account(self, number: str, phone: str) -> str:
        thread = self._provider.thread(phone)
        return next((t.account for t in reversed(thread) if t.sender == number), self._provider.settings.account_sid)

    def _record(self, sender: str, to: str, body: str, direction: str, reply_to: str = "", auto: bool = False) -> Text:
        provider = self._provider
        phone, number = (sender, to) if direction == "inbound" else (to, sender)
        text = Text(
            id="SM" + secrets.token_hex(16),
            account=self._account(number, phone),
            to=to,
            sender=sender,
            text=body,
            at=provider.clock(),
            direction=direction,
            in_reply_to=reply_to,
            auto=auto,
        )
        provider.remember(text)
        return text

    def _keyword(self, text: Text) -> list[Text]:
        """Do what Twilio does by itself, before anybody's webhook is asked."""
        provider, word = self._provider, text.text.strip().upper()
        senders = {text.to} | {t.service for t in provider.thread(text.sender) if t.service and t.sender == text.to}
        pairs = {(text.sender, sender) for sender in senders}
        if word in STOP:
            provider.opted_out |= pairs
            return [self._auto(text, STOPPED)]
        if word in START:
            was_out = bool(provider.opted_out & pairs)
            provider.opted_out -= pairs
            return [self._auto(text, STARTED)] if was_out else []
        return [self._auto(text, HELPED)] if word in HELP else []

    def _auto(self, text: Text, words: str) -> Text:
        return self._record(text.to, text.sender, words, "outbound-reply", text.id, auto=True)

    def _obey(self, twiml: str, text: Text) -> list[Text]:
        """Send the <Message> replies of a TwiML answer; none to a phone that has opted out, as Twilio refuses those."""
        replies = []
        for message in _messages(twiml):
            to = message.get("to") or text.sender
            sender = message.get("from") or text.to
            body = "".join(part.text or "" for part in message.iter("Body")) or (message.text or "").strip()
            if body and (to, sender) not in self._provider.opted_out:
                replies.append(self._record(sender, to, body, "outbound-reply", text.id))
        return replies


def _messages(twiml: str) -> list[Element]:
    try:
        root = fromstring(twiml)
    except (ParseError, DefusedXmlException):
        return []
    return [child for child in root if child.tag in ("Message", "Sms")] if root.tag == "Response" else []


def inbound_fields(text: Text) -> dict[str, str]:
    """The fields of Twilio's webhook for an incoming text."""
    return {
        "AccountSid": text.account,
        "ApiVersion": API_VERSION,
        "Body": text.text,
        "From": text.sender,
        "MessageSid": text.id,
        "NumMedia": "0",
        "NumSegments": str(text.segments),
        "SmsMessageSid": text.id,
        "SmsSid": text.id,
        "SmsStatus": "received",
        "To": text.to,
        "ToCity": "",
        "ToCountry": "",
        "FromCity": "",
        "FromCountry": "",
    }

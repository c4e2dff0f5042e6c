"""A resident texts a number of Sinch's: the event that Sinch posts to the plan's callback address."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from channels.sandbox.exchange import Reply, json_reply
from channels.sandbox.sinch_callbacks import when
from channels.sandbox.texts import Text

if TYPE_CHECKING:
    from channels.sandbox.sinch import Sinch


class Postbox:
    """Texts from residents. Sinch passes every word on, STOP too: whoever runs the service must keep to it."""

    def __init__(self, provider: "Sinch") -> None:
        self._provider = provider
        #: Where texts are announced, unless the text itself names a `url`.
        self.default_url: Callable[[], str] = str

    async def receive(self, payload: dict[str, Any]) -> Reply:
        """Take `{from, to, body, url?}`; answer `{id, status}`. ValueError on a missing field."""
        sender, to, body, url = self._provider.addressed(payload)
        thread = self._provider.thread(sender)
        text = Text(
            id=secrets.token_hex(13).upper(),
            account=next((text.account for text in reversed(thread)), self._provider.settings.service_plan_id),
            to=to,
            sender=sender,
            text=body,
            at=self._provider.clock(),
            direction="inbound",
        )
        self._provider.remember(text)
        url, status = url or self.default_url(), 0
        if url:
            status, _ = await self._provider.desk.post(url, inbound_event(text), text.account)
        return json_reply({"id": text.id, "status": status})


def inbound_event(text: Text) -> dict[str, Any]:
    """The event of an incoming text. Source: https://developers.sinch.com/docs/sms/api-reference/sms/webhooks"""
    return {
        "type": "mo_text",
        "id": text.id,
        "from": text.sender.removeprefix("+"),
        "to": text.to.removeprefix("+"),
        "body": text.text,
        "received_at": when(text.at),
    }

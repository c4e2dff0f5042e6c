"""The page that shows what residents would have seen: phones, X, Facebook."""

from collections.abc import Callable

from channels.sandbox.exchange import Call, Reply
from channels.sandbox.facebook import Facebook
from channels.sandbox.twilio import Twilio
from channels.sandbox.x import X


class Residents:
    """Renders the page from what the providers remember."""

    def __init__(self, twilio: Twilio, x: X, facebook: Facebook, status_url: Callable[[], str]) -> None:
        self._twilio, self._x, self._facebook, self._status_url = twilio, x, facebook, status_url

    def answer(self, call: Call) -> Reply | None:
        """The page, its style or a picture; None for any other address."""
        return None

"""What the carriers of texts share: a ledger of texts, each phone's thread, and a limit on how many they take in a second."""

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from channels.sandbox.provider import Provider
from channels.sandbox.state import Clock, Ledger
from channels.sandbox.texts import Text


class Texting(Provider):
    """A provider that sends texts to phones. `speed` divides its delays."""

    def __init__(self, clock: Clock, speed: float) -> None:
        super().__init__(clock)
        self.speed = speed
        self._texts: Ledger[Text] = Ledger(forget=self._forget)
        self._by_phone: defaultdict[str, list[Text]] = defaultdict(list)
        self._second, self._in_second = 0, 0

    @abstractmethod
    def status(self, text: Text) -> str:
        """Where a text is now, in the provider's own word."""

    def remember(self, text: Text) -> None:
        """Put a text into the ledger and into its phone's thread."""
        self._texts.add(text)
        self._by_phone[text.phone].append(text)

    def thread(self, phone: str) -> list[Text]:
        """All texts to and from one phone, oldest first."""
        return self._by_phone.get(phone, [])

    def addressed(self, payload: Mapping[str, Any]) -> tuple[str, str, str, str]:
        """Who texts whom, what, and to which URL it is told, of `{from, to, body, url?}`; without `to` the last that texted this phone.

        ValueError names what is missing.
        """
        sender, to, body, url = (str(payload.get(name) or "") for name in ("from", "to", "body", "url"))
        if not sender:
            raise ValueError("from, to and body are needed")
        to = to or next((text.sender for text in reversed(self.thread(sender)) if text.direction != "inbound"), "")
        if not to:
            raise ValueError("to is needed: nobody has texted this phone yet")
        return sender, to, body, url

    def phones(self) -> set[str]:
        """Phones that have texts."""
        return set(self._by_phone)

    def texts(self) -> Ledger[Text]:
        """All texts, both ways."""
        return self._texts

    def clear(self) -> None:
        """Forget all texts."""
        self._texts.clear()
        self._by_phone.clear()

    def counters(self) -> dict[str, Any]:
        """How many texts are remembered."""
        return {"recorded": len(self._texts)}

    def too_many(self, now: float, most: int | None) -> bool:
        """Count one more in this second; True when it is over `most` (None: no limit)."""
        if most is None:
            return False
        if int(now) != self._second:
            self._second, self._in_second = int(now), 0
        self._in_second += 1
        return self._in_second > most

    def _forget(self, text: Text) -> None:
        thread = self._by_phone[text.phone]
        thread.remove(text)
        if not thread:
            del self._by_phone[text.phone]

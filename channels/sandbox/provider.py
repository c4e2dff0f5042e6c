"""What the providers share: the control addresses under `/_…` that drills and tests use."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

from channels.sandbox.exchange import Call, Reply, json_reply
from channels.sandbox.faults import Fault, FaultBook
from channels.sandbox.state import Clock, Stats


class Provider(ABC):
    """One provider's API and what it remembers. All methods run in one event loop; none blocks."""

    name: ClassVar[str]

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.faults = FaultBook()
        self.stats = Stats()
        #: Seconds until what was taken shows up in lists and read-backs.
        self.lag = 0.0

    @abstractmethod
    def answer(self, call: Call) -> Reply:
        """Answer a request as the provider would."""

    @abstractmethod
    def refuse(self, fault: Fault) -> Reply:
        """The provider's own words for fault 401, 402, 429, 500, 503 or `error`."""

    @abstractmethod
    def sent(self) -> Iterator[dict[str, Any]]:
        """Everything that residents were sent, oldest first: provider, to, text, id, at, in_reply_to and extras."""

    @abstractmethod
    def clear(self) -> None:
        """Forget every record."""

    @abstractmethod
    async def inbound(self, payload: dict[str, Any]) -> Reply:
        """A resident writes: `from` and the text, as `/_inbound` got them."""

    def counters(self) -> dict[str, Any]:
        """Extra numbers for `/_stats`."""
        return {}

    def visible(self, at: float) -> bool:
        """True when a record of that time has come through the provider's lag."""
        return self.clock() - at >= self.lag

    async def control(self, call: Call) -> Reply:
        """Answer an address under `/_`; a wrong body is a 400 that says why.

        A page of another origin in somebody's browser may not change anything.
        """
        origin = call.headers.get("Origin")
        if origin and call.method != "GET" and urlsplit(origin).netloc != call.headers.get("Host"):
            return json_reply({"error": "not from another origin"}, 403)
        try:
            return await self._control(call)
        except (ValueError, TypeError) as error:
            return json_reply({"error": str(error)}, 400)

    async def _control(self, call: Call) -> Reply:
        match call.method, call.path:
            case "GET", "/_sent":
                return Reply(content_type="application/json; charset=utf-8", rows=self.sent())
            case "GET", "/_faults":
                return json_reply(self.faults.listed())
            case "POST", "/_faults":
                self.faults.set(call.json(), keep="add" in call.query)
                return json_reply(self.faults.listed())
            case "DELETE", "/_faults":
                self.faults.set([])
                return json_reply([])
            case "POST", "/_reset":
                self.reset()
                return json_reply({"reset": self.name})
            case "GET", "/_stats":
                return json_reply(self._numbers())
            case "POST", "/_lag":
                self.lag = _seconds(call.json())
                return json_reply({"seconds": self.lag})
            case "POST", "/_inbound":
                payload = call.json()
                if not isinstance(payload, dict):
                    raise ValueError("an object is needed")
                return await self.inbound(payload)
        return json_reply({"error": f"{call.method} {call.path} is not known here"}, 404)

    def reset(self) -> None:
        """As new: no records, no faults, no lag, counters at zero."""
        self.clear()
        self.faults.set([])
        self.lag = 0.0
        self.stats.restart()

    def _numbers(self) -> dict[str, Any]:
        stats = self.stats
        return {
            "provider": self.name,
            "requests": stats.total,
            "per_second_peak": stats.per_second_peak,
            "in_flight": stats.in_flight,
            "in_flight_peak": stats.in_flight_peak,
            "first_at": stats.first_at,
            "last_at": stats.last_at,
            **self.counters(),
        }


def _seconds(payload: object) -> float:
    value = payload.get("seconds") if isinstance(payload, dict) else payload
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 86_400:
        raise ValueError("seconds is a number from 0 to 86400")
    return float(value)

"""Plain calls to a running provider's control addresses, for tests, drills and the demo."""

import json
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

TIMEOUT = 30.0


class Control:
    """One provider, by its URL."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        # Loopback never goes through a proxy, whatever the environment says.
        self._open = build_opener(ProxyHandler({})).open

    def sent(self) -> list[dict[str, Any]]:
        """Everything sent to residents, oldest first."""
        found: list[dict[str, Any]] = self._call("GET", "/_sent")
        return found

    def fault(self, match: str, fault: str, count: int | None = 1, delay_s: float = 0.0, **more: Any) -> None:
        """Add one fault to those that stand. HTTPError 400 when it is not one."""
        self._call(
            "POST", "/_faults?add=1", [{"match": match, "fault": fault, "count": count, "delay_s": delay_s, **more}]
        )

    def faults(self, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Replace all faults; an empty list lifts them."""
        found: list[dict[str, Any]] = self._call("POST", "/_faults", rules)
        return found

    def reset(self) -> None:
        """As new."""
        self._call("POST", "/_reset", {})

    def stats(self) -> dict[str, Any]:
        """Counters."""
        found: dict[str, Any] = self._call("GET", "/_stats")
        return found

    def lag(self, seconds: float) -> None:
        """Let what is taken show up in lists only that much later."""
        self._call("POST", "/_lag", {"seconds": seconds})

    def inbound(self, **fields: Any) -> dict[str, Any]:
        """A resident writes: `from_`, and `to`, `body` (Twilio) or `text`, `in_reply_to` (X, Facebook)."""
        payload = {name.rstrip("_"): value for name, value in fields.items()}
        found: dict[str, Any] = self._call("POST", "/_inbound", payload)
        return found

    def _call(self, method: str, path: str, payload: object | None = None) -> Any:
        body = None if payload is None else json.dumps(payload).encode()
        # The address is the caller's own sandbox.
        request = Request(  # noqa: S310
            self.url + path, data=body, method=method, headers={"Content-Type": "application/json"}
        )
        with self._open(request, timeout=TIMEOUT) as response:
            return json.load(response)

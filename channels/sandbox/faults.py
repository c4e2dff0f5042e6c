"""Faults on demand: which requests a provider spoils, how, and how many of them."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote_plus

from channels.sandbox.exchange import Call

#: fault -> what happens to a request that matches. "Recorded" means that the provider really did it.
FAULTS: dict[str, str] = {
    "latency": "done at once, answered `delay_s` later",
    "hang": "not recorded, never answered (cut after `delay_s`, if given)",
    "hang_after": "recorded, never answered (cut after `delay_s`, if given)",
    "drop_before": "connection cut before recording",
    "drop_after": "recorded, then the connection is cut",
    "401": "refused: credentials",
    "402": "refused: out of credits",
    "429": "refused: rate limit; `delay_s` goes into the provider's own retry header",
    "500": "not recorded, answered 500",
    "503": "not recorded, answered 503",
    "500_after": "recorded, answered 500",
    "503_after": "recorded, answered 503",
    "error": "refused with `status` and the provider's own error `code`",
    "not_json": "recorded, answered 200 with a page of HTML",
    "empty": "recorded, answered 200 with nothing",
    "callbacks_lost": "a callback about a text that is never sent",
    "callbacks_repeated": "a callback sent three times",
    "callbacks_shuffled": "a callback sent at a random time within `delay_s` (default 1 s), overtaking others",
}
MAX_FAULTS = 200


@dataclass(slots=True)
class Fault:
    """One rule. `match` is a part of "METHOD path?query body", raw or decoded, or a `/regular expression/` over it.

    `count` is how many requests it still spoils, None until reset. `delay_s` is in seconds.
    """

    match: str
    fault: str
    count: int | None = 1
    delay_s: float = 0.0
    status: int = 400
    code: int = 0
    hits: int = 0

    @classmethod
    def read(cls, raw: object) -> "Fault":
        """Check one rule as posted; ValueError says what is wrong with it."""
        if not isinstance(raw, Mapping):
            raise ValueError(f"a fault is an object, not {raw!r}")
        unknown = set(raw) - {"match", "fault", "count", "delay_s", "status", "code", "hits"}
        if unknown:
            raise ValueError(f"unknown key {', '.join(sorted(map(str, unknown)))}")
        name = str(raw.get("fault", ""))
        if name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}; there are: {', '.join(FAULTS)}")
        count = raw.get("count", 1)
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
            raise ValueError("count is a whole number, or null: until reset")
        rule = cls(
            match=str(raw.get("match") or ""),
            fault=name,
            count=count,
            delay_s=_number(raw, "delay_s"),
            status=int(_number(raw, "status", 400)),
            code=int(_number(raw, "code")),
        )
        if not 400 <= rule.status <= 599:
            raise ValueError("status is from 400 to 599")
        rule.pattern()
        return rule

    def pattern(self) -> re.Pattern[str]:
        """The compiled rule; ValueError when the expression is broken."""
        inner = self.match[1:-1] if len(self.match) > 2 and self.match[0] == self.match[-1] == "/" else None
        try:
            return re.compile(re.escape(self.match) if inner is None else inner, re.DOTALL)
        except re.error as error:
            raise ValueError(f"{self.match}: {error}") from None

    @property
    def on_callbacks(self) -> bool:
        """True when it spoils what the provider sends, not what it is asked."""
        return self.fault.startswith("callbacks_")

    @property
    def recorded(self) -> bool:
        """True when the provider really does what was asked before it spoils the answer."""
        return self.fault in ("latency", "not_json", "empty") or self.fault.endswith("_after")


def _number(raw: Mapping[str, Any], key: str, default: float = 0.0) -> float:
    value = raw.get(key, default)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 86_400:
        raise ValueError(f"{key} is a number from 0 to 86400")
    return float(value)


def wording(call: Call) -> str:
    """What a rule is matched against: the request as on the wire, then once more decoded."""
    raw = f"{call.method} {call.target} {call.body[:65_536].decode('utf-8', 'replace')}"
    return f"{raw}\n{unquote_plus(raw)}"


class FaultBook:
    """The rules of one provider, first match first."""

    def __init__(self) -> None:
        self._rules: list[tuple[re.Pattern[str], Fault]] = []

    def set(self, raw: object, keep: bool = False) -> None:
        """Replace all rules by this list, or with `keep` put it behind them.

        ValueError names the place of the first wrong one; then nothing has changed.
        """
        if not isinstance(raw, list) or len(raw) > MAX_FAULTS:
            raise ValueError(f"faults are a list of at most {MAX_FAULTS}: [{{match, fault, count, delay_s}}]")
        rules = []
        for place, item in enumerate(raw):
            try:
                fault = Fault.read(item)
            except ValueError as error:
                raise ValueError(f"fault {place}: {error}") from None
            rules.append((fault.pattern(), fault))
        self._rules = [*self._rules, *rules][-MAX_FAULTS:] if keep else rules

    def take(self, call: Call, on_callbacks: bool = False) -> Fault | None:
        """The rule that spoils this request, counted as used; None when all is well."""
        text = ""
        for pattern, fault in self._rules:
            if fault.count == 0 or fault.on_callbacks is not on_callbacks:
                continue
            text = text or wording(call)
            if pattern.search(text):
                fault.hits += 1
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        """The rules as JSON, with `hits` so far and `count` as what is left."""
        return [asdict(fault) for _, fault in self._rules]

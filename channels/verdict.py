"""What an answer, or the lack of one, means before anyone reads the provider's words; and how long it asks us to wait.

Not sent (no connection): Unavailable. Sent, but no proper answer (time-out, dropped, any 5xx): Uncertain, except for
reading, which changes nothing and is Unavailable.
"""

import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from channels.base import ChannelError, Misconfigured, Unavailable, Uncertain

#: Bounds for what a provider asks us to wait, seconds: a broken header must neither spin nor park a sender for a day.
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 900.0


def judge(
    status: int, headers: Mapping[str, str], read_json: Callable[[], object], reading: bool = False
) -> ChannelError | None:
    """What an answer means before anyone reads its words; None when it is the channel's to read.

    `headers` are looked up in lower case. `read_json` returns the body or raises ValueError.
    """
    if status >= 500:
        return _unclear(f"the provider answered {status}", str(status), reading, wait_of(headers))
    if 300 <= status < 400:
        return Misconfigured(
            "the provider's address answers with a redirect; look at the API address set for it", str(status)
        )
    if status < 300 and status != 204 and not _is_json(headers, read_json):
        return _unclear("the answer is not the provider's (something on the way answered instead)", "not_json", reading)
    return None


def _is_json(headers: Mapping[str, str], read_json: Callable[[], object]) -> bool:
    try:
        read_json()
    except (ValueError, RecursionError):
        return False
    return "json" in headers.get("content-type", "")


def _unclear(reason: str, code: str, reading: bool, wait: float = 5.0) -> ChannelError:
    return Unavailable(reason, code, retry_after=wait) if reading else Uncertain(reason, code)


def lost(how: str, reading: bool = False) -> ChannelError:
    """The error for a request that got no answer: `how` is its code. The first four never left."""
    match how:
        case "connect_timeout":
            return Unavailable("no connection within the time limit", how)
        case "tls":  # only a handshake has left. A captive portal or a wrong clock looks like this.
            return Unavailable("no safe connection: the provider's certificate was not accepted", how, retry_after=15.0)
        case "too_late":
            return Unavailable("this process was paused, and somebody else may have sent it", how, 0.0, slow_down=True)
        case "no_connection":  # refused, unreachable, or the name not resolved
            return Unavailable("no connection to the provider", how)
        case "bad_address":
            return Misconfigured("the provider's API address is not a web address", how)
        case "read_timeout":
            return _unclear("no answer within the time limit", how, reading)
        case "too_large":
            return _unclear("the answer is larger than any real one", how, reading)
        case _:
            return _unclear("the connection was lost before the answer came", "dropped", reading)


def wait_of(headers: Mapping[str, str], otherwise: float = 5.0) -> float:
    """Seconds to wait: Retry-After, X's reset time (on the provider's own clock, its Date header), Graph's minutes."""
    lower = {name.lower(): value for name, value in headers.items()}
    after, reset = lower.get("retry-after", ""), lower.get("x-rate-limit-reset", "")
    minutes = re.findall(r'"estimated_time_to_regain_access"\s*:\s*(\d+)', lower.get("x-business-use-case-usage", ""))
    wait = otherwise
    if re.fullmatch(r"\d+(\.\d+)?", after):
        wait = float(after)
    elif after or reset.isdigit():
        try:
            sent = parsedate_to_datetime(lower.get("date", "")).timestamp()
            wait = (parsedate_to_datetime(after).timestamp() if after else float(reset)) - sent
        except ValueError:
            wait = 60.0
    elif any(map(int, minutes)):
        wait = max(map(int, minutes)) * 60.0
    return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)

"""X's refusals in its problem shapes, and the checks of a query's numbers and times."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.sandbox.exchange import Reply, json_reply

_PROBLEMS = "https://api.twitter.com/2/problems/"
#: status -> title. Source: https://docs.x.com/x-api/fundamentals/response-codes-and-errors
TITLES = {
    401: "Unauthorized",
    402: "CreditsDepleted",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
NO_CREDITS = "Your enrolled account does not have any credits to fulfill this request."


class Problem(Exception):
    """A refusal of X's."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body.get("detail", status)))
        self.status = status
        self.body = body

    def reply(self) -> Reply:
        """As X writes it."""
        return json_reply(self.body, self.status)


def problem(status: int, detail: str = "") -> Problem:
    """A plain problem with title, detail, type and status."""
    title = TITLES.get(status, "Error")
    kind = _PROBLEMS + "credits" if status == 402 else "about:blank"
    return Problem(status, {"title": title, "detail": detail or title, "type": kind, "status": status})


def invalid(parameter: str, value: object, message: str) -> Problem:
    """A 400 that names the parameter."""
    return Problem(
        400,
        {
            "errors": [{"parameters": {parameter: [str(value)]}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": _PROBLEMS + "invalid-request",
        },
    )


def not_found(value: str, parameter: str = "id") -> dict[str, str]:
    """The error entry of a post that is not there; X sends it with status 200."""
    return {
        "value": value,
        "detail": f"Could not find tweet with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": parameter,
        "resource_id": value,
        "type": _PROBLEMS + "resource-not-found",
    }


def number(query: Mapping[str, str], name: str, low: int, high: int, default: int) -> int:
    """A whole number within bounds; raises Problem 400."""
    raw = query.get(name, str(default))
    if not raw.isdecimal() or not low <= int(raw) <= high:
        raise invalid(name, raw, f"The `{name}` query parameter value [{raw}] is not between {low} and {high}")
    return int(raw)


def instant(query: Mapping[str, str], name: str) -> float | None:
    """A time as YYYY-MM-DDTHH:mm:ssZ in seconds since 1970; None when not asked for; raises Problem 400."""
    raw = query.get(name)
    if raw is None:
        return None
    try:
        found = datetime.fromisoformat(raw.replace("Z", "+00:00"))
    except ValueError:
        raise invalid(name, raw, f"The `{name}` query parameter value [{raw}] is not a valid RFC 3339 time") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def sequence(query: Mapping[str, str]) -> int | None:
    """The place at which a page of a timeline goes on; raises Problem 400."""
    raw = query.get("pagination_token") or query.get("next_token")
    if raw is None:
        return None
    try:
        return int(raw.removeprefix("7140"), 16)
    except ValueError:
        raise invalid("pagination_token", raw, "pagination_token is not valid") from None


def page_token(seq: int) -> str:
    """What `sequence` reads."""
    return f"7140{seq:08x}"

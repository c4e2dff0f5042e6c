"""Which answers an operation may give, for its description; what is not said here is never answered."""

from typing import Any

from pydantic import BaseModel

from broadcaster.web.api_answered import Problem
from broadcaster.web.api_errors import TYPES

#: What any operation may answer besides its own.
ALWAYS = (401, 403, 429, 503)
_OF_BODIES = (400, 413, 415)
_LEFT = {
    name: {"schema": {"type": "integer"}, "description": words}
    for name, words in (
        ("RateLimit-Limit", "Requests that the key may make in a minute"),
        ("RateLimit-Remaining", "How many of them are left"),
        ("RateLimit-Reset", "Seconds until there are more"),
    )
}


def answers(model: type[BaseModel], good: int, *bad: int) -> dict[str | int, Any]:
    """Responses of an operation: `model` with the status `good`, problems with `bad` and what any operation may answer."""
    found: dict[str | int, Any] = {good: model}
    bodies = _OF_BODIES if good == 201 or 409 in bad else ()
    for status in sorted({*bad, *ALWAYS, *bodies}):
        found[status] = _problem(status)
    return found


def _problem(status: int) -> dict[str, Any]:
    _, meaning, cure = TYPES[status]
    answer: dict[str, Any] = {
        "description": f"{meaning} {cure}",
        "content": {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
    }
    if status == 429:
        answer["headers"] = {**_LEFT, "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}}
    return answer

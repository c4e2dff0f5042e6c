"""The door of the API: who is asking, whether they may, how often, and whether what they sent can be read at all."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from flask import Response, current_app, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.exceptions import BadRequest, NotFound, UnsupportedMediaType

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.rules import Actor
from broadcaster.services import accounts, scopes
from broadcaster.web.api_errors import handle_errors, problem
from broadcaster.web.auth.addresses import client_address
from broadcaster.web.context import now, runtime

V = TypeVar("V", bound=Callable[..., Any])

PREFIX = "/api/v1"
ALERTS = Tag(
    name="alerts", description="Write, submit, follow and stop alerts. Only people approve them, in the console."
)
PLAYBOOKS = Tag(name="playbooks", description="Alerts written in advance, set going by another system.")
LOOKUPS = Tag(name="look-ups", description="What there is to choose from, and whom an area reaches.")

blueprint = APIBlueprint("api", __name__, url_prefix=PREFIX, abp_security=[{"bearer": []}])
handle_errors(blueprint)

#: Requests that one key may make in a minute. Stopping is never limited.
READS, WRITES = 600, 120
#: Wrong keys from one address in a minute, after which the answer is 429; right ones always pass.
GUESSES = 30
#: Deeper than anything that has a meaning here.
DEEPEST = 30
_BEARER = re.compile(r"Bearer +([A-Za-z0-9_.~+/=-]{1,200})", re.IGNORECASE)


def needs(*wanted: str, limited: bool = True) -> Callable[[V], V]:
    """Only keys with one of these scopes reach this view; none given: any key does."""

    def mark(view: V) -> V:
        view.scopes, view.limited = wanted, limited  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: V) -> V:
    """No key: the description of the API itself."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def me() -> Actor:
    """The key that asks."""
    actor: Actor = g.api_actor
    return actor


class Limits:
    """Counts in memory: they work without Redis, and each process has its own."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def take(self, name: str, number: int) -> tuple[bool, int, int]:
        """Count one request: whether it is within `number` a minute, how many are left, and seconds until there are more."""
        item = RateLimitItemPerMinute(number)
        allowed = self._window.hit(item, name)
        stats = self._window.get_window_stats(item, name)
        return allowed, stats.remaining, max(1, int(stats.reset_time - now().timestamp()) + 1)


@blueprint.before_request
def enter() -> Response | None:
    """Refuse before the body is read, or before the view is."""
    view = current_app.view_functions[request.endpoint or ""]
    if getattr(view, "open_to_all", False):
        return None
    refused = _identify()
    if refused is not None:
        return refused
    wanted = getattr(view, "scopes", None)
    if wanted is None:
        raise NotFound
    if wanted:
        scopes.must_have(me(), *(_named(scope) for scope in wanted))
    if getattr(view, "limited", True):
        refused = _limit()
    if refused is None and request.method in ("POST", "PUT"):
        _read_body()
    return refused


def _named(scope: str) -> str:
    """A scope for one playbook is written with the playbook of the address."""
    return scope.replace("NAME", str((request.view_args or {}).get("name", "")))


def _identify() -> Response | None:
    header = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    actor = accounts.verify_key(runtime(), header[1], now()) if header else None
    if actor is not None:
        g.api_actor = actor
        return None
    allowed, _, wait = _limits().take(f"guess:{client_address()}", GUESSES)
    answer = problem(401 if allowed else 429, "send a key that is still good as Authorization: Bearer KEY")
    answer.headers["WWW-Authenticate"] = "Bearer"
    if not allowed:
        answer.headers["Retry-After"] = str(wait)
    return answer


def _limit() -> Response | None:
    number = READS if request.method in ("GET", "HEAD") else WRITES
    allowed, left, wait = _limits().take(f"{number}:{me().id}", number)
    g.api_limit = {"RateLimit-Limit": number, "RateLimit-Remaining": left, "RateLimit-Reset": wait}
    if allowed:
        return None
    answer = problem(429, f"this key may ask {number} times a minute")
    answer.headers["Retry-After"] = str(wait)
    return answer


@blueprint.after_request
def leave(response: Response) -> Response:
    """Say how much is left."""
    for name, value in g.get("api_limit", {}).items():
        response.headers[name] = str(value)
    return response


def _limits() -> Limits:
    found: Limits = current_app.extensions["broadcaster.api.limits"]
    return found


def _read_body() -> None:
    """Whether the body is one JSON object that a database and a phone can hold."""
    data = request.get_data(cache=True)
    if not data:
        return
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        body = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BadRequest from None
    if not isinstance(body, dict):
        raise Invalid([Problem("(body)", "is not a JSON object", "Send {…}.")])
    if problems := list(_unfit(body)):
        raise Invalid(problems)


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is not JSON")


def _unfit(body: object) -> Iterator[Problem]:
    """Characters that no text may hold, numbers without end, and nesting without sense; walked without recursion."""
    waiting: list[tuple[str, object, int]] = [("", body, 0)]
    while waiting:
        place, value, depth = waiting.pop()
        if depth > DEEPEST:
            yield Problem(place[:200], f"is nested more than {DEEPEST} deep", "Make it flatter.")
            return
        if isinstance(value, dict):
            for key, each in value.items():
                waiting += [(f"{place}.{key}".lstrip("."), each, depth + 1), (f"{place} (key)", key, depth + 1)]
        elif isinstance(value, list):
            waiting += [(f"{place}.{number}", each, depth + 1) for number, each in enumerate(value, start=1)]
        elif isinstance(value, str) and any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in value):
            shown = place.encode("utf-8", "replace").decode().replace("\0", "?")
            yield Problem(shown[:200], "holds a character that is none", "Take it out.")
        elif isinstance(value, float) and value in (float("inf"), float("-inf")):
            yield Problem(place[:200], "is a number without end", "Give a smaller one.")

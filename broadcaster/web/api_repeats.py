"""Idempotency-Key: however often a POST with the same key comes, at once or later, the work is done once and each gets the same answer."""

import functools
import hashlib
import json
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Response, g, jsonify, request

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.store import idempotency
from broadcaster.store.idempotency import Claim
from broadcaster.web.api_door import me
from broadcaster.web.api_errors import problem
from broadcaster.web.context import runtime

V = TypeVar("V", bound=Callable[..., Response])

#: Seconds for which a repeated request waits for the first one's answer.
PATIENCE = 15.0
_STEP = 0.05
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


def repeatable(view: V) -> V:
    """Honour Idempotency-Key on this view. Only answers that say "done" are kept: after a refusal the key is free again."""

    @functools.wraps(view)
    def once(**kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(**kwargs)
        if not _KEY.fullmatch(key):
            raise Invalid([Problem("Idempotency-Key", "is no key", "Use 1 to 128 visible ASCII characters.")])
        claim = _claim(key)
        if claim.status is not None and claim.answer is not None:
            return _replayed(claim.status, claim.answer)
        if not claim.mine:
            answer = problem(409, "the first request with this Idempotency-Key is still being answered")
            answer.headers["Retry-After"] = "2"
            return answer
        g.api_repeat = (key, claim.again)
        return _first(view, key, kwargs)

    return cast(V, once)


def origin() -> str:
    """Where an alert of this request comes from: the same for every repetition, so that one begun by a dead process is found."""
    key, _ = g.get("api_repeat", ("", False))
    return f"api:{_digest(me().id, key)[:40]}" if key else "api"


def repeat_key() -> str:
    """The Idempotency-Key of this request; empty when it has none."""
    key, _ = g.get("api_repeat", ("", False))
    return str(key)


def begun_before() -> bool:
    """True when a process began this very request and died."""
    _, again = g.get("api_repeat", ("", False))
    return bool(again)


def _claim(key: str) -> Claim:
    rt, fingerprint = runtime(), _digest(request.method, request.path, _canonical(request.get_data(cache=True)))
    deadline = time.monotonic() + PATIENCE
    while True:
        with rt.db.write() as tx:
            claim = idempotency.claim(tx, me().id, key, fingerprint)
        if claim.mine or claim.status is not None or time.monotonic() > deadline:
            return claim
        time.sleep(_STEP)


def _first(view: V, key: str, kwargs: dict[str, Any]) -> Response:
    rt, owner = runtime(), me().id
    try:
        response = view(**kwargs)
    except Exception:
        with rt.db.write() as tx:
            idempotency.forget(tx, owner, key)
        raise
    with rt.db.write() as tx:
        if response.status_code < 300:
            kept = {"body": response.get_json(), "location": response.headers.get("Location", "")}
            idempotency.keep(tx, owner, key, response.status_code, kept)
        else:
            idempotency.forget(tx, owner, key)
    return response


def _replayed(status: int, kept: Any) -> Response:
    response = jsonify(kept["body"])
    response.status_code = status
    if kept["location"]:
        response.headers["Location"] = kept["location"]
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _canonical(body: bytes) -> str:
    """The same for bodies that mean the same."""
    return json.dumps(json.loads(body), sort_keys=True) if body else ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()

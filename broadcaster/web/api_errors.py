"""What goes wrong in the API, as application/problem+json (RFC 9457): a type that says what to do, every fault with its place."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import NoReturn

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from broadcaster.domain import errors
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.web.errors import status_of

#: Status → (name of the problem's type, what it means, what to do). The types are explained at DOCS#problem-NAME.
TYPES: dict[int, tuple[str, str, str]] = {
    400: ("unreadable", "The request cannot be read.", "Send one JSON object in UTF-8."),
    401: ("no-key", "There is no key, or it is wrong, revoked or has run out.", "Send Authorization: Bearer KEY."),
    403: ("not-allowed", "The key may not do this.", "Ask an admin for a key with the scope that is named."),
    404: ("not-found", "There is no such thing, or not for this key.", "Look at the address."),
    405: ("wrong-method", "This cannot be done here.", "See Allow."),
    409: (
        "conflict",
        "It is too late or too early for this, or the Idempotency-Key was used for something else.",
        "Read it again.",
    ),
    412: ("changed", "Somebody else has changed it since you read it.", "Read it again."),
    413: ("too-large", "The body is larger than 1 MiB.", "Send less."),
    415: ("wrong-type", "The body is not JSON.", "Send Content-Type: application/json."),
    422: (
        "invalid",
        "What was given cannot be used; each fault stands in errors.",
        "Mend all of them, and send it again.",
    ),
    428: ("no-version", "It is not said which version this replaces.", "Send the ETag as If-Match."),
    429: ("too-many", "The key has asked too often.", "Wait as long as Retry-After says."),
    500: ("our-fault", "Something went wrong on our side.", "Repeat it with the same Idempotency-Key."),
    503: ("not-ready", "Something must be set up, or come back, first.", "Try again later."),
}
DOCS = "/api/v1/docs"


def problem(status: int, detail: str, faults: Iterable[Problem] = ()) -> Response:
    """An answer that says what is wrong."""
    name, meaning, _ = TYPES.get(status, ("other", HTTPStatus(status).phrase, ""))
    body: dict[str, object] = {"type": f"{DOCS}#problem-{name}", "title": meaning, "status": status, "detail": detail}
    body["errors"] = [{"place": each.place, "message": each.message, "cure": each.cure} for each in faults]
    return Response(json.dumps(body), status=status, mimetype="application/problem+json")


def handle_errors(blueprint: APIBlueprint) -> None:
    """Let the views of the API answer errors in this way."""
    blueprint.register_error_handler(errors.BroadcasterError, _ours)
    blueprint.register_error_handler(HTTPException, _http)


def _ours(error: Exception) -> Response:
    assert isinstance(error, errors.BroadcasterError)
    faults = error.problems if isinstance(error, Invalid) else ()
    detail = f"{len(faults)} faults: {error}"[:1000] if len(faults) > 1 else str(error)
    return problem(int(status_of(error)), detail, faults)


def _http(error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    answer = problem(status, TYPES.get(status, ("", HTTPStatus(status).phrase, ""))[1])
    given = error.get_response().headers
    for name in ("Retry-After", "Allow"):
        if name in given:
            answer.headers[name] = given[name]
    return answer


def refuse(error: ValidationError) -> NoReturn:
    """Turn what pydantic complains about into our own error. A path that cannot be one of ours is not found."""
    faults = []
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(part) for part in each["loc"]) or "(body)"
        if request.view_args and place in request.view_args:
            raise errors.NotFound("there is no such thing")
        faults.append(Problem(place, each["msg"].removeprefix("Value error, ")))
    raise Invalid(faults)

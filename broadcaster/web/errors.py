"""What goes wrong, said to a person as a page and to a system as application/problem+json; details stay in the log."""

import json
from http import HTTPStatus

import structlog
from flask import Flask, Response, current_app, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from broadcaster.domain import errors
from broadcaster.web.auth.guard import rescued
from broadcaster.web.language import gettext as _

_STATUS: dict[type[errors.BroadcasterError], HTTPStatus] = {
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.WrongState: HTTPStatus.CONFLICT,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
}
log = structlog.get_logger("web")


def status_of(error: errors.BroadcasterError) -> HTTPStatus:
    """The HTTP status of one of our errors."""
    return next((code for kind, code in _STATUS.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def handle_errors(app: Flask) -> None:
    """Let `app` answer errors in words for whoever asked."""
    app.register_error_handler(errors.BroadcasterError, _ours)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def problem(status: int, detail: str, problems: tuple[errors.Problem, ...] = ()) -> Response:
    """RFC 9457: what is wrong, for another system."""
    body: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status)}
    body["detail"] = detail
    if problems:
        body["problems"] = [{"place": each.place, "message": each.message, "cure": each.cure} for each in problems]
    return Response(json.dumps(body), status=status, mimetype="application/problem+json")


def for_systems() -> bool:
    """True where other systems ask: they get JSON whatever happens."""
    return request.path.startswith(("/api/", "/webhooks/")) or "console" not in current_app.blueprints


def _ours(error: errors.BroadcasterError) -> Response:
    status = status_of(error)
    problems = error.problems if isinstance(error, errors.Invalid) else ()
    if for_systems():
        return problem(status, str(error), problems)
    # Other roles learn nothing from a 404, so it never says what was looked for.
    words = "" if isinstance(error, errors.NotFound) else str(error)
    return page(status, words, problems)


def _stale_form(error: CSRFError) -> Response:
    log.info("csrf refused", endpoint=request.endpoint)
    if for_systems():
        return problem(HTTPStatus.FORBIDDEN, "no valid token")
    if kept := rescued():
        return kept
    words = _("This form is no longer valid, so nothing was changed. Go back, reload the page and try again.")
    return page(HTTPStatus.FORBIDDEN, words)


def _http(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if code < 400:  # a redirect is not an error
        return error
    answer = problem(code, HTTPStatus(code).phrase) if for_systems() else page(code, "")
    for name in ("Retry-After", "Allow"):
        if name in (own := error.get_response().headers):
            answer.headers[name] = own[name]
    return answer


def _unexpected(error: Exception) -> Response:
    # The message may hold what somebody typed, so the log gets the kind of error and where it came from.
    log.error("unexpected", endpoint=request.endpoint, error=type(error).__name__, at=_where(error))
    if current_app.testing:
        raise error
    if for_systems():
        return problem(500, "something went wrong on our side")
    return page(500, "")


def _where(error: Exception) -> list[str]:
    found, step = [], error.__traceback__
    while step:
        code = step.tb_frame.f_code
        found.append(f"{code.co_filename.rpartition('/')[2]}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return found[-12:]


def page(status: int, words: str, problems: tuple[errors.Problem, ...] = ()) -> Response:
    """An error as a page: what happened, what to do, and a way back."""
    title, advice = _said(status)
    try:
        html = render_template("error.html", status=int(status), title=title, words=words or advice, problems=problems)
    except Exception as error:  # noqa: BLE001 - a page about an error must not fail on the database that is down
        log.error("error page", error=type(error).__name__)
        html = f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{advice}</p>"
    return make_response(html, status)


def _said(status: int) -> tuple[str, str]:
    said = {
        400: (_("This request could not be read"), _("Go back and try again.")),
        401: (_("You are not logged in"), _("Log in and try again. Nothing was changed.")),
        403: (_("This is not allowed"), _("Nothing was changed.")),
        404: (_("This page does not exist"), _("It may be gone, or it is not for your role.")),
        405: (_("This cannot be done here"), _("Go back and use the buttons of the page.")),
        409: (_("This is no longer possible"), _("Somebody else was faster, or too much time has passed.")),
        413: (_("This is too large"), _("Send less at once; nothing was kept.")),
        422: (_("Something must be put right"), _("Nothing was changed.")),
        429: (_("Too many tries"), _("Wait a few minutes and try again. Stopping an alert is never limited.")),
        503: (_("This is not ready"), _("Something must be set up or come back first.")),
    }
    unexpected = (_("Something went wrong on our side"), _("It was noted. Try again; what was saved is safe."))
    return said.get(int(status), unexpected)

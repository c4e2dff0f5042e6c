"""What a role may reach: every view says whom it is for, and a view that says nothing is for nobody."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from broadcaster.domain.rules import Actor, Role
from broadcaster.services import lending
from broadcaster.web.config import UPLOAD
from broadcaster.web.context import now, runtime

#: In the session of somebody who goes on without a second step for now.
LATER = "second_step_later"

V = TypeVar("V", bound=Callable[..., Any])

#: Endpoints that check for themselves, or that everybody may see. The API reads keys, never cookies.
_OWN_RULES = ("security.", "api.", "openapi", "bootstrap.", "static")


def needs(role: Role) -> Callable[[V], V]:
    """Only people whose role covers `role` may reach this view; to others it does not exist."""

    def mark(view: V) -> V:
        view.needs = role  # type: ignore[attr-defined]
        return view

    return mark


def everybody(view: V) -> V:
    """No log-in: health, callbacks that prove themselves, public pages."""
    view.everybody = True  # type: ignore[attr-defined]
    return view


def or_borrowed(view: V) -> V:
    """Also people who are lent to us as approvers may reach this view; it checks for itself what they may decide on."""
    view.or_borrowed = True  # type: ignore[attr-defined]
    return view


def polled(view: V) -> V:
    """A page asks for this by itself, again and again: it does not keep a session alive."""
    view.polled = True  # type: ignore[attr-defined]
    return view


def always(view: V) -> V:
    """Reached by those too who are asked to set up their second step first: what stops an alert, and what is one's own."""
    view.always = True  # type: ignore[attr-defined]
    return view


def upload(view: V) -> V:
    """This view takes files larger than a form."""
    view.upload = True  # type: ignore[attr-defined]
    return view


def me() -> Actor:
    """The person who is logged in."""
    actor: Actor = current_user.actor
    return actor


def watch(app: Flask) -> None:
    """Check every request of `app` before its view, and before its body is read."""

    @app.before_request
    def size() -> None:
        if getattr(_view(), "upload", False):
            request.max_content_length = UPLOAD

    @app.before_request
    def role() -> Response | None:
        view, endpoint = _view(), request.endpoint or ""
        if view is None or endpoint.startswith(_OWN_RULES) or getattr(view, "everybody", False):
            return None
        needed = getattr(view, "needs", None)
        if needed is None:
            raise NotFound
        if not current_user.is_authenticated:
            return rescued() or _to_login()
        if current_user.lacks_second_step and _wants_second_step(view, needed):
            if request.method not in ("GET", "HEAD"):
                raise Forbidden
            return redirect(url_for("console.second_step", next=_wanted()))  # type: ignore[return-value]
        borrowed = getattr(view, "or_borrowed", False) and not current_user.role.covers(needed) and _is_borrowed()
        if not (borrowed or current_user.role.covers(needed)):
            raise NotFound
        return None


def _is_borrowed() -> bool:
    """True when two people have lent this person the right to approve; like our own they need a second step for it."""
    rt = runtime()
    with rt.db.read() as connection:
        held = lending.holds_any(rt, connection, current_user.actor, now())
    return held and bool(
        rt.settings.second_step != "required" or current_user.tf_primary_method or current_user.webauthn
    )


def _wants_second_step(view: Callable[..., Any], needed: Role) -> bool:
    """True when this request leads to setting up a second step: at every page until they say "later", then where it is needed."""
    if getattr(view, "always", False) or not current_user.given_role.covers(needed):
        return False
    if not current_user.role.covers(needed):
        return True
    asks = request.method == "GET" and not getattr(view, "polled", False)
    return asks and not session.get(LATER)


def _wanted() -> str:
    return request.full_path if request.query_string else request.path


def rescued() -> Response | None:
    """What a view does to keep a form that it may not answer; None when it keeps nothing."""
    rescue: Callable[[], Response | None] | None = getattr(_view(), "rescue", None)
    return rescue() if rescue is not None and request.method == "POST" else None


def _view() -> Callable[..., Any] | None:
    return current_app.view_functions.get(request.endpoint or "")


def _to_login() -> Response:
    if request.headers.get("HX-Request"):
        # The page reloads as a whole and comes to the log-in with its own address.
        return Response(status=204, headers={"HX-Refresh": "true"})
    if request.method not in ("GET", "HEAD"):
        raise Unauthorized
    return redirect(url_for("security.login", next=None if _wanted() == "/" else _wanted()))  # type: ignore[return-value]

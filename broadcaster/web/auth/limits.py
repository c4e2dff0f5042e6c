"""How often somebody may guess: per address, and per account, so that guessing is slow and nobody else is locked out.

A browser that has logged in before carries a signed mark and has a count of its own: strangers who guess at an account
cannot keep its owner out (docs/decisions/031). Counts live in memory, so they work without Redis and never stop a stop.
"""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, after_this_request, current_app, request, session
from flask_limiter import Limiter
from flask_login import current_user
from flask_security import user_authenticated
from itsdangerous import BadSignature, URLSafeSerializer

from broadcaster.web.auth.addresses import client_address
from broadcaster.web.auth.people import Person

_COOKIE = "known"
#: People who share one browser.
_MOST_KNOWN = 8
_YEAR = 365 * 24 * 3600

PER_ADDRESS = "30 per 5 minutes"
PER_ACCOUNT_THERE = "10 per 5 minutes"
PER_ACCOUNT = "100 per hour"


def limit_guesses(app: Flask) -> None:
    """Count wrong passwords and codes of `app`; right ones cost nothing."""
    limiter = Limiter(key_func=client_address, storage_uri="memory://", strategy="moving-window")
    limiter.init_app(app)
    app.extensions["broadcaster.limiter"] = limiter
    login = (
        (PER_ADDRESS, lambda: f"address:{client_address()}"),
        (PER_ACCOUNT_THERE, lambda: f"there:{_account()}:{_mark_of(_account()) or client_address()}"),
        (PER_ACCOUNT, lambda: f"account:{_account()}:{_mark_of(_account())}"),
    )
    _guard(app, limiter, "security.login", login)
    code = ((PER_ACCOUNT_THERE, lambda: f"code:{session.get('tf_user_id', client_address())}"),)
    for endpoint in ("security.two_factor_token_validation", "security.mf_recovery", "security.wan_signin_response"):
        _guard(app, limiter, endpoint, code)
    oneself = ((PER_ACCOUNT_THERE, lambda: f"self:{getattr(current_user, 'id', client_address())}"),)
    for endpoint in ("security.verify", "security.change_password"):
        _guard(app, limiter, endpoint, oneself)
    glass = ((PER_ADDRESS, lambda: f"glass:{client_address()}"),)
    _guard(app, limiter, "console.break_glass_open", glass)
    user_authenticated.connect(_remember, app)


def _guard(app: Flask, limiter: Limiter, endpoint: str, limits: tuple[tuple[str, Callable[[], str]], ...]) -> None:
    view: Callable[..., Any] = app.view_functions[endpoint]
    for limit, key in limits:
        view = limiter.limit(limit, key_func=key, methods=["POST"], deduct_when=_wrong)(view)
    app.view_functions[endpoint] = view


def _wrong(response: Response) -> bool:
    """A right guess answers with a redirect, and what was not even a guess with 422."""
    return response.status_code in (200, 403)


def _account() -> str:
    return request.form.get("email", "").strip().lower()[:254]


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="broadcaster.known-browser")


def _known() -> dict[str, str]:
    """Account → mark of those who have logged in with this browser."""
    try:
        marks = _serializer().loads(request.cookies.get(_COOKIE, ""))
    except BadSignature:
        return {}
    return {str(name): str(mark) for name, mark in marks.items()} if isinstance(marks, dict) else {}


def _name_of(account: str) -> str:
    """Who used a browser is nobody's business, so the cookie has no addresses."""
    return hashlib.sha256(account.encode()).hexdigest()[:16]


def _mark_of(account: str) -> str:
    return _known().get(_name_of(account), "")


def _remember(_: Flask, user: Person, **__: object) -> None:
    marks = _known()
    name = _name_of(user.email)
    mark = marks.pop(name, None) or secrets.token_urlsafe(9)
    latest = dict([*marks.items(), (name, mark)][-_MOST_KNOWN:])
    cookie = _serializer().dumps(latest)

    @after_this_request
    def put(response: Response) -> Response:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(_COOKIE, cookie, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax")
        return response

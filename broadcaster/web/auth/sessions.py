"""Sessions that the server can end: the browser's cookie names a log-in, and the database says whether it still counts."""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, current_app, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import user_logged_out
from flask_security import user_authenticated
from flask_security.utils import set_request_attr

from broadcaster.store import accounts
from broadcaster.web.auth.passwords import CAME_BACK
from broadcaster.web.auth.people import Person
from broadcaster.web.config import IDLE, LONGEST_SESSION
from broadcaster.web.context import now, runtime

_TOKEN = "login"  # noqa: S105 - the key in the cookie, not a secret
_USED = "used"
#: In a session: the person for whom the organisation's log-in said that it asked for a second step itself.
PROVIDER_MFA = "provider_mfa"
#: The cookie is written anew at most this often (seconds).
_STEP = 60


class _Cookies(SecureCookieSessionInterface):
    """What shared caches may keep is nobody's: no cookie, and no Vary that would make a copy for each visitor."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not response.cache_control.public:
            super().save_session(app, session, response)


def keep_sessions(app: Flask, login_manager: Any) -> None:
    """Let log-ins of `app` live in our table. Polling does not keep a session alive: nobody may be sitting there."""
    app.session_interface = _Cookies()
    login_manager.user_loader(_person)
    login_manager.request_loader(lambda _: None)
    user_authenticated.connect(_begin, app)
    user_logged_out.connect(_end, app)
    app.after_request(_touch)


def _person(uniquifier: str) -> Person | None:
    """Whose request this is; None ends the session: unknown, ended, idle too long, or older than a session may be."""
    token, used = session.get(_TOKEN), session.get(_USED)
    if not token or not isinstance(used, int):
        return None
    idle = now() - datetime.fromtimestamp(used, UTC) > IDLE
    with runtime().db.read() as connection:
        account = accounts.in_session(connection, _digest(token), uniquifier, since=now() - LONGEST_SESSION)
    # A broken seal cannot be broken again, so that session lasts its twelve hours whoever goes for coffee.
    if account is None or (idle and account.sealed_at is None):
        return None
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    person = Person(account, runtime().db)
    person.limit(second_step=session.get(PROVIDER_MFA) == account.id)
    return person


def _begin(_: Flask, user: Person, **__: object) -> None:
    """A new log-in has a new cookie in all its parts; what an anonymous visitor had is not carried over."""
    kept = {
        name: session[name]
        for name in ("_user_id", "_fresh", "_id", "fs_paa", "fs_cc", PROVIDER_MFA, CAME_BACK)
        if name in session
    }
    session.clear()
    session.update(kept)
    session[_TOKEN] = secrets.token_urlsafe(32)
    session[_USED] = int(now().timestamp())
    with runtime().db.write() as tx:
        accounts.begin_session(tx, _digest(session[_TOKEN]), str(user.id), now(), forget_after=2 * LONGEST_SESSION)


def _end(_: Flask, **__: object) -> None:
    token = session.get(_TOKEN)
    if token:
        with runtime().db.write() as tx:
            accounts.end_session(tx, _digest(token), now())
    session.clear()


def _touch(response: Response) -> Response:
    """Note that a person did something."""
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, "polled", False) and _TOKEN in session:
        moment = int(now().timestamp())
        if moment - session.get(_USED, 0) >= _STEP and moment - session.get(_USED, 0) <= IDLE.total_seconds():
            session[_USED] = moment
    return response


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

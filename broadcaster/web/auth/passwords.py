"""Asking somebody to prove again that it is them, before something that cannot be undone."""

from flask import current_app, request, session
from flask_login import current_user
from limits import RateLimitItemPerMinute

from broadcaster.services import seals
from broadcaster.web.auth.guard import me
from broadcaster.web.context import now
from broadcaster.web.language import gettext as _

_TRIES = RateLimitItemPerMinute(10, 5)
#: Who came back from their organisation's log-in, and when in seconds since 1970; good once, and for so many seconds.
CAME_BACK, GOOD_FOR = "came_back", 300
#: How far a phone's clock may be off, in seconds.
_WINDOW = 30


def wrong_password() -> str:
    """Why the form's `password` proves nothing; empty when it does. Wrong ones are counted for this person alone.

    It may be the password or, from people who have one, the code that their app shows. Who has just come back from their organisation's
    log-in need not type anything.
    """
    if came_back():
        session.pop(CAME_BACK)
        return ""
    limiter = current_app.extensions["broadcaster.limiter"].limiter
    if not limiter.test(_TRIES, "again", me().id):
        return _("Too many wrong passwords. Wait a few minutes, or let another approver do it.")
    given = request.form.get("password", "")
    if not (_code(given.replace(" ", "")) or _sealed(given) or current_user.verify_and_update_password(given)):
        limiter.hit(_TRIES, "again", me().id)
        return _("The password is wrong, so nothing was sent.")
    return ""


def came_back() -> bool:
    """True for somebody who has just shown their organisation anew who they are."""
    who, at = session.get(CAME_BACK) or ("", 0)
    return bool(who == me().id and now().timestamp() - at < GOOD_FOR)


def _code(given: str) -> bool:
    """True for what the person's app shows now, once."""
    if not (given.isdecimal() and len(given) == 6 and current_user.tf_totp_secret):
        return False
    codes = current_app.extensions["security"]._totp_factory
    return bool(codes.verify_totp(given, current_user.tf_totp_secret, current_user, window=_WINDOW))


def _sealed(given: str) -> bool:
    """True for what stands on the sheet, from whoever opened it."""
    return bool(current_user.seal) and seals.fits(current_user.seal, given)

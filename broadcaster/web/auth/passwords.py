"""Asking for one's own password again, before something that cannot be undone."""

from flask import current_app, request
from flask_login import current_user
from limits import RateLimitItemPerMinute

from broadcaster.web.auth.guard import me
from broadcaster.web.language import gettext as _

_TRIES = RateLimitItemPerMinute(10, 5)


def wrong_password() -> str:
    """Why the form's `password` is not the right one; empty when it is. Wrong ones are counted for this person alone."""
    limiter = current_app.extensions["broadcaster.limiter"].limiter
    if not limiter.test(_TRIES, "again", me().id):
        return _("Too many wrong passwords. Wait a few minutes, or let another approver do it.")
    if not current_user.verify_and_update_password(request.form.get("password", "")):
        limiter.hit(_TRIES, "again", me().id)
        return _("The password is wrong, so nothing was sent.")
    return ""

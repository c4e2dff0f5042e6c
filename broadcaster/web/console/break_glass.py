"""Opening the sealed envelope: one page, one secret, and everybody hears of it."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_security import login_user

from broadcaster.domain.errors import Conflict, Invalid, NotAllowed
from broadcaster.services import seals
from broadcaster.web.auth.guard import everybody
from broadcaster.web.auth.people import Person
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _


@blueprint.get("/break-glass")
@everybody
def break_glass() -> str:
    """What it is for, what follows, and where to type it."""
    return _page()


def _page(wrong: str = "") -> str:
    return render_template(
        "break_glass.html", wrong=wrong, given=request.form, staff=len(runtime().profile.staff_phones)
    )


@blueprint.post("/break-glass")
@everybody
def break_glass_open() -> Response | tuple[str, int]:
    """Break the seal and log in."""
    if current_user.is_authenticated:
        return redirect(url_for("console.home"))  # type: ignore[return-value]
    name, why = request.form.get("name", ""), request.form.get("why", "")
    try:
        account = seals.break_open(runtime(), request.form.get("secret", "")[:80], name, why, now())
    except Invalid:
        return _page(_("Say who you are and why: everybody will want to know.")), 422
    except NotAllowed:
        return _page(_("That is not what stands on the sheet. Letters and digits; the hyphens do not matter.")), 403
    except Conflict:
        return _page(
            _("This seal was broken before. What stands on a sheet is good once; seal a new one on the machine.")
        ), 422
    login_user(Person(account, runtime().db), authn_via=["break-glass"])
    flash(_("You are in. Everybody sees it on every page, and the staff's phones get a text."))
    return redirect(url_for("console.home"))  # type: ignore[return-value]

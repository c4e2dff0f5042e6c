"""Changes to people that wait for a second person: seen by those who may say yes."""

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import Conflict, NotAllowed
from broadcaster.domain.rules import Role
from broadcaster.services import user_changes
from broadcaster.store import accounts, zones
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.auth.passwords import wrong_password
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _


@blueprint.get("/people/changes")
@needs(Role.APPROVER)
def people_changes() -> str:
    """What waits, who asked, and the buttons for whoever may press them."""
    return _page()


def _page(wrong: str = "") -> str:
    with runtime().db.read() as connection:
        waiting = user_changes.waiting(connection, now())
        return render_template(
            "people_changes.html",
            changes=waiting,
            people={each.id: each for each in accounts.listing(connection)},
            alone={each.id for each in waiting if user_changes.nobody_else(connection, each)},
            zones={each.code: each for each in zones.listing(connection)},
            may_confirm=user_changes.may_confirm,
            wrong=wrong,
        )


@blueprint.post("/people/changes/<change_id>/confirm")
@needs(Role.APPROVER)
def confirm_change(change_id: str) -> Response | tuple[str, int]:
    """The second person's yes; asked for their password, so that nobody does it at their place."""
    if wrong := wrong_password():
        return _page(wrong), 422
    try:
        user_changes.confirm(runtime(), change_id, me(), now())
    except (NotAllowed, Conflict) as error:
        return _page(str(error)), 409
    flash(_("Confirmed. It counts from now on."), "success")
    return _back()


@blueprint.post("/people/changes/<change_id>/refuse")
@needs(Role.APPROVER)
def refuse_change(change_id: str) -> Response:
    """No."""
    user_changes.refuse(runtime(), change_id, me(), now())
    flash(_("Refused. Nothing has changed."))
    return _back()


def _back() -> Response:
    endpoint = "console.users" if request.form.get("back") == "people" else "console.people_changes"
    return redirect(url_for(endpoint))  # type: ignore[return-value]

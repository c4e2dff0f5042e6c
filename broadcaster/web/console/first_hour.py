"""The first hour of an installation: what is still to be done before it can warn anybody, each with the way to it."""

from flask import Response, current_app, flash, redirect, render_template, url_for

from broadcaster.domain.rules import Role
from broadcaster.services import channel_checks, first_hour
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _


@blueprint.get("/first-hour")
@needs(Role.ADMIN)
def first_hour_page() -> str:
    """Every step with its state."""
    with runtime().db.read() as connection:
        found = first_hour.steps(runtime(), connection, now())
    return render_template("first_hour.html", steps=found, duty="console.duty" in current_app.view_functions)


@blueprint.post("/first-hour/channels")
@needs(Role.ADMIN)
def check_channels() -> Response:
    """Try every channel with a harmless call, and remember what answered."""
    found = channel_checks.every(runtime())
    channel_checks.note(runtime(), found, me(), now())
    for each in found:
        if each.fails:
            why = each.problem or next((other.problem for other in each.others if other.problem), "")
            flash(
                _("%(channel)s (%(mode)s) does not answer: %(why)s", channel=each.channel, mode=each.mode, why=why),
                "error",
            )
    if not any(each.fails for each in found):
        flash(_("Every channel that is set up answers."), "success")
    return redirect(url_for("console.first_hour_page"))  # type: ignore[return-value]

"""Sends the correction that was approved with an alert: read it, type the word, and it goes to those who got the wrong text."""

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import Conflict, Invalid
from broadcaster.domain.rules import Role
from broadcaster.services import correcting, reach
from broadcaster.store import alerts as alert_store
from broadcaster.store import incidents, zones
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _


@blueprint.get("/alerts/<alert_id>/correct")
@needs(Role.AUTHOR)
def correct(alert_id: str, wrong: str = "") -> str:
    """What would be said, to how many, and what stays in force whatever is said."""
    rt = runtime()
    with rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
        told = incidents.open_instructions(connection, alert.incident_id)
        return render_template(
            "correct.html",
            alert=alert,
            right=correcting.frozen(alert),
            possible=correcting.may_follow(connection, alert),
            count=reach.of_recipients(rt, connection, [alert_id], alert.draft["languages"])[0],
            told=told,
            zones=zones.some(connection, sorted({each.zone for each in told})),
            next_update=correcting.next_update(now()),
            given=request.form,
            wrong=wrong,
            word=_("CORRECT"),
        )


@blueprint.post("/alerts/<alert_id>/correct")
@needs(Role.AUTHOR)
def send_correction(alert_id: str) -> Response | tuple[str, int]:
    """One person may, with the approved words; with others it waits for a second."""
    if request.form.get("word", "").strip().casefold() not in {_("CORRECT").casefold(), "correct"}:
        return correct(alert_id, _("That was another word, so nothing was sent.")), 422
    with runtime().db.read() as connection:
        languages = alert_store.get(connection, alert_id).draft["languages"]
    given = {tag: request.form[f"right.{tag}"] for tag in languages if f"right.{tag}" in request.form}
    try:
        sent = correcting.send(runtime(), alert_id, me(), now(), given or None)
    except (Conflict, Invalid) as error:
        return correct(alert_id, str(error)), 409
    if sent.waits:
        flash(_("Submitted. It goes out when another person has approved it."), "success")
    else:
        flash(_("The correction is going out now, to those who got the wrong text."), "success")
    return redirect(url_for("console.alert", alert_id=sent.alert_id))  # type: ignore[return-value]

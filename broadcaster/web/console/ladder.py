"""The ladder for one person awake, on one page with the state of each step; and what a person can do on it."""

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.lifecycle import ALERT
from broadcaster.domain.rules import Role
from broadcaster.domain.standing_orders import CALL_EVERY, FALLBACK_AFTER, REVIEW_WITHIN
from broadcaster.services import fallback, reviewing
from broadcaster.services import ladder as service
from broadcaster.store import accounts, loans
from broadcaster.store import alerts as alert_store
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _


@blueprint.get("/alerts/<alert_id>/ladder")
@needs(Role.VIEWER)
def ladder(alert_id: str) -> str | Response:
    """Each step, in order, with where it stands."""
    rt = runtime()
    with rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
        if alert.state not in ALERT.sources("approve"):
            return _to_alert(alert_id)
        stands = service.of_alert(rt, connection, alert, now())
        held = [each for each in loans.listing(connection, now()) if each.holds(now())]
        return render_template(
            "ladder.html",
            alert=alert,
            kind=rt.kinds[alert.kind],
            stands=stands,
            texts=[each for each in stands.plan.texts if each.channel == "sms"],
            lent=[each for each in held if each.scope.covers(alert.kind, alert.draft["area"])],
            names=accounts.names(connection),
            minutes={
                "call": int(CALL_EVERY.total_seconds() // 60),
                "fallback": int(FALLBACK_AFTER.total_seconds() // 60),
                "review": int(REVIEW_WITHIN.total_seconds() // 60),
            },
        )


@blueprint.post("/alerts/<alert_id>/fallback")
@needs(Role.AUTHOR)
def send_fallback(alert_id: str) -> Response:
    """Let the frozen wording go in the place of an alert that nobody has decided on."""
    run = fallback.send(runtime(), alert_id, request.form.get("hash", ""), me(), now())
    flash(_("The fallback wording is going out. It must be countersigned within the hour."), "success")
    return redirect(url_for("console.run", run_id=run.id))  # type: ignore[return-value]


@blueprint.post("/alerts/<alert_id>/countersign")
@needs(Role.APPROVER)
def countersign(alert_id: str) -> Response:
    """Put one's name to what went without an ordinary second person."""
    reviewing.sign(runtime(), alert_id, me(), request.form.get("note", "")[:1000], now())
    flash(_("Countersigned."), "success")
    return _to_alert(alert_id)


@blueprint.get("/alerts/<alert_id>/log-lines")
@needs(Role.VIEWER)
def log_lines_page(alert_id: str) -> str:
    """Every decision as a line for the log that the team keeps elsewhere."""
    with runtime().db.read() as connection:
        return render_template("log_lines.html", alert=alert_store.get(connection, alert_id))


def _to_alert(alert_id: str) -> Response:
    return redirect(url_for("console.alert", alert_id=alert_id))  # type: ignore[return-value]

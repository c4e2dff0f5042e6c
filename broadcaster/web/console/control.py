"""Hands on an alert that is under way: stop it, try failed deliveries again, and begin what follows from it."""

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import NotFound
from broadcaster.domain.lifecycle import ALERT
from broadcaster.domain.rules import Role
from broadcaster.services import broadcasting, drafting, followup
from broadcaster.store import alerts as alert_store
from broadcaster.store import progress
from broadcaster.web.auth.guard import always, me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _
from broadcaster.web.language import ngettext
from broadcaster.web.mode import is_stop_word, stop_word

FORMS = ("update", "correction", "all-clear", "cancel")


@blueprint.get("/alerts/<alert_id>/stop")
@needs(Role.AUTHOR)
@always
def stop_page(alert_id: str, wrong: bool = False) -> str:
    """Ask for the word, and say what a stop does and does not do."""
    with runtime().db.read() as connection:
        row = alert_store.get(connection, alert_id)
        counts = progress.by_channel(connection, alert_id)
    possible = row.state in ALERT.sources("stop")
    word = stop_word(row.live)
    return render_template("stop.html", alert=row, counts=counts, wrong=wrong, possible=possible, word=word)


@blueprint.post("/alerts/<alert_id>/stop")
@needs(Role.AUTHOR)
@always
def stop(alert_id: str) -> Response | tuple[str, int]:
    """One person may. The typed word keeps it from happening by accident."""
    with runtime().db.read() as connection:
        live = alert_store.get(connection, alert_id).live
    if not is_stop_word(request.form.get("word", ""), live):
        return stop_page(alert_id, wrong=True), 422
    broadcasting.stop(runtime(), alert_id, me(), request.form.get("reason", "").strip()[:500], now())
    flash(_("Stopped. What had been handed over before cannot be called back; a correction reaches the same people."))
    return _back(alert_id)


@blueprint.post("/alerts/<alert_id>/retry")
@needs(Role.AUTHOR)
def retry(alert_id: str) -> Response:
    """Send failed deliveries again, on one channel or on all."""
    number = broadcasting.retry_failed(runtime(), alert_id, me(), now(), request.form.get("channel") or None)
    flash(ngettext("%(num)s delivery is tried again.", "%(num)s deliveries are tried again.", number))
    return _back(alert_id)


@blueprint.post("/alerts/<alert_id>/follow/<form>")
@needs(Role.AUTHOR)
def follow_up(alert_id: str, form: str) -> Response:
    """Begin an update, correction, all-clear or cancellation, filled in from this alert."""
    if form not in FORMS:
        raise NotFound("there is no such form")
    draft = followup.prefill(runtime(), alert_id, form, now())
    new = drafting.create(runtime(), draft, me(), now())
    return redirect(url_for("console.edit", alert_id=new))  # type: ignore[return-value]


def _back(alert_id: str) -> Response:
    return redirect(url_for("console.alert", alert_id=alert_id))  # type: ignore[return-value]

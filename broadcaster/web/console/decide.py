"""The second person: reads the exact texts, confirms the number, and approves, returns or rejects; bound to what was on the page."""

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection

from broadcaster.domain.errors import Conflict, Invalid, NotAllowed
from broadcaster.domain.kind import Audience
from broadcaster.domain.lifecycle import ALERT
from broadcaster.domain.rules import Role
from broadcaster.services import approval, coverage, forecasting, reach
from broadcaster.store import accounts, areas, audience, plans, zones
from broadcaster.store import alerts as alert_store
from broadcaster.store.alerts import AlertRow
from broadcaster.store.audience import Count
from broadcaster.web.auth import passkey_again
from broadcaster.web.auth.guard import me, needs, or_borrowed
from broadcaster.web.auth.passwords import wrong_password
from broadcaster.web.console import blueprint
from broadcaster.web.console.home import may_decide
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _
from broadcaster.web.mode import is_drill_word
from broadcaster.web.zone_map import zone_map
from channels.base import Message


@blueprint.get("/d/<short>")
@needs(Role.APPROVER)
@or_borrowed
def decide_short(short: str) -> Response:
    """The short address in the text that calls an approver."""
    with runtime().db.read() as connection:
        alert_id = alert_store.id_of_token(connection, short)
    return redirect(url_for("console.decide", alert_id=alert_id))  # type: ignore[return-value]


@blueprint.get("/alerts/<alert_id>/decide")
@needs(Role.APPROVER)
@or_borrowed
def decide(alert_id: str) -> str | Response:
    """Exact texts first, then the number, then the buttons."""
    with runtime().db.read() as connection:
        alert = alert_store.get(connection, alert_id)
    if alert.state not in ALERT.sources("approve"):
        # The link in a text is opened later too: what became of it is said there.
        return _to_alert(alert_id)
    if not may_decide(alert):
        raise NotAllowed(
            _(
                "You wrote, edited or submitted this alert, or it is for other zones or channels than yours: another person must decide."
            )
        )
    return _page(alert)


def _page(alert: AlertRow, wrong: str = "") -> str:
    rt = runtime()
    with rt.db.read() as connection:
        known = zones.listing(connection)
        texts = sorted(alert_store.texts(connection, alert.id).values(), key=_text_messages_first)
        count = _count(connection, alert)
        outlook = forecasting.of_alert(rt, connection, alert, now(), count) if count else None
        return render_template(
            "decide.html",
            alert=alert,
            kind=rt.kinds[alert.kind],
            texts=texts,
            segments=max((sum(text.units) for text in texts if text.channel == "sms"), default=0),
            count=count,
            outlook=outlook,
            coverage=coverage.of_alert(rt, connection, alert),
            zones={zone.code: zone for zone in known},
            map=zone_map(known, alert.draft["area"].get("zones", ()), alert.draft["area"]),
            references=alert_store.references(connection, alert.id),
            names=accounts.names(connection),
            wrong=wrong,
            waiting=now() - alert.submitted_at if alert.submitted_at else None,
            question=passkey_again.question(_about(alert)) if alert.live else "",
        )


def _text_messages_first(text: Message) -> bool:
    return text.channel != "sms"


def _about(alert: AlertRow) -> str:
    """What a passkey's answer is good for: this alert, as it is worded now."""
    return f"approve {alert.id} {alert.content_hash}"


def _count(connection: Connection, alert: AlertRow) -> Count | None:
    """Whom it would reach at this moment: the number that the approver agrees to."""
    rt = runtime()
    if not any(rt.personal(channel) for channel in alert.draft["channels"]):
        return None
    if reach.of_kind(rt, alert) is Audience.RECIPIENTS:
        earlier = [each.id for each in alert_store.references(connection, alert.id)]
        return reach.of_recipients(rt, connection, earlier, alert.draft["languages"])[0]
    area = areas.compile_area(connection, plans.selector_of(alert.draft["area"]))
    languages = tuple(alert.draft["languages"])
    return audience.count(connection, area, languages=languages, lane=alert.lane, exercise=not alert.live)


@blueprint.post("/alerts/<alert_id>/approve")
@needs(Role.APPROVER)
@or_borrowed
def approve(alert_id: str) -> Response | tuple[str, int]:
    """Let it go out. What was on the page is what goes: its hash and its number come back with the form."""
    with runtime().db.read() as connection:
        alert = alert_store.get(connection, alert_id)
    ALERT.advance(alert.state, "approve")
    if wrong := _not_confirmed(alert):
        return _page(alert, wrong), 422
    try:
        confirmed = request.form.get("phones", type=int)
        approval.approve(runtime(), alert_id, me(), request.form.get("hash", ""), now(), confirmed)
    except Conflict as error:
        with runtime().db.read() as connection:
            again = alert_store.get(connection, alert_id)
        return _page(again, str(error)), 409
    flash(_("Approved. It is going out now."), "success")
    return _to_decided(alert_id)


def _not_confirmed(alert: AlertRow) -> str:
    """What is missing from the form; empty when the approver has said yes to everything."""
    if request.form.get("read") != "yes":
        return _("Tick that you have read the texts, and whom they reach.")
    if not alert.live:
        right = is_drill_word(request.form.get("word", ""))
        return "" if right else _("Type the word that says that this is an exercise.")
    if passkey_again.answered(_about(alert)):
        return ""
    if request.form.get("credential"):
        return _("The passkey was not accepted, so nothing was sent. Try again, or use your password.")
    return wrong_password()


@blueprint.post("/alerts/<alert_id>/return")
@needs(Role.APPROVER)
@or_borrowed
def send_back(alert_id: str) -> Response | tuple[str, int]:
    """Back to its author, with a reason."""
    return _without(alert_id, "return", _("Returned to its author. Nothing was sent."))


@blueprint.post("/alerts/<alert_id>/reject")
@needs(Role.APPROVER)
@or_borrowed
def reject(alert_id: str) -> Response | tuple[str, int]:
    """Refused for good, with a reason."""
    return _without(alert_id, "reject", _("Rejected. Nothing was sent."))


def _without(alert_id: str, how: str, done: str) -> Response | tuple[str, int]:
    reason = request.form.get("reason", "")[:1000]
    decide_on = approval.send_back if how == "return" else approval.reject
    try:
        decide_on(runtime(), alert_id, me(), reason, now())
    except Invalid:
        with runtime().db.read() as connection:
            alert = alert_store.get(connection, alert_id)
        return _page(alert, _("Say why: the author learns from it, and the journal keeps it.")), 422
    flash(done)
    return _to_decided(alert_id)


@blueprint.get("/alerts/<alert_id>/decided")
@needs(Role.VIEWER)
def decided(alert_id: str) -> str:
    """What was decided, light enough for the network on which it was decided, with its line for another log."""
    with runtime().db.read() as connection:
        return render_template("decided.html", alert=alert_store.get(connection, alert_id))


def _to_decided(alert_id: str) -> Response:
    return redirect(url_for("console.decided", alert_id=alert_id))  # type: ignore[return-value]


def _to_alert(alert_id: str) -> Response:
    return redirect(url_for("console.alert", alert_id=alert_id))  # type: ignore[return-value]

"""Check before submitting: who, where, how many, the exact texts; one button whose words say what it does."""

from collections.abc import Mapping
from types import MappingProxyType

from flask import Response, flash, redirect, render_template, url_for

from broadcaster.domain.errors import Invalid, NotReady
from broadcaster.domain.lifecycle import ALERT, AlertState
from broadcaster.domain.rules import Role
from broadcaster.services import coverage, drafting, reach
from broadcaster.store import accounts, zones
from broadcaster.store import alerts as alert_store
from broadcaster.store.alerts import AlertRow
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.findings import reasons, unanswered
from broadcaster.web.language import gettext as _
from broadcaster.web.told import told
from broadcaster.web.zone_map import zone_map


@blueprint.get("/alerts/<alert_id>/check")
@needs(Role.AUTHOR)
def check(alert_id: str) -> str:
    """The whole draft as it would go out now, with everything that stands in the way."""
    return _page(alert_id)


def _page(alert_id: str, reasons: Mapping[str, str] = MappingProxyType({}), answered: bool = False) -> str:
    """The page; `reasons` are those that were given, and once it was `answered` those that lack are complained about."""
    rt = runtime()
    with rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
        ALERT.advance(alert.state, "submit")
    draft = drafting.draft_of(rt, alert, now())
    preview = drafting.preview(rt, draft, now())
    with rt.db.read() as connection:
        known = zones.listing(connection)
        second_people = accounts.second_people(connection)
        covered = coverage.of_alert(rt, connection, alert)
    texts = preview.partly.made.messages
    return render_template(
        "check.html",
        alert=alert,
        kind=rt.kinds[alert.kind],
        preview=preview,
        texts=texts,
        settled=preview.partly.draft,
        segments=max((sum(text.units) for text in texts if text.channel == "sms"), default=0),
        zones={zone.code: zone for zone in known},
        map=zone_map(
            known,
            alert.draft["area"].get("zones", ()),
            alert.draft["area"],
            reach.spill(preview.partly.ground) if preview.partly.ground else (),
        ),
        second_people=second_people,
        coverage=covered,
        reasons=reasons,
        unanswered=unanswered(preview.findings, reasons) if answered else (),
    )


@blueprint.post("/alerts/<alert_id>/submit")
@needs(Role.AUTHOR)
def submit(alert_id: str) -> Response | tuple[str, int]:
    """Freeze it; from here on it waits for another person. Here every warning needs a tick and a reason."""
    rt, given = runtime(), reasons()
    with rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
    if alert.state is AlertState.PENDING_APPROVAL and alert.submitted_by == me().id:
        # The same press, come again after the network was lost.
        return _to("alert", alert_id)
    if _unanswered(alert, given):
        return _page(alert_id, given, answered=True), 422
    try:
        drafting.submit(rt, alert_id, me(), now(), reasons=given)
    except Invalid:
        # The check page makes the same texts again, and so says all that is wrong with its places.
        flash(_("It was not submitted: something must be put right first."), "error")
        return _to("check", alert_id)
    except NotReady as error:
        # Nobody is there who could approve it: the check page says so, with the way out.
        flash(told(str(error)), "error")
        return _to("check", alert_id)
    flash(_("Submitted. It goes out when another person has approved it."), "success")
    return _to("alert", alert_id)


def _unanswered(alert: AlertRow, given: Mapping[str, str]) -> bool:
    """True when a warning has no answer; an alert with errors goes back by itself."""
    ALERT.advance(alert.state, "submit")
    preview = drafting.preview(runtime(), drafting.draft_of(runtime(), alert, now()), now())
    return not preview.stopped and bool(unanswered(preview.findings, given))


@blueprint.post("/alerts/<alert_id>/discard")
@needs(Role.AUTHOR)
def discard(alert_id: str) -> Response:
    """Throw a draft away."""
    drafting.discard(runtime(), alert_id, me(), now())
    flash(_("Discarded. It stays in the journal."))
    return _to("alert", alert_id)


@blueprint.post("/alerts/<alert_id>/withdraw")
@needs(Role.AUTHOR)
def withdraw(alert_id: str) -> Response:
    """Take a submitted alert back."""
    drafting.withdraw(runtime(), alert_id, me(), now())
    flash(_("Withdrawn. Nothing was sent."))
    return _to("alert", alert_id)


def _to(endpoint: str, alert_id: str) -> Response:
    return redirect(url_for(f"console.{endpoint}", alert_id=alert_id))  # type: ignore[return-value]

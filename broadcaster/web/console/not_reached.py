"""Who did not get it: numbers per zone for those who write, lists by street for crews behind the approver's right."""

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import Conflict, Invalid, Problem
from broadcaster.domain.rules import Role
from broadcaster.domain.street import Why
from broadcaster.services import not_reached
from broadcaster.store import accounts, address_lists, crew_lists, zones
from broadcaster.store import alerts as alert_store
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _


@blueprint.get("/alerts/<alert_id>/not-reached", endpoint="not_reached")
@needs(Role.AUTHOR)
def who_did_not(alert_id: str) -> str:
    """Numbers only: nobody's name or number is on this page."""
    return _page(alert_id)


def _page(alert_id: str, wrong: tuple[Problem, ...] = ()) -> str:
    rt = runtime()
    with rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
        counts = not_reached.counts(rt, connection, alert)
        return render_template(
            "not_reached.html",
            alert=alert,
            counts=counts,
            whys=list(Why),
            zones=zones.some(connection, list(counts)),
            listed=address_lists.count(connection),
            lists=crew_lists.of_alert(connection, alert_id),
            names=accounts.names(connection),
            hours=not_reached.HOURS,
            most=not_reached.MOST_HOURS,
            wrong=wrong,
            typed=request.form,
        )


@blueprint.post("/alerts/<alert_id>/not-reached")
@needs(Role.APPROVER)
def make_crew_list(alert_id: str) -> Response | tuple[str, int]:
    """A link for some hours; opening it is another step, and journaled."""
    form = request.form
    hours = form.get("hours", 0, type=int)
    try:
        made = not_reached.make(runtime(), alert_id, form.get("zone", ""), hours, form.get("reason", ""), me(), now())
    except Invalid as error:
        return _page(alert_id, error.problems), 422
    return _to(made)


@blueprint.get("/crew-lists/<list_id>")
@needs(Role.APPROVER)
def crew_list(list_id: str) -> tuple[str, int]:
    """What the link leads to: whose list it is, until when, and the button that opens it."""
    with runtime().db.read() as connection:
        found = crew_lists.get(connection, list_id)
        alert = alert_store.get(connection, found.alert_id)
        known, names = zones.some(connection, [found.zone]), accounts.names(connection)
    opens = found.opens(now())
    page = render_template("crew_list.html", list=found, alert=alert, zones=known, names=names, opens=opens)
    return page, 200 if opens else 410


@blueprint.post("/crew-lists/<list_id>/open")
@needs(Role.APPROVER)
def open_crew_list(list_id: str) -> Response | str:
    """The list itself, to be printed; never kept by anybody on the way."""
    try:
        streets = not_reached.open_list(runtime(), list_id, me(), now())
    except Conflict:
        return _to(list_id)
    with runtime().db.read() as connection:
        found = crew_lists.get(connection, list_id)
        alert = alert_store.get(connection, found.alert_id)
        known = zones.some(connection, [found.zone])
    return render_template("crew_list_open.html", list=found, alert=alert, zones=known, streets=streets)


@blueprint.post("/crew-lists/<list_id>/withdraw")
@needs(Role.APPROVER)
def withdraw_crew_list(list_id: str) -> Response:
    """Let the link die now."""
    not_reached.withdraw(runtime(), list_id, me(), now())
    flash(_("The link is dead. Paper that was printed is not: collect it."))
    return _to(list_id)


def _to(list_id: str) -> Response:
    return redirect(url_for("console.crew_list", list_id=list_id))  # type: ignore[return-value]

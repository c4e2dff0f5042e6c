"""Incidents: their alerts, what people are still told to do, and the journal."""

from flask import Response, redirect, render_template, request, url_for
from markupsafe import Markup

from broadcaster.domain.rules import Role
from broadcaster.services import incidents as incident_service
from broadcaster.store import alerts as alert_store
from broadcaster.store import chronicle
from broadcaster.store import incidents as incident_store
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.console.live import fragment
from broadcaster.web.context import now, runtime


@blueprint.get("/incidents")
@needs(Role.VIEWER)
def incidents() -> str:
    """Open ones first."""
    with runtime().db.read() as connection:
        found = incident_store.listing(connection)
    return render_template(
        "incidents.html",
        open_ones=[each for each in found if each.closed_at is None],
        closed=[each for each in found if each.closed_at is not None],
    )


@blueprint.get("/incidents/<name>")
@needs(Role.VIEWER)
def incident(name: str) -> str:
    """One incident."""
    with runtime().db.read() as connection:
        found = incident_store.named(connection, name)
        told = incident_store.open_instructions(connection, found.id)
        return render_template(
            "incident.html",
            incident=found,
            alerts=alert_store.listing(connection, incident=name, limit=200),
            told=told,
            live=Markup(fragment(name)),  # noqa: S704 - our own template, escaped where it was made
            entries=chronicle.latest(connection, name, before=request.args.get("before", type=int)),
        )


@blueprint.post("/incidents/<name>/close")
@needs(Role.APPROVER)
def close_incident(name: str) -> Response:
    """Close it, unless people are still told to do something."""
    incident_service.close(runtime(), name, me(), now())
    return redirect(url_for("console.incident", name=name))  # type: ignore[return-value]

"""The ledger of open instructions, zone by zone, and the beginning of the all-clear that lifts them."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import Row

from broadcaster.domain.errors import Conflict
from broadcaster.domain.rules import Role
from broadcaster.services import drafting, followup
from broadcaster.store import incidents, zones
from broadcaster.store.zone_files import Zone
from broadcaster.web import display
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.told import told


@blueprint.get("/instructions")
@needs(Role.VIEWER)
def instructions() -> str:
    """Everything that people are told to do, and what was lifted in the last week."""
    with runtime().db.read() as connection:
        rows = incidents.ledger(connection, now())
        known = zones.some(connection, sorted({each.zone for each in rows}))
    found = _lines(rows, known)
    return render_template(
        "instructions.html",
        open_ones=[each for each in found if each["lifted_at"] is None],
        lifted=[each for each in found if each["lifted_at"] is not None],
    )


def _lines(rows: Sequence[Row[Any]], known: Mapping[str, Zone]) -> list[dict[str, Any]]:
    return [
        dict(row._mapping)
        | {"told": display.said(row.words.get("command", row.words)), "place": display.zone_called(row.zone, known)}
        for row in rows
    ]


@blueprint.post("/incidents/<name>/all-clear")
@needs(Role.AUTHOR)
def lift(name: str) -> Response:
    """A draft that lifts what is open in the incident, or in one of its zones; two people send it."""
    chosen = request.args.getlist("zone")
    try:
        draft = followup.lift(runtime(), name, now(), chosen)
    except Conflict as error:
        flash(told(str(error)), "error")
        return redirect(url_for("console.incident", name=name))  # type: ignore[return-value]
    new = drafting.create(runtime(), draft, me(), now())
    return redirect(url_for("console.edit", alert_id=new))  # type: ignore[return-value]

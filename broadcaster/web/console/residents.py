"""Residents and zones: how many live where, and the way for new ones to come in."""

from typing import cast

from flask import Response, current_app, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.kind import Lane
from broadcaster.domain.rules import Role
from broadcaster.services.residents import Mode
from broadcaster.services.zones import import_zones
from broadcaster.store import areas, audience, zones
from broadcaster.web import context, imports
from broadcaster.web.auth.guard import me, needs, polled, upload
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _
from broadcaster.web.zone_map import zone_map


@blueprint.get("/residents")
@needs(Role.VIEWER)
def residents() -> str:
    """Counts only: nobody's number is on this page."""
    rt = runtime()
    with rt.db.read() as connection:
        everybody = areas.whole_register(connection)
        counts = {
            exercise: audience.count(
                connection, everybody, languages=rt.profile.languages, lane=str(Lane.LIFE_SAFETY), exercise=exercise
            )
            for exercise in (False, True)
        }
        known = zones.listing(connection)
    return render_template(
        "residents.html", live=counts[False], drill=counts[True], zones=known, map=zone_map(known, ())
    )


@blueprint.post("/residents/import")
@needs(Role.APPROVER)
@upload
def import_residents() -> Response:
    """Take a CSV and begin to compare it with what is in force."""
    file = request.files.get("file")
    mode = request.form.get("mode", "")
    if file is None or not file.filename or mode not in ("merge", "replace"):
        raise Invalid(
            [Problem("file", "is missing", "Choose a CSV file, and whether it adds to the register or replaces it.")]
        )
    token = imports.begin(runtime(), file.stream, file.filename, cast(Mode, mode), me(), context.clock())
    return redirect(url_for("console.import_page", token=token))  # type: ignore[return-value]


@blueprint.get("/residents/imports/<token>")
@needs(Role.APPROVER)
def import_page(token: str) -> str:
    """How far an import has come, what it would change, and which lines were refused."""
    run = imports.look(runtime(), token)
    return render_template("import.html", run=run, dead=run.silent(now()))


@blueprint.get("/residents/imports/<token>/progress")
@needs(Role.APPROVER)
@polled
def import_progress(token: str) -> str:
    """The part that moves."""
    run = imports.look(runtime(), token)
    return render_template("_import.html", run=run, dead=run.silent(now()))


@blueprint.post("/residents/imports/<token>/apply")
@needs(Role.APPROVER)
def apply_import(token: str) -> Response:
    """Put in force what was compared."""
    imports.apply(runtime(), token, me(), context.clock())
    return redirect(url_for("console.import_page", token=token))  # type: ignore[return-value]


@blueprint.post("/residents/zones")
@needs(Role.APPROVER)
@upload
def upload_zones() -> Response | tuple[str, int]:
    """Take a GeoJSON file of zones; what it does not name stays."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid([Problem("file", "is missing", "Choose a GeoJSON file.")])
    data = file.stream.read(current_app.config["MAX_CONTENT_LENGTH"] * 10)
    report = import_zones(runtime().db, runtime().profile, data, actor=me(), now=now(), name=file.filename[:80])
    flash(
        _(
            "Zones imported: %(new)s new, %(changed)s changed, %(same)s the same; %(moved)s places belong elsewhere now.",
            new=report.new,
            changed=report.changed,
            same=report.same,
            moved=report.moved,
        ),
        "success",
    )
    return redirect(url_for("console.residents"))  # type: ignore[return-value]

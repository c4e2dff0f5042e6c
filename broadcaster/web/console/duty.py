"""The duty roster and borrowed approvers: who can be woken to approve, and how to get somebody when nobody is there."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.moment import read_moment
from broadcaster.domain.rules import Role
from broadcaster.domain.standing_orders import POSTS
from broadcaster.services import duty as service
from broadcaster.services import duty_files, lending
from broadcaster.services.duty import Entry
from broadcaster.services.lending import Terms
from broadcaster.store import accounts, loans, zones
from broadcaster.web.auth.guard import me, needs, upload
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _


@blueprint.get("/duty")
@needs(Role.VIEWER)
def duty() -> str:
    """Who is on duty, the roster, and who is borrowed."""
    return _page()


def _page(problems: tuple[Problem, ...] = (), borrow_problems: tuple[Problem, ...] = ()) -> str:
    rt = runtime()
    with rt.db.read() as connection:
        people = accounts.listing(connection)
        return render_template(
            "duty.html",
            standing=service.standing(rt, connection, now()),
            roster=service.listing(rt, now()),
            loans=loans.listing(connection, now()),
            lent=[each for each in rt.profile.night.lent if now() < each.until],
            people={each.id: each for each in people},
            able=[each for each in people if each.active and each.role.covers(Role.APPROVER)],
            others=[each for each in people if each.active and not each.role.covers(Role.APPROVER)],
            zones={zone.code: zone for zone in zones.listing(connection)},
            posts=POSTS,
            problems=problems,
            borrow_problems=borrow_problems,
            given=request.form,
            columns=",".join(duty_files.COLUMNS),
        )


@blueprint.post("/duty/add")
@needs(Role.AUTHOR)
def duty_add() -> Response | tuple[str, int]:
    """Put somebody on the roster."""
    form = request.form
    try:
        begins, ends = _moments("from", "until")
        entry = Entry(form.get("person", ""), form.get("post", ""), begins, ends, form.get("backup", ""))
        service.add(runtime(), entry, me(), now())
    except Invalid as error:
        return _page(error.problems), 422
    flash(_("It is on the roster."), "success")
    return _back()


@blueprint.post("/duty/<watch_id>/remove")
@needs(Role.AUTHOR)
def duty_remove(watch_id: str) -> Response:
    """Take a time off the roster."""
    service.remove(runtime(), watch_id, me(), now())
    flash(_("It is off the roster."))
    return _back()


@blueprint.post("/duty/import")
@needs(Role.AUTHOR)
@upload
def duty_import() -> Response | tuple[str, int]:
    """Add a file of another system: all of it or nothing."""
    file = request.files.get("file")
    data = file.read(duty_files.LARGEST + 1) if file and file.filename else request.form.get("rows", "").encode()
    try:
        added = duty_files.import_roster(runtime(), data, me(), now())
    except Invalid as error:
        return _page(error.problems), 422
    flash(_("%(number)s put on the roster.", number=added), "success")
    return _back()


@blueprint.post("/duty/borrow")
@needs(Role.AUTHOR)
def borrow() -> Response | tuple[str, int]:
    """Propose an approver whom another house lends."""
    form = request.form
    try:
        (until,) = _moments("until")
        terms = Terms(
            form.get("person", ""),
            form.get("post", ""),
            form.get("house", ""),
            form.getlist("kinds"),
            form.getlist("zones"),
            until,
        )
        lending.propose(runtime(), terms, me(), now())
    except Invalid as error:
        return _page((), error.problems), 422
    flash(_("Proposed. It counts when another person, an approver, has confirmed it."), "success")
    return _back()


@blueprint.post("/duty/borrowed/<loan_id>/confirm")
@needs(Role.APPROVER)
def confirm_borrowed(loan_id: str) -> Response:
    """The second person's word."""
    lending.confirm(runtime(), loan_id, me(), now())
    flash(_("Confirmed. They may approve what they were lent for."), "success")
    return _back()


@blueprint.post("/duty/borrowed/<loan_id>/end")
@needs(Role.AUTHOR)
def end_borrowed(loan_id: str) -> Response:
    """Take the right back at once."""
    lending.end(runtime(), loan_id, me(), now())
    flash(_("Ended. They may approve nothing more."))
    return _back()


def _moments(*places: str) -> list[datetime]:
    """Times as people type them; Invalid names each that is none."""
    found, problems = [], []
    for place in places:
        typed = request.form.get(place, "").strip()
        try:
            found.append(read_moment(typed[:64], ZoneInfo(runtime().profile.timezone), now()) if typed else now())
        except ValueError as error:
            problems.append(Problem(place, str(error)))
        if not typed and place == "until":
            problems.append(Problem(place, "must be filled in"))
    if problems:
        raise Invalid(problems)
    return found


def _back() -> Response:
    return redirect(url_for("console.duty"))  # type: ignore[return-value]

"""Playbooks: what has been written in advance, who stands for it, and one press to start it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Conflict, Invalid, Problem
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.playbook import Parameter, Playbook
from broadcaster.domain.rules import Role
from broadcaster.services import playbook_checks, playbooks
from broadcaster.services.playbooks import Shelf
from broadcaster.store import alerts as alert_store
from broadcaster.store import playbooks as store
from broadcaster.store import zones
from broadcaster.web.auth.guard import me, needs, polled
from broadcaster.web.auth.passwords import wrong_password
from broadcaster.web.console import blueprint
from broadcaster.web.console.compose import MODES
from broadcaster.web.console.compose_form import values_of_blanks
from broadcaster.web.console.playbook_texts import samples
from broadcaster.web.context import now, runtime
from broadcaster.web.display import said

_IN_FORCE = (AlertState.BROADCASTING, AlertState.ACTIVE, AlertState.STOPPED)


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that a blank can be filled with, as the form lists it: a zone, or an alert that was sent."""

    code: str
    names: Mapping[str, str]


@blueprint.get("/playbooks")
@needs(Role.VIEWER)
def playbook_list() -> str:
    """Everything on the shelf, broken ones too."""
    rt = runtime()
    with rt.db.read() as connection:
        return render_template(
            "playbooks.html", shelf=playbooks.listing(rt, connection), runs=store.runs(connection, limit=20)
        )


@blueprint.get("/playbooks/<name>")
@needs(Role.VIEWER)
def playbook(name: str) -> str:
    """One of them: its blanks, its alerts, who stands for it."""
    return _page(name)


def _page(name: str, problems: Sequence[Problem] = (), values: Mapping[str, Any] | None = None) -> str:
    rt = runtime()
    with rt.db.read() as connection:
        shelf = playbooks.on_shelf(rt, connection, name)
        runs = store.runs(connection, name=name, limit=20)
        zone_choices = [Choice(zone.code, zone.names) for zone in zones.listing(connection)]
        sent = alert_store.listing(connection, states=_IN_FORCE)
    alert_choices = [Choice(each.id, {"en": f"{each.identifier} ({each.incident_title})"}) for each in sent]
    book = shelf.playbook
    found = (
        list(shelf.problems) if book is None else playbook_checks.check(rt, [playbooks.folder_of(rt) / f"{name}.yaml"])
    )
    return render_template(
        "playbook.html",
        shelf=shelf,
        book=book,
        text=playbooks.load(rt, name)[1] if book else "",
        mode=request.values.get("mode", ""),
        kind=next(iter(rt.kinds.values())),
        tongues=rt.profile.languages,
        choices={each.name: _choices(each, zone_choices, alert_choices) for each in book.parameters.values()}
        if book
        else {},
        values=values if values is not None else _defaults(book),
        problems=[Problem(each.place.replace("parameters.", "fields."), each.message, each.cure) for each in problems],
        checked=found,
        samples=samples(rt, book, now()) if book else (),
        runs=runs,
        waits=_waits(shelf, values or {}),
        mine=bool(shelf.version and me().id in {each.approver for each in shelf.version.approvals}),
    )


def _choices(parameter: Parameter, known: Sequence[Choice], sent: Sequence[Choice]) -> Sequence[Choice]:
    if parameter.alerts:
        return sent
    return [each for each in known if not parameter.zones or each.code in parameter.zones]


def _defaults(book: Playbook | None) -> dict[str, Any]:
    blanks = book.parameters if book else {}
    return {name: each.spec.default for name, each in blanks.items() if each.spec.default is not None}


def _waits(shelf: Shelf, raw: Mapping[str, Any]) -> list[str]:
    """Why the alerts of a run will wait for a further person, as far as can be said before; empty: they go out at once."""
    if shelf.playbook is None or not shelf.approved:
        return [_("two people have not approved this version of the playbook")]
    rt, reasons = runtime(), []
    if shelf.playbook.open_blanks(raw):
        reasons.append(_("words of somebody's own were given"))
    always = [rt.kinds[name].title for name in shelf.playbook.kinds if name in rt.kinds and rt.kinds[name].always_two]
    if always:
        kinds = ", ".join(said(each) for each in always)
        reasons.append(_("these always need a second person: %(kinds)s", kinds=kinds))
    return reasons


@blueprint.post("/playbooks/<name>/approve")
@needs(Role.APPROVER)
def approve_playbook(name: str) -> Response | tuple[str, int]:
    """Give one's word for exactly the version on the page."""
    if wrong := wrong_password():
        return _page(name, [Problem("password", wrong)]), 422
    try:
        version = playbooks.approve_version(runtime(), name, me(), now(), seen=request.form.get("hash", ""))
    except Invalid as error:
        return _page(name, error.problems), 422
    except Conflict as error:
        return _page(name, [Problem("hash", str(error))]), 409
    both = _("Two people stand for this version now: it may go out at once.")
    flash(both if version.approved else _("Noted. One more person is needed."), "success")
    return _to("playbook", name=name)


@blueprint.post("/playbooks/<name>/runs")
@needs(Role.AUTHOR)
def run_playbook(name: str) -> Response | tuple[str, int]:
    """Start it. A live one asks for the password: it may go out without another person."""
    rt = runtime()
    status = MODES.get(request.form.get("mode", ""))
    if status is None:
        return _page(name, [Problem("mode", _("Say whether it is real or an exercise."))]), 422
    book, _text = playbooks.load(rt, name)
    values = _values(book)
    if status is Status.ACTUAL and (wrong := wrong_password()):
        return _page(name, [Problem("password", wrong)], values), 422
    try:
        started = playbooks.run(rt, name, values, me(), status, now())
    except Invalid as error:
        return _page(name, error.problems, values), 422
    return _to("run", run_id=started.id)


def _values(book: Playbook) -> dict[str, Any]:
    specs = [each.spec for each in book.parameters.values()]
    return values_of_blanks(request.form, specs, runtime().profile.languages)


@blueprint.get("/runs/<run_id>")
@needs(Role.VIEWER)
def run(run_id: str) -> str:
    """How far a run has come, step by step."""
    return render_template("run.html", **_run(run_id))


@blueprint.get("/runs/<run_id>/progress")
@needs(Role.VIEWER)
@polled
def run_progress(run_id: str) -> str:
    """The part that moves."""
    return render_template("_run.html", **_run(run_id))


def _run(run_id: str) -> dict[str, Any]:
    rt = runtime()
    found = playbooks.get(rt, run_id)
    with rt.db.read() as connection:
        version = store.version_of(connection, found)
    return {"run": found, "version": version, "now": now()}


def _to(endpoint: str, **values: Any) -> Response:
    return redirect(url_for(f"console.{endpoint}", **values))  # type: ignore[return-value]

"""Writing an alert: choose real or exercise, choose a kind, fill in, look at every text; nothing is sent from here."""

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Conflict, Invalid, NotFound, Problem
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.lifecycle import ALERT
from broadcaster.domain.rules import Role
from broadcaster.services import incidents as incident_service
from broadcaster.services import playbooks as playbook_service
from broadcaster.services import writing as service
from broadcaster.services.writing import Kept, Page
from broadcaster.store import alerts as alert_store
from broadcaster.store import incidents as incident_store
from broadcaster.store import writings
from broadcaster.store.alerts import AlertRow
from broadcaster.store.tokens import new_id
from broadcaster.web.auth.guard import me, needs, upload
from broadcaster.web.console import blueprint
from broadcaster.web.console.compose_actions import STEPS, clashed
from broadcaster.web.console.compose_kept import keep, left, my_page, rescued
from broadcaster.web.console.compose_page import form_page
from broadcaster.web.console.compose_prefill import begun
from broadcaster.web.console.compose_sheet import Sheet, new_tab, sheet_of, sheet_of_draft
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _

MODES = {"live": Status.ACTUAL, "exercise": Status.EXERCISE}
#: Buttons that put what was written into the alert; all others keep it beside the alert.
_SAVING = ("save", "check")

Answer = str | Response | tuple[str, int]


@blueprint.get("/alerts/new")
@needs(Role.AUTHOR)
def new() -> str | Response:
    """First: is it real? Then: what kind?"""
    mode, kind, name = (request.args.get(each, "") for each in ("mode", "kind", "incident"))
    rt = runtime()
    with rt.db.read() as connection:
        open_ones = incident_store.listing(connection, open_only=True)
        chosen = next((each for each in open_ones if each.name == name), None)
        if chosen is not None:
            mode = "live" if chosen.live else "exercise"
        shelf = playbook_service.listing(rt, connection) if mode in MODES else ()
        older = alert_store.listing(connection, limit=15) if mode in MODES else ()
    if mode in MODES and kind in rt.kinds:
        return _to("new_of_kind", kind=kind, mode=mode, incident=name or None)
    return render_template(
        "new.html",
        mode=mode if mode in MODES else "",
        kind=kind,
        chosen=chosen,
        incidents=open_ones,
        older=[each for each in older if each.kind in rt.kinds and each.msg_type == "Alert"],
        shelf=[each for each in shelf if each.playbook],
        unfinished=service.unfinished(rt, me().id),
    )


@blueprint.route("/alerts/new/<kind>", methods=["GET", "POST"])
@needs(Role.AUTHOR)
@upload
@rescued
def new_of_kind(kind: str) -> Answer:
    """The form of one kind, and its first saving."""
    known = _kind(kind)
    if request.method == "POST":
        return _answer(known, None)
    status, incident = MODES.get(request.args.get("mode", "")), request.args.get("incident", "")
    if status is None:
        return _to("new", kind=kind, incident=incident or None)
    return form_page(begun(known, status, incident, request.args.get("from", "")))


@blueprint.route("/alerts/<alert_id>/edit", methods=["GET", "POST"])
@needs(Role.AUTHOR)
@upload
@rescued
def edit(alert_id: str) -> Answer:
    """The same form for an alert that exists; what was left unfinished here is found again."""
    alert = _alert(alert_id)
    known = _kind(alert.kind)
    if request.method == "POST":
        return _answer(known, alert)
    ALERT.advance(alert.state, "edit")
    found = service.unfinished(runtime(), me().id, alert_id)
    if found:
        return _found_again(known, service.opened(runtime(), found[0].id, me().id), alert)
    sheet = sheet_of_draft(known, alert.draft, alert.version, new_id())
    sheet.look()
    return form_page(sheet, alert)


@blueprint.route("/alerts/writing/<writing_id>", methods=["GET", "POST"])
@needs(Role.AUTHOR)
@upload
@rescued
def writing(writing_id: str) -> Answer:
    """A form as one has left it: after a closed tab, an ended session, or a while."""
    kept = service.opened(runtime(), writing_id, me().id)
    row = kept.writing
    if request.method == "POST":
        return _answer(_kind(row.kind), _alert(row.alert_id) if row.alert_id else None)
    if row.alert_id is not None:
        return _to("edit", alert_id=row.alert_id)
    return _found_again(_kind(row.kind), kept, None)


@blueprint.post("/alerts/writing/<writing_id>/drop")
@needs(Role.AUTHOR)
def drop_writing(writing_id: str) -> Response:
    """Throw away what was not saved."""
    row = service.opened(runtime(), writing_id, me().id).writing
    service.drop(runtime(), writing_id, me().id)
    flash(_("Thrown away. Nothing that was saved has changed."))
    return _to("edit", alert_id=row.alert_id) if row.alert_id else _to("new")


def _found_again(kind: AlertKind, kept: Kept, alert: AlertRow | None) -> str:
    sheet = sheet_of(kind, left(kept), alert, kept.writing.id, new_tab(), sent=False)
    sheet.kept, sheet.resumed = kept, kept.writing.kept_at
    sheet.problems = tuple(each for each in sheet.problems if each.place != "incident")
    sheet.look()
    return form_page(sheet, alert)


def _answer(kind: AlertKind, alert: AlertRow | None) -> Answer:
    """Keep what was sent, whatever it is; then do what its button says."""
    form: MultiDict[str, str] = MultiDict(request.form)
    page = my_page(form, kind.name, alert.id if alert else None)
    alert = alert or _made_already(page)
    if alert is not None:
        ALERT.advance(alert.state, "edit")
    sheet = sheet_of(kind, form, alert, page.writing_id, page.tab)
    keep(page, sheet)
    action = form.get("action", "preview")
    step = STEPS.get(action.partition(":")[0])
    if step is not None:
        sheet = step(sheet, alert, action.partition(":")[2])
    if action not in _SAVING or sheet.draft is None:
        wrong = sheet.draft is None and (step is None or action in ("preview", "short"))
        return form_page(sheet, alert), 422 if wrong and not sheet.more else 200
    return _save(page, sheet, alert)


def _save(page: Page, sheet: Sheet, alert: AlertRow | None) -> Answer:
    assert sheet.draft is not None
    rt, alert_id = runtime(), alert.id if alert else ""
    try:
        if alert is None:
            alert_id, made = service.save(rt, page, sheet.draft, me(), now())
            if made:
                _name_incident(sheet)
        else:
            service.change(rt, page, alert_id, sheet.version, sheet.draft, me(), now())
    except Conflict as error:
        if alert is None:
            return _refused(sheet, (Problem("incident", str(error)),))
        return form_page(clashed(sheet, _alert(alert_id)), _alert(alert_id)), 409
    except Invalid as error:
        return _refused(sheet, error.problems, alert)
    if sheet.form.get("action") == "check":
        return _to("check", alert_id=alert_id)
    flash(_("Saved. Nothing has been sent."), "success")
    return _to("edit", alert_id=alert_id)


def _name_incident(sheet: Sheet) -> None:
    """Give a new incident the name that was typed for it."""
    title = sheet.new_incident.strip()
    if title and sheet.draft is not None:
        hashtag = runtime().profile.hashtag
        incident_service.name(runtime(), sheet.draft.incident, title[:120], hashtag, me(), now())


def _refused(sheet: Sheet, problems: tuple[Problem, ...], alert: AlertRow | None = None) -> tuple[str, int]:
    sheet.problems = problems
    return form_page(sheet, alert), 422


def _made_already(page: Page) -> AlertRow | None:
    """The alert that came of this very form before: the request is a repetition, or the person has gone back."""
    with runtime().db.read() as connection:
        row = writings.find(connection, page.writing_id)
        mine = row is not None and row.user_id == page.user_id and row.alert_id
        return alert_store.get(connection, mine) if mine else None


def _alert(alert_id: str) -> AlertRow:
    with runtime().db.read() as connection:
        return alert_store.get(connection, alert_id)


def _kind(name: str) -> AlertKind:
    if name not in runtime().kinds:
        raise NotFound(f"there is no kind {name!r}")
    return runtime().kinds[name]


def _to(endpoint: str, **values: Any) -> Response:
    return redirect(url_for(f"console.{endpoint}", **values))  # type: ignore[return-value]

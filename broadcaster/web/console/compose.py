"""Writing an alert: choose real or exercise, choose a kind, fill in, look at every text; nothing is sent from here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.alert import Draft, Status, plain
from broadcaster.domain.errors import Conflict, Invalid, NotFound, Problem
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.lifecycle import ALERT
from broadcaster.domain.rules import Role
from broadcaster.services import drafting, pictures
from broadcaster.services import incidents as incident_service
from broadcaster.services.drafting import Preview
from broadcaster.store import alerts as alert_store
from broadcaster.store import documents, zones
from broadcaster.store import incidents as incident_store
from broadcaster.store.alerts import AlertRow
from broadcaster.web.auth.guard import me, needs, upload
from broadcaster.web.console import blueprint
from broadcaster.web.console.compose_form import differences, values_of
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _

MODES = {"live": Status.ACTUAL, "exercise": Status.EXERCISE}


_BLANK: dict[str, Any] = {
    "incident": "",
    "msg_type": "Alert",
    "references": (),
    "languages": (),
    "channels": (),
    "resources": (),
    "severity": None,
    "urgency": None,
    "certainty": None,
    "onset": None,
    "expires": None,
    "next_update": None,
    "fields": {},
    "area": {},
    "short": False,
    "correction": {},
}


@dataclass(slots=True)
class Sheet:
    """What the form shows: values as they were given, what is wrong with them, and how the texts would look."""

    kind: AlertKind
    values: dict[str, Any]
    version: int = 0
    problems: tuple[Problem, ...] = ()
    preview: Preview | None = None
    theirs: list[tuple[str, Any]] = field(default_factory=list)
    more: str = ""

    @property
    def live(self) -> bool:
        return bool(self.values.get("status") == Status.ACTUAL)


@blueprint.get("/alerts/new")
@needs(Role.AUTHOR)
def new() -> str | Response:
    """First: is it real? Then: what kind?"""
    mode, kind, name = (request.args.get(each, "") for each in ("mode", "kind", "incident"))
    with runtime().db.read() as connection:
        open_ones = incident_store.listing(connection, open_only=True)
    chosen = next((each for each in open_ones if each.name == name), None)
    if chosen is not None:
        mode = "live" if chosen.live else "exercise"
    if mode in MODES and kind in runtime().kinds:
        return _to("new_of_kind", kind=kind, mode=mode, incident=name or None)
    return render_template(
        "new.html", mode=mode if mode in MODES else "", kind=kind, chosen=chosen, incidents=open_ones
    )


@blueprint.route("/alerts/new/<kind>", methods=["GET", "POST"])
@needs(Role.AUTHOR)
@upload
def new_of_kind(kind: str) -> str | Response | tuple[str, int]:
    """The form of one kind, and its first saving."""
    known = _kind(kind)
    if request.method == "GET":
        status = MODES.get(request.args.get("mode", ""))
        if status is None:
            return _to("new", kind=kind, incident=request.args.get("incident"))
        sheet = Sheet(
            known, {"status": status, "incident": request.args.get("incident", ""), "fields": _defaults(known)}
        )
        return _form(sheet)
    sheet, draft = _read(known)
    if draft is None or not _keeps():
        return _form(sheet), 200 if draft is not None else 422
    try:
        alert_id = drafting.create(runtime(), draft, me(), now())
    except (Invalid, Conflict) as error:
        return _refused(sheet, error)
    if title := request.form.get("new_incident", "").strip():
        incident_service.name(runtime(), draft.incident, title[:120], runtime().profile.hashtag, me(), now())
    return _after_saving(alert_id)


@blueprint.route("/alerts/<alert_id>/edit", methods=["GET", "POST"])
@needs(Role.AUTHOR)
@upload
def edit(alert_id: str) -> str | Response | tuple[str, int]:
    """The same form for an alert that exists; saving names the version that it was made from."""
    with runtime().db.read() as connection:
        alert = alert_store.get(connection, alert_id)
    ALERT.advance(alert.state, "edit")
    known = _kind(alert.kind)
    if request.method == "GET":
        return _form(Sheet(known, dict(alert.draft), alert.version), alert)
    sheet, draft = _read(known, alert)
    if draft is None or not _keeps():
        return _form(sheet, alert), 200 if draft is not None else 422
    try:
        drafting.edit(runtime(), alert_id, sheet.version, draft, me(), now())
    except Conflict:
        sheet.theirs, sheet.version = differences(_plain(draft), alert.draft), alert.version
        return _form(sheet, alert), 409
    except Invalid as error:
        return _refused(sheet, error, alert)
    return _after_saving(alert_id)


def _keeps() -> bool:
    """True when the button that was pressed saves; looking, and one more row, keep nothing."""
    return request.form.get("action", "preview") in ("save", "check")


def _after_saving(alert_id: str) -> Response:
    if request.form.get("action") == "check":
        return _to("check", alert_id=alert_id)
    flash(_("Saved. Nothing has been sent."), "success")
    return _to("edit", alert_id=alert_id)


def _read(kind: AlertKind, alert: AlertRow | None = None) -> tuple[Sheet, Draft | None]:
    """The form as values and, where it can be read at all, as a draft with its preview."""
    rt, form = runtime(), request.form
    languages = form.getlist("languages") or list(rt.profile.languages)
    sheet = Sheet(kind, {"fields": {}, "status": form.get("status", "")}, form.get("version", 0, type=int))
    action = form.get("action", "preview")
    sheet.more = action.partition(":")[2] if action.startswith("more:") else ""
    try:
        sheet.values = values_of(form, kind, rt.profile.languages)
        sheet.values["languages"] = languages
        if action == "short":
            sheet.values["short"] = True
        if alert is not None:
            sheet.values |= {"incident": alert.incident, "status": alert.status}
        _take_picture(sheet)
        draft = documents.draft_from(sheet.values, ZoneInfo(rt.profile.timezone), now())
    except Invalid as error:
        sheet.problems = error.problems
        return sheet, None
    if action in ("preview", "short"):
        sheet.preview = drafting.preview(rt, draft, now())
    return sheet, draft


def _take_picture(sheet: Sheet) -> None:
    """Keep an uploaded picture beside those that the draft has."""
    given = request.files.get("new_picture")
    if given is None or not given.filename:
        return
    name = pictures.keep(runtime(), given.stream.read(pictures.LARGEST + 1), "resources")
    alt = {tag: request.form.get(f"new_picture.alt.{tag}", "").strip() for tag in runtime().profile.languages}
    licence = request.form.get("new_picture.licence", "").strip()
    kept = [each for each in sheet.values.get("resources", []) if each["file"] != name]
    sheet.values["resources"] = [*kept, {"file": name, "alt": alt, "licence": licence}]


def _refused(sheet: Sheet, error: Invalid | Conflict, alert: AlertRow | None = None) -> tuple[str, int]:
    sheet.problems = error.problems if isinstance(error, Invalid) else (Problem("incident", str(error)),)
    return _form(sheet, alert), 422


def _form(sheet: Sheet, alert: AlertRow | None = None) -> str:
    rt = runtime()
    with rt.db.read() as connection:
        known = zones.listing(connection)
        open_ones = incident_store.listing(connection, open_only=True, live=sheet.live)
    return render_template(
        "compose.html",
        sheet=sheet,
        kind=sheet.kind,
        asked=_asked(sheet.kind),
        values=_BLANK | sheet.values,
        alert=alert,
        zones=known,
        zones_by_code={zone.code: zone for zone in known},
        incidents=open_ones,
        missing={name: rt.missing(name, sheet.live) for name in ("website", "sms", "x", "facebook")},
        tongues=rt.profile.languages,
        chosen_tongues=sheet.values.get("languages") or list(rt.profile.languages),
        geocoder=bool(rt.settings.geocoder_url),
        new_incident=request.form.get("new_incident", ""),
        raw_shape=request.form.get("area.shape", ""),
    )


def _asked(kind: AlertKind) -> set[str]:
    """Fields that are shown at once: those that must be filled in, and those that the kind's rules speak about."""
    needed = {name for name, spec in kind.fields.items() if spec.required and not spec.from_profile}
    ruled = {
        name for rule in kind.rules for when in (rule.when, rule.require) for name in (*when.equals, *when.present)
    }
    return needed | ruled


def _defaults(kind: AlertKind) -> dict[str, Any]:
    return {name: spec.default for name, spec in kind.fields.items() if spec.default is not None}


def _plain(draft: Draft) -> Mapping[str, Any]:
    values = plain(draft)
    assert isinstance(values, dict)
    return values


def _kind(name: str) -> AlertKind:
    if name not in runtime().kinds:
        raise NotFound(f"there is no kind {name!r}")
    return runtime().kinds[name]


def _to(endpoint: str, **values: Any) -> Response:
    return redirect(url_for(f"console.{endpoint}", **values))  # type: ignore[return-value]

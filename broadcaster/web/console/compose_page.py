"""The compose form as a page, and the part of it that follows the typing: every text, whom it reaches, and when it was kept."""

from typing import Any

from flask import Response, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from broadcaster.domain.errors import NotFound
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.rules import Role
from broadcaster.store import accounts, zones
from broadcaster.store import alerts as alert_store
from broadcaster.store import incidents as incident_store
from broadcaster.store.alerts import AlertRow
from broadcaster.web.auth.guard import me, needs, upload
from broadcaster.web.console import blueprint
from broadcaster.web.console.area_map import ground
from broadcaster.web.console.compose_kept import keep, page_of, rescued, token
from broadcaster.web.console.compose_sheet import Sheet, history, sheet_of
from broadcaster.web.context import runtime

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


def form_page(sheet: Sheet, alert: AlertRow | None = None) -> str:
    """The whole page."""
    rt = runtime()
    if alert is not None:
        history(sheet, alert)
    with rt.db.read() as connection:
        known = zones.listing(connection)
        open_ones = incident_store.listing(connection, open_only=True, live=sheet.live)
        names = accounts.names(connection)
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
        token=token(sheet, alert.id if alert else None),
        names=names,
        kept=sheet.kept,
        newer=None,
        ground=ground(),
        complaints=sheet.said if sheet.asked_for else sheet.problems,
    )


@blueprint.post("/alerts/writing")
@needs(Role.AUTHOR)
@upload
@rescued
def compose_live() -> Response:
    """Keep what is being typed, and show what it would look like; nothing else is done, whichever button is in the form."""
    form: MultiDict[str, str] = MultiDict(request.form)
    page = page_of(form)
    if page is None or page.user_id != me().id or page.kind not in runtime().kinds:
        raise NotFound("there is no such writing")
    with runtime().db.read() as connection:
        alert = alert_store.get(connection, page.alert_id) if page.alert_id else None
        known = zones.listing(connection)
        names = accounts.names(connection)
    sheet = sheet_of(runtime().kinds[page.kind], form, alert, page.writing_id, page.tab)
    keep(page, sheet)
    sheet.look()
    answer = make_response(
        render_template(
            "_live.html",
            sheet=sheet,
            kind=sheet.kind,
            zones_by_code={zone.code: zone for zone in known},
            kept=sheet.kept,
            alert=alert,
            names=names,
            newer=alert if alert is not None and alert.version > sheet.version else None,
        )
    )
    if sheet.kept is not None and request.headers.get("HX-Current-URL", "").partition("?")[0].endswith(
        url_for("console.new_of_kind", kind=page.kind)
    ):
        # From now on the page has an address of its own: reloading it, or logging in again, finds what was typed.
        answer.headers["HX-Replace-Url"] = url_for("console.writing", writing_id=page.writing_id)
    return answer


def _asked(kind: AlertKind) -> set[str]:
    """Fields that are shown at once: those that must be filled in, and those that the kind's rules speak about."""
    needed = {name for name, spec in kind.fields.items() if spec.required and not spec.from_profile}
    ruled = {
        name for rule in kind.rules for when in (rule.when, rule.require) for name in (*when.equals, *when.present)
    }
    return needed | ruled

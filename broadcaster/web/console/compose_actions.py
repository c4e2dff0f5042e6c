"""What the buttons of the compose form do that change what it shows: undo, redo, an earlier version, an address, more lines."""

from collections.abc import Callable, Mapping

from broadcaster.domain.alert import Circle, plain
from broadcaster.domain.errors import Invalid, NotFound, NotReady, Problem
from broadcaster.services import writing
from broadcaster.store import alert_versions
from broadcaster.store.alerts import AlertRow
from broadcaster.web.auth.guard import me
from broadcaster.web.console.compose_conflict import clash
from broadcaster.web.console.compose_kept import left
from broadcaster.web.console.compose_sheet import Sheet, join, read, sheet_of
from broadcaster.web.context import runtime
from broadcaster.web.language import gettext as _

Step = Callable[[Sheet, AlertRow | None, str], Sheet]


def _look(sheet: Sheet, alert: AlertRow | None, rest: str) -> Sheet:
    sheet.look(locate=True)
    sheet.asked_for = True
    return sheet


def _stay(sheet: Sheet, alert: AlertRow | None, rest: str) -> Sheet:
    return sheet


def _undo(sheet: Sheet, alert: AlertRow | None, rest: str) -> Sheet:
    return _stepped(sheet, alert, back=True)


def _redo(sheet: Sheet, alert: AlertRow | None, rest: str) -> Sheet:
    return _stepped(sheet, alert, back=False)


def _stepped(sheet: Sheet, alert: AlertRow | None, back: bool) -> Sheet:
    kept = writing.step(runtime(), sheet.writing_id, me().id, back)
    shown = sheet_of(sheet.kind, left(kept), alert, sheet.writing_id, sheet.tab, sent=False)
    shown.kept = kept
    shown.look()
    return shown


def _version(sheet: Sheet, alert: AlertRow | None, rest: str) -> Sheet:
    """Show what the alert said as an earlier version; nothing is saved by that."""
    if alert is None or not rest.isdecimal():
        raise NotFound("there is no such version")
    with runtime().db.read() as connection:
        found = next((each for each in alert_versions.since(connection, alert.id, int(rest[:9]))), None)
    if found is None or found.version != int(rest[:9]):
        raise NotFound("there is no such version")
    sheet.values = dict(found.draft) | {"incident": alert.incident, "status": alert.status}
    sheet.form.clear()
    read(sheet, [])
    sheet.filled_from = _("an earlier version of this alert")
    sheet.look()
    return sheet


def _find(sheet: Sheet, alert: AlertRow | None, rest: str) -> Sheet:
    """Look the address up, and put where it is into the circle's fields: what is sent to is what can be seen."""
    near = sheet.values.get("area", {}).get("near") or {}
    address, radius = str(near.get("address", "")), near.get("radius_km")
    try:
        place = runtime().geocoder().find(address, runtime().profile.fallback)
    except (Invalid, NotReady) as error:
        told = error.problems if isinstance(error, Invalid) else (Problem("area.near.address", str(error)),)
        sheet.problems = (*sheet.problems, *told)
        sheet.look()
        return sheet
    area = {name: each for name, each in sheet.values["area"].items() if name not in ("near", "polygon")}
    size = float(radius) if isinstance(radius, int | float) else 1.0
    area["circle"] = plain(Circle(round(place.lat, 6), round(place.lon, 6), size))
    sheet.values["area"], sheet.found = area, place.label
    sheet.form.poplist("area.shape")
    read(sheet, [])
    sheet.look()
    return sheet


#: Button → what it does; those that save are the page's own.
STEPS: Mapping[str, Step] = {
    "preview": _look,
    "short": _look,
    "more": _stay,
    "undo": _undo,
    "redo": _redo,
    "version": _version,
    "find": _find,
}


def clashed(sheet: Sheet, alert: AlertRow) -> Sheet:
    """A form that was made from an older version than the alert has now, joined with that as far as it goes by itself."""
    assert sheet.draft is not None
    with runtime().db.read() as connection:
        versions = alert_versions.since(connection, alert.id, sheet.version)
    mine = plain(sheet.draft)
    assert isinstance(mine, dict)
    join(sheet, clash(mine, alert.draft, versions, sheet.version))
    sheet.version = alert.version
    sheet.form.poplist("area.shape")
    sheet.look()
    return sheet

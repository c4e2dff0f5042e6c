"""What a new form holds before anybody types: the kind's defaults, the places and channels of the incident's last alert, an old one."""

from typing import Any

from broadcaster.domain.alert import MsgType, Status
from broadcaster.domain.field import FieldSpec, FieldType
from broadcaster.domain.kind import AlertKind
from broadcaster.store import alerts as alert_store
from broadcaster.store import incidents as incident_store
from broadcaster.store.alerts import AlertRow
from broadcaster.store.tokens import new_id
from broadcaster.web.console.compose_sheet import Sheet, new_tab
from broadcaster.web.context import runtime
from broadcaster.web.display import local
from broadcaster.web.language import gettext as _

#: What people promise if nobody says otherwise: the kinds that promise an update are for the first hour.
NEXT_UPDATE = "+30m"
#: What the last alert of an incident has in common with the next.
_SAME = ("area", "channels", "languages")


def begun(kind: AlertKind, status: Status, incident: str, copied: str) -> Sheet:
    """A new form. `copied` is the id of an old alert of which everything is taken but its times and what it answers."""
    values: dict[str, Any] = {"status": status, "msg_type": MsgType.ALERT, "fields": _defaults(kind)}
    if "next_update" in kind.needs:
        values["next_update"] = NEXT_UPDATE
    words = ""
    with runtime().db.read() as connection:
        open_ones = incident_store.listing(connection, open_only=True, live=status.live)
        # One that is open is the one that is meant, nearly always; with two a person must choose.
        name = incident or (open_ones[0].name if len(open_ones) == 1 else "")
        last = alert_store.listing(connection, incident=name, live=status.live, limit=1) if name else ()
        old = alert_store.by_identifier(connection, copied) if copied else None
    values["incident"] = name
    if old is not None and old.kind == kind.name:
        values |= _copy(kind, old)
        words = _("an alert of %(time)s in “%(title)s”", time=local(old.created_at), title=old.incident_title)
    elif last:
        values |= {part: last[0].draft[part] for part in _SAME if last[0].draft.get(part)}
        values.get("area", {}).pop("arrivals", None)
        words = _("the last alert of “%(title)s”: its area, channels and languages", title=last[0].incident_title)
    return Sheet(kind, values, writing_id=new_id(), tab=new_tab(), filled_from=words)


def _copy(kind: AlertKind, old: AlertRow) -> dict[str, Any]:
    fields = {
        name: value for name, value in old.draft["fields"].items() if name in kind.fields and _lasts(kind.fields[name])
    }
    area = {name: value for name, value in old.draft["area"].items() if name != "arrivals"}
    parts = {name: old.draft[name] for name in ("channels", "languages", "severity", "urgency", "certainty")}
    return {"fields": _defaults(kind) | fields, "area": area, **parts}


def _lasts(spec: FieldSpec) -> bool:
    """False for what was true only then: a time, or a record that holds one."""
    return spec.type not in (FieldType.TIME, FieldType.DATE) and all(_lasts(each) for each in spec.fields)


def _defaults(kind: AlertKind) -> dict[str, Any]:
    return {name: spec.default for name, spec in kind.fields.items() if spec.default is not None}

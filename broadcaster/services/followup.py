"""What comes after an alert: an update, a correction, an all-clear or a cancellation, filled in as far as the parent can tell.

Nothing is kept: the caller shows the draft, a person completes it, and drafting takes it like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from broadcaster.domain.alert import Draft, MsgType, Selector
from broadcaster.domain.errors import Conflict, Invalid, Problem
from broadcaster.domain.lifecycle import AlertState
from broadcaster.runtime import Runtime
from broadcaster.services import corrections, drafting, inheriting
from broadcaster.services.correcting import SEEN
from broadcaster.store import alerts as alert_store
from broadcaster.store import incidents
from broadcaster.store.alerts import AlertRow


def prefill(rt: Runtime, alert_id: str, form: str, now: datetime) -> Draft:
    """The draft of a follow-up. `form` is one of FORMS; Conflict when nobody has seen the alert, or a newer one replaced it."""
    if form not in FORMS:
        raise Invalid([Problem("form", f"there is no follow-up {form!r}", f"There are: {', '.join(FORMS)}.")])
    with rt.db.read() as connection:
        parent = alert_store.get(connection, alert_id)
        if parent.state not in SEEN:
            raise Conflict(f"this alert is {parent.state.replace('_', ' ')}; there is nothing to follow up")
        return FORMS[form](rt, connection, parent, drafting.draft_of(rt, parent, now))


def _update(rt: Runtime, connection: Connection, parent: AlertRow, old: Draft) -> Draft:
    """The same alert again, with everything but what has changed, and with promises of its own."""
    fields = {name: value for name, value in old.fields.items() if name != "what_changed"}
    return inheriting.after(old, parent.id, fields=fields)


def _correction(rt: Runtime, connection: Connection, parent: AlertRow, old: Draft) -> Draft:
    """To the same places, on the same channels, under the same name; what was wrong and what is right are for a person."""
    return corrections.draft_of(rt, old, parent.id, parent.approved_at or parent.updated_at, {})


def _all_clear(rt: Runtime, connection: Connection, parent: AlertRow, old: Draft) -> Draft:
    """Lifts what is open in the parent's zones, and refers to every alert of the incident that is still in force there."""
    zones = tuple((parent.audience or {}).get("instruction_zones", ()))
    standing = incidents.open_instructions(connection, parent.incident_id, zones)
    return _lifting(rt, connection, parent, old, standing)


def lift(rt: Runtime, incident: str, now: datetime, zones: Sequence[str] = ()) -> Draft:
    """The all-clear of an incident: for the same zones, channels and people as everything that is open in it, or in some of its zones.

    Conflict when nothing is open there.
    """
    with rt.db.read() as connection:
        row = incidents.named(connection, incident)
        standing = incidents.open_instructions(connection, row.id, zones)
        if not standing:
            raise Conflict("nobody is told to do anything there, so there is nothing to lift")
        givers = [alert_store.get(connection, each) for each in dict.fromkeys(each.renewed_by for each in standing)]
        olds = [drafting.draft_of(rt, each, now) for each in givers]
        draft = _lifting(rt, connection, givers[0], olds[0], standing)
        channels = tuple(dict.fromkeys(name for old in olds for name in old.channels))
        languages = tuple(dict.fromkeys(tag for old in olds for tag in old.languages))
        return replace(draft, channels=channels, languages=languages)


def _lifting(rt: Runtime, connection: Connection, parent: AlertRow, old: Draft, standing: Sequence[Row[Any]]) -> Draft:
    """It refers to whoever said it last, and to what in force is about those: a correction of one, which takes nothing back."""
    kind = rt.kinds["all-clear"]
    keys = list(dict.fromkeys(row.key for row in standing))
    givers = {row.renewed_by for row in standing} | {parent.id}
    replaced = alert_store.listing(
        connection, incident=parent.incident, states=[AlertState.BROADCASTING, AlertState.ACTIVE], limit=200
    )
    about = {each.id: {one.id for one in alert_store.references(connection, each.id)} for each in replaced}
    references = tuple(each.id for each in replaced if each.id in givers or about[each.id] & givers) or (parent.id,)
    fields = inheriting.shared(rt, kind, old) | ({kind.lifts: keys} if keys else {})
    area = Selector(zones=tuple(dict.fromkeys(row.zone for row in standing))) if standing else old.area
    draft = inheriting.after(old, parent.id, kind=kind.name, fields=fields, severity=None, urgency=None, certainty=None)
    return replace(draft, area=area, references=references)


def _cancel(rt: Runtime, connection: Connection, parent: AlertRow, old: Draft) -> Draft:
    """Take it back: as its own kind where that can be cancelled, else as a correction. Opens and lifts nothing by itself."""
    cancellable = MsgType.CANCEL in rt.kinds[parent.kind].msg_types
    draft = (_update if cancellable else _correction)(rt, connection, parent, old)
    return replace(draft, msg_type=MsgType.CANCEL)


FORMS: Mapping[str, Callable[[Runtime, Connection, AlertRow, Draft], Draft]] = {
    "update": _update,
    "correction": _correction,
    "all-clear": _all_clear,
    "cancel": _cancel,
}

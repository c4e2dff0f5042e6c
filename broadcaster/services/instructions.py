"""What an approved alert does to the open instructions of its zones: opens, renews, or, for an all-clear only, lifts."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from broadcaster.domain.alert import MsgType
from broadcaster.runtime import Runtime
from broadcaster.store import incidents
from broadcaster.store.alerts import AlertRow


def obey(rt: Runtime, tx: Connection, alert: AlertRow, now: datetime) -> None:
    """In the approval's transaction. Expiry and supersession never come here: they close nothing."""
    kind = rt.kinds[alert.kind]
    values, _ = kind.read(
        alert.draft["fields"], MsgType(alert.msg_type), alert.draft["languages"], ZoneInfo(rt.profile.timezone), now
    )
    zones = tuple((alert.audience or {}).get("instruction_zones", ()))
    if lifted := kind.lifted(values):
        incidents.lift(tx, alert.incident_id, zones, lifted, alert.id, now)
    if opened := kind.opened(values):
        opening, instruction = opened
        # Frozen with the alert: a template that is changed later does not change what people were told.
        words = {"command": dict(instruction.command), "name": dict(instruction.name)}
        entry = {"key": opening.key, "level": opening.level, "words": words}
        incidents.instruct(tx, alert.incident_id, zones, entry, alert.id, alert.expires_at, now)

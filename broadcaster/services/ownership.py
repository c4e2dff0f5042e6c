"""Nothing is ever ownerless: every open alert and incident has a person who answers for its promises and clocks.

Whoever wrote it, then whoever submitted it; where that was a key or the service, the person who approved it; then whoever took it over,
by a button or by a handover.
"""

from datetime import datetime

from sqlalchemy import Connection

from broadcaster.domain.errors import Conflict, NotAllowed
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.store import alerts as alert_store
from broadcaster.store import incidents, journal, ownership
from broadcaster.store.alerts import AlertRow


def never_without(tx: Connection, alert: AlertRow, approver: Actor) -> None:
    """In the approval's transaction: what a key or nobody wrote belongs to the person who let it go out."""
    if approver.person and alert.owner not in ownership.on_duty(tx):
        ownership.give_alert(tx, alert.id, approver.id)


def take_alert(rt: Runtime, alert_id: str, actor: Actor, now: datetime) -> None:
    """I answer for this alert from now on. Conflict when it is over."""
    _person(actor)
    with rt.db.write() as tx:
        alert = alert_store.get(tx, alert_id, lock=True)
        if alert.state not in ownership.OPEN:
            raise Conflict("this alert is over, so there is nothing to look after")
        if alert.owner == actor.id:
            return
        ownership.give_alert(tx, alert_id, actor.id)
        body = {"from": alert.owner}
        journal.append(tx, alert.incident, actor, "take over", now, alert_id=alert_id, body=body)


def take_incident(rt: Runtime, name: str, actor: Actor, now: datetime) -> None:
    """I answer for this incident, and what people are told in it, from now on. Conflict when it is closed."""
    _person(actor)
    with rt.db.write() as tx:
        row = incidents.named(tx, name)
        if row.closed_at is not None:
            raise Conflict(f"the incident {name!r} is closed already")
        if row.owner == actor.id:
            return
        ownership.give_incident(tx, row.id, actor.id)
        journal.append(tx, name, actor, "take over", now, body={"from": row.owner})


def _person(actor: Actor) -> None:
    if not actor.person:
        raise NotAllowed("a person must answer for it, not an API key or the service")
    actor.must(Role.AUTHOR, "look after alerts")

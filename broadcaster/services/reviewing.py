"""The last rung: what went without an ordinary second person is read by one within the hour, who puts their name to it."""

from datetime import datetime

from sqlalchemy import Connection

from broadcaster.domain.errors import NotAllowed
from broadcaster.domain.rules import SYSTEM, Actor, Role
from broadcaster.domain.standing_orders import REVIEW_WITHIN
from broadcaster.runtime import Runtime
from broadcaster.store import alerts as alert_store
from broadcaster.store import journal, reviews
from broadcaster.store.alerts import AlertRow
from broadcaster.store.reviews import Review


def owe(tx: Connection, alert_id: str, way: str, actor: Actor, now: datetime) -> None:
    """In the transaction that starts the alert: from now on a countersignature is owed."""
    reviews.owe(tx, alert_id, way, actor.id, now + REVIEW_WITHIN)


def may_sign(actor: Actor, alert: AlertRow, review: Review | None) -> bool:
    """True when this person is an approver of the house who had no part in it."""
    if review is None or review.signed_at is not None or not actor.person or actor.role is None:
        return False
    had_part = {*alert.editors, alert.submitted_by, alert.approved_by, review.began_by}
    return actor.role.covers(Role.APPROVER) and actor.id not in had_part


def sign(rt: Runtime, alert_id: str, actor: Actor, note: str, now: datetime) -> None:
    """Countersign: somebody else of the house has read what went out. NotAllowed for whoever had a part in it."""
    with rt.db.write() as tx:
        alert = alert_store.get(tx, alert_id, lock=True)
        review = reviews.find(tx, alert_id)
        if review is None or (review.signed_at is None and not may_sign(actor, alert, review)):
            raise NotAllowed("an approver of the house who had no part in this alert must countersign it")
        reviews.sign(tx, alert_id, actor.id, note.strip()[:1000], now)
        late = int(max((now - review.due_at).total_seconds(), 0) // 60)
        body = {"way": review.way, "minutes_late": late}
        journal.append(
            tx, alert.incident, actor, "countersign", now, alert_id=alert_id, grounds=note.strip(), body=body
        )


def note_late(rt: Runtime, now: datetime) -> None:
    """For the sweep: the journal says once that nobody has countersigned in time."""
    with rt.db.read() as connection:
        due = [each for each in reviews.open_ones(connection) if each.due_at <= now and each.late_at is None]
    for each in due:
        with rt.db.write() as tx:
            if reviews.late(tx, each.alert_id, now):
                alert = alert_store.get(tx, each.alert_id)
                body = {"way": each.way, "due_at": each.due_at}
                journal.append(tx, alert.incident, SYSTEM, "not reviewed", now, alert_id=alert.id, body=body)

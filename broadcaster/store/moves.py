"""Moves of deliveries that nobody sends: suppressed, given up, orphaned. And the one way from an event to SQL.

Every change of state takes its WHERE and SET from the lifecycle table, and every one is a compare-and-set: a row that is not in
a state from which the event may happen is left alone.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, or_, select, update

from broadcaster.domain.lifecycle import DELIVERY, DeliveryState
from broadcaster.store.batches import Lease
from broadcaster.store.schema import alerts, db_now, deliveries, opt_outs

_before = deliveries.alias("before")


def move(event: str) -> tuple[ColumnElement[bool], str]:
    """WHERE and new state of a delivery for `event`."""
    # Spelt out, because IN cannot be used with executemany.
    sources = or_(*(deliveries.c.state == each for each in sorted(DELIVERY.sources(event))))
    return sources, DELIVERY.target(event)


def suppress(tx: Connection, reason: str, *where: ColumnElement[bool]) -> int:
    """Pending rows that will never be sent, and why."""
    return _end(tx, "suppress", *where, reason=reason[:200])


def suppress_batch(tx: Connection, held: Lease, reason: str) -> int:
    """All that this batch has not sent will not be sent, for `reason`."""
    return suppress(tx, reason, deliveries.c.batch_id == held.batch_id)


def suppress_opted_out(tx: Connection, held: Lease) -> int:
    """Phones in this batch that said stop since the audience was taken."""
    lane = select(alerts.c.lane).where(alerts.c.id == held.alert_id).scalar_subquery()
    said_stop = exists().where(opt_outs.c.phone == deliveries.c.address, opt_outs.c.lane == lane)
    return suppress(tx, "opted out", deliveries.c.batch_id == held.batch_id, said_stop)


def exhaust(tx: Connection, held: Lease, most: int) -> int:
    """Pending rows that were tried `most` times fail with the last reason given."""
    return _end(tx, "exhaust", deliveries.c.batch_id == held.batch_id, deliveries.c.attempts >= most)


def orphans(tx: Connection, held: Lease) -> int:
    """Later parts of a thread whose earlier part will never be there fail with it: alone they would mislead."""
    lost = exists().where(
        _before.c.id == deliveries.c.follows_id,
        _before.c.alert_id == deliveries.c.alert_id,
        _before.c.state.in_((DeliveryState.FAILED, DeliveryState.SUPPRESSED)),
    )
    mine = deliveries.c.batch_id == held.batch_id
    return _end(tx, "exhaust", mine, lost, reason="an earlier part of the thread failed")


def bury(tx: Connection, held: Lease, most: int) -> None:
    """Rows that will never be sent get their final state: tried `most` times, orphaned, or of a phone that has left the lane."""
    exhaust(tx, held, most)
    orphans(tx, held)
    suppress_opted_out(tx, held)


def _end(tx: Connection, event: str, *where: ColumnElement[bool], **values: Any) -> int:
    may, state = move(event)
    return tx.execute(update(deliveries).where(may, *where).values(state=state, final_at=db_now(), **values)).rowcount

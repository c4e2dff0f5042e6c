"""Accepted deliveries of which no word has come: which of them to ask about, and when they lapse.

Asked by every sweep, so nothing here may look at more than the rows that it names: deliveries are reached through their alert's
batches by an index that holds accepted ones alone.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, literal_column, select, update

from broadcaster.domain.lifecycle import DeliveryState
from broadcaster.store.batches import milliseconds
from broadcaster.store.moves import move
from broadcaster.store.progress import any_in_batch
from broadcaster.store.schema import alerts, batches, db_now, deliveries, pulls

#: After this long past its alert's expiry, an accepted delivery without a word is unconfirmed.
LAPSE = timedelta(minutes=10)

# Spelt out: neither database uses an index with a condition for a value that it is not told beforehand.
_ACCEPTED = deliveries.c.state == literal_column(f"'{DeliveryState.ACCEPTED}'")
_DUE = deliveries.c.not_before <= db_now()
#: Accepted, and its time to be asked about has come.
AWAITED = (_ACCEPTED, _DUE)
_OPEN = (alerts.c.approved_at.is_not(None), alerts.c.completed_at.is_(None))


def any_due() -> ColumnElement[bool]:
    """True of a row of `batches` in which some delivery is to be asked about by now: only its first one is looked at.

    Asked for in its order, because PostgreSQL else takes another index and reads all of them.
    """
    first = (
        select(deliveries.c.not_before)
        .where(deliveries.c.batch_id == batches.c.id, _ACCEPTED)
        .order_by(deliveries.c.not_before)
        .limit(1)
    )
    return first.scalar_subquery() <= db_now()


def waiting(connection: Connection, limit: int) -> Sequence[Row[int, str]]:
    """Batches (id, lane) with deliveries about which the provider should be asked by now, unless its list is just being read."""
    reading = exists().where(
        pulls.c.alert_id == alerts.c.id,
        pulls.c.channel == batches.c.channel,
        pulls.c.cursor.is_not(None),
        pulls.c.lease_until > db_now(),
    )
    return connection.execute(
        select(batches.c.id, batches.c.lane)
        .join(alerts, alerts.c.id == batches.c.alert_id)
        .where(*_OPEN, ~reading, any_due())
        .order_by(batches.c.id)
        .limit(limit)
    ).all()


def rows(connection: Connection, batch_id: int, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Accepted deliveries of a batch whose time to be asked about has come."""
    return connection.execute(
        select(deliveries).where(deliveries.c.batch_id == batch_id, *AWAITED).order_by(deliveries.c.id).limit(limit)
    ).all()


def ask_later(tx: Connection, delivery_ids: Sequence[int], seconds: float) -> None:
    """Nothing new yet: ask again after `seconds`."""
    if delivery_ids:
        tx.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(list(delivery_ids)), deliveries.c.state == DeliveryState.ACCEPTED)
            .values(not_before=db_now() + milliseconds(seconds))
        )


def lapse(tx: Connection, limit: int = 1000) -> int:
    """Accepted deliveries without a word 10 minutes past their alert's expiry become unconfirmed; a late receipt still counts."""
    over = alerts.c.expires_at <= db_now() - milliseconds(LAPSE.total_seconds())
    overdue = (
        select(batches.c.id)
        .join(alerts, alerts.c.id == batches.c.alert_id)
        .where(*_OPEN, over, any_in_batch(_ACCEPTED))
        .limit(limit)
    )
    found = tx.scalars(overdue).all()
    if not found:
        return 0
    may, state = move("lapse")
    first = select(deliveries.c.id).where(deliveries.c.batch_id.in_(found), _ACCEPTED).limit(limit)
    return tx.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(first.scalar_subquery()), may)
        .values(state=state, reason="no word from the provider", final_at=db_now())
    ).rowcount

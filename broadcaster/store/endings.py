"""How the making and sending of an alert ends: all out, or no more of it, or once more what failed."""

from sqlalchemy import Connection, exists, func, select, update

from broadcaster.domain.lifecycle import DELIVERY, BatchState
from broadcaster.store.batches import revive
from broadcaster.store.moves import move, suppress
from broadcaster.store.progress import any_in_batch
from broadcaster.store.schema import audience_plans, batches, db_now, deliveries

#: Batches whose unsent deliveries are suppressed in one transaction.
_AT_ONCE = 5


def suppress_unsent(tx: Connection, alert_id: str, reason: str) -> bool:
    """What has not been sent of an alert will not be; plans not yet made are closed, what they left counted.

    True when more is left than a short transaction takes: nothing of it leaves, and the sweep goes on with it.
    """
    tx.execute(
        update(audience_plans)
        .where(audience_plans.c.alert_id == alert_id, audience_plans.c.done_at.is_(None))
        .values(done_at=db_now(), closed_because=reason)
    )
    unsent = any_in_batch(deliveries.c.state.in_(sorted(DELIVERY.sources("suppress"))))
    mine = select(batches.c.id).where(batches.c.alert_id == alert_id, batches.c.channel != "website", unsent)
    some = tx.scalars(mine.order_by(batches.c.id).limit(_AT_ONCE)).all()
    suppress(tx, reason, deliveries.c.batch_id.in_(some))
    return len(some) == _AT_ONCE


def all_sent(tx: Connection, alert_id: str) -> bool:
    """True when every plan is made and every batch is done."""
    open_plans = exists().where(audience_plans.c.alert_id == alert_id, audience_plans.c.done_at.is_(None))
    open_batches = exists().where(batches.c.alert_id == alert_id, batches.c.state != BatchState.DONE)
    return not tx.scalar(select(open_plans | open_batches))


def retry(tx: Connection, alert_id: str, channel: str | None) -> tuple[int, list[tuple[int, str]]]:
    """Failed deliveries become pending again, and dead batches too. Returns how many, and the batches to ring."""
    may, state = move("retry")
    mine = [deliveries.c.alert_id == alert_id] + ([deliveries.c.channel == channel] if channel else [])
    touched = set(tx.scalars(select(deliveries.c.batch_id).where(may, *mine).distinct()))
    again = tx.execute(
        update(deliveries)
        .where(may, *mine)
        .values(
            state=state,
            attempts=0,
            not_before=0,
            final_at=None,
            earlier_id=func.coalesce(deliveries.c.provider_id, deliveries.c.earlier_id),
            provider_id=None,
        )
    ).rowcount
    dead = [batches.c.alert_id == alert_id, batches.c.state == BatchState.DEAD]
    touched |= set(tx.scalars(select(batches.c.id).where(*dead, *([batches.c.channel == channel] if channel else []))))
    revive(tx, touched)
    lanes = tx.execute(select(batches.c.id, batches.c.lane).where(batches.c.id.in_(touched)))
    return again, [(row.id, row.lane) for row in lanes]

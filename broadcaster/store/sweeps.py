"""What the sweep looks for: the leader's lease, alerts whose time is over, and alerts that are done without anybody having said so."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, select, update
from sqlalchemy.exc import IntegrityError

from broadcaster.domain.lifecycle import ALERT, AlertState, BatchState, DeliveryState
from broadcaster.store.batches import milliseconds
from broadcaster.store.progress import NOT_FINAL, any_in_batch
from broadcaster.store.schema import alerts, audience_plans, batches, db_now, deliveries, leaders


def lead(tx: Connection, name: str, owner: str, seconds: float) -> bool:
    """Become or stay the leader called `name` for `seconds` of the database's clock; False when another leads."""
    taken = tx.execute(
        update(leaders)
        .where(leaders.c.name == name, (leaders.c.until <= db_now()) | (leaders.c.owner == owner))
        .values(owner=owner, until=db_now() + milliseconds(seconds))
    ).rowcount
    if taken:
        return True
    if tx.scalar(select(leaders.c.name).where(leaders.c.name == name)) is not None:
        return False
    try:
        with tx.begin_nested():
            tx.execute(leaders.insert().values(name=name, owner=owner, until=db_now() + milliseconds(seconds)))
    except IntegrityError:
        # Another sweeper was the very first at the same moment.
        return False
    return True


def leader(connection: Connection, name: str) -> tuple[str, datetime] | None:
    """Who leads, and until when they said so."""
    row = connection.execute(select(leaders).where(leaders.c.name == name)).one_or_none()
    return (row.owner, row.until) if row else None


def expired(connection: Connection) -> Sequence[str]:
    """Alerts whose end has passed and which have not been moved yet."""
    return connection.scalars(
        select(alerts.c.id).where(alerts.c.state.in_(sorted(ALERT.sources("expire"))), alerts.c.expires_at <= db_now())
    ).all()


def stuck(connection: Connection) -> Sequence[str]:
    """Alerts that look finished in some respect that their row does not show yet."""
    open_batches = exists().where(batches.c.alert_id == alerts.c.id, batches.c.state != BatchState.DONE)
    open_plans = exists().where(audience_plans.c.alert_id == alerts.c.id, audience_plans.c.done_at.is_(None))
    unfinished = exists().where(batches.c.alert_id == alerts.c.id, any_in_batch(NOT_FINAL))
    sent = select(alerts.c.id).where(
        alerts.c.state == AlertState.BROADCASTING,
        ~open_batches,
        ~open_plans,
    )
    complete = select(alerts.c.id).where(
        alerts.c.approved_at.is_not(None), alerts.c.completed_at.is_(None), ~open_batches, ~open_plans, ~unfinished
    )
    return sorted({*connection.scalars(sent), *connection.scalars(complete)})


def closed_with_unsent(connection: Connection) -> Sequence[tuple[str, str]]:
    """Alerts (id, state) past sending that still have texts to send: those are suppressed."""
    over = (AlertState.STOPPED, AlertState.SUPERSEDED, AlertState.CANCELLED, AlertState.EXPIRED)
    unsent = any_in_batch(deliveries.c.state == DeliveryState.PENDING)
    waiting = exists().where(batches.c.alert_id == alerts.c.id, batches.c.channel != "website", unsent)
    unmade = exists().where(audience_plans.c.alert_id == alerts.c.id, audience_plans.c.done_at.is_(None))
    rows = connection.execute(
        # What is complete has nothing pending; it is most of what there ever was.
        select(alerts.c.id, alerts.c.state).where(
            alerts.c.state.in_(over), alerts.c.completed_at.is_(None), waiting | unmade
        )
    )
    return [(row.id, row.state) for row in rows]

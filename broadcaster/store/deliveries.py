"""Queries of the delivery engine in its own words: claim, record, give back, suppress, and what is left to do.

Every change of state takes its WHERE and SET from the lifecycle table, and every one is a compare-and-set: when the row is not
in a state from which the event may happen, or belongs to a later epoch, it is left alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, exists, func, or_, select, update

from broadcaster.domain.lifecycle import DELIVERY, DeliveryState
from broadcaster.store.batches import Lease, milliseconds
from broadcaster.store.schema import alert_references, attempts, db_now, deliveries, opt_outs

#: SQLite allows 32,766 bound values in a statement; PostgreSQL 65,535. Ids go in slices well below.
SLICE = 500


def move(event: str) -> tuple[ColumnElement[bool], str]:
    """WHERE and new state of a delivery for `event`."""
    # Spelt out, because IN cannot be used with executemany.
    sources = or_(*(deliveries.c.state == each for each in sorted(DELIVERY.sources(event))))
    return sources, DELIVERY.target(event)


def _claimable(held: Lease, lane: str) -> Select[Any]:
    """Rows of the batch that may be sent now: not before their time, after the one they follow, and after an earlier alert."""
    before = deliveries.alias("before")
    earlier = deliveries.alias("earlier")
    undecided = (DeliveryState.PENDING, DeliveryState.SENDING)
    return (
        select(
            deliveries.c.id,
            deliveries.c.address,
            deliveries.c.message_id,
            deliveries.c.part,
            deliveries.c.action,
            deliveries.c.attempts,
            deliveries.c.follows_id,
            before.c.provider_id.label("target"),
        )
        .outerjoin(before, before.c.id == deliveries.c.follows_id)
        .where(
            deliveries.c.batch_id == held.batch_id,
            deliveries.c.state.in_(sorted(DELIVERY.sources("intend"))),
            deliveries.c.not_before <= db_now(),
            or_(before.c.id.is_(None), before.c.state.not_in(undecided)),
            # An Update never reaches anyone before the alert it updates: wait while that one may be on its way.
            ~exists().where(
                earlier.c.alert_id == alert_references.c.refers_to,
                alert_references.c.alert_id == held.alert_id,
                earlier.c.channel == deliveries.c.channel,
                earlier.c.address == deliveries.c.address,
                earlier.c.state == DeliveryState.SENDING,
            ),
            # A phone that said stop while this was waiting gets nothing more.
            ~exists().where(opt_outs.c.phone == deliveries.c.address, opt_outs.c.lane == lane),
        )
        .order_by(deliveries.c.id)
    )


def claim(tx: Connection, held: Lease, lane: str, limit: int) -> Sequence[Row[Any]]:
    """Mark up to `limit` rows as intended, under this epoch, and return them with `target` (the post they follow)."""
    rows = tx.execute(_claimable(held, lane).limit(limit)).all()
    if rows:
        where, state = move("intend")
        tx.execute(
            update(deliveries)
            .where(deliveries.c.id.in_([row.id for row in rows]), where)
            .values(state=state, epoch=held.epoch, intent_at=db_now(), attempts=deliveries.c.attempts + 1)
        )
    return rows


def accept(tx: Connection, rows: Sequence[tuple[int, str, str]], epoch: int, pull_after: float) -> None:
    """The provider has these (number, provider id, address). `not_before` now says when to ask what became of them."""
    where, state = move("accept")
    tx.execute(
        update(deliveries)
        .where(deliveries.c.id == bindparam("number"), where, deliveries.c.epoch == epoch)
        .values(
            state=state,
            provider_id=bindparam("provider"),
            url=bindparam("place"),
            accepted_at=db_now(),
            not_before=db_now() + milliseconds(pull_after),
            reason="",
            code="",
        ),
        [{"number": number, "provider": provider, "place": url} for number, provider, url in rows],
    )


def give_back(
    tx: Connection,
    ids: Sequence[int],
    epoch: int,
    wait: float = 0.0,
    reason: str = "",
    code: str = "",
    free: bool = False,
) -> None:
    """It did not go out: pending again after `wait` seconds. `free` gives the attempt back as well."""
    where, state = move("give_back")
    for part in _slices(ids):
        tx.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(part), where, deliveries.c.epoch == epoch)
            .values(
                state=state,
                not_before=db_now() + milliseconds(wait),
                reason=reason[:200],
                code=code[:32],
                attempts=deliveries.c.attempts - (1 if free else 0),
            )
        )


def take_back(tx: Connection, held: Lease) -> None:
    """Rows left sending by an earlier owner, where sending twice does no harm: pending again."""
    where, state = move("give_back")
    mine = (deliveries.c.batch_id == held.batch_id, deliveries.c.epoch < held.epoch)
    tx.execute(update(deliveries).where(where, *mine).values(state=state))


def fail(tx: Connection, delivery_id: int, epoch: int, reason: str, code: str) -> bool:
    """Final: this one will not arrive, for `reason`."""
    where, state = move("fail")
    return _record(
        tx,
        deliveries.c.id == delivery_id,
        where,
        deliveries.c.epoch == epoch,
        state=state,
        reason=reason[:200],
        code=code[:32],
        final_at=db_now(),
    )


def exhaust(tx: Connection, held: Lease, most: int) -> int:
    """Pending rows whose attempts are spent fail with the last reason given."""
    where, state = move("exhaust")
    return tx.execute(
        update(deliveries)
        .where(deliveries.c.batch_id == held.batch_id, where, deliveries.c.attempts >= most)
        .values(state=state, final_at=db_now())
    ).rowcount


def suppress(tx: Connection, reason: str, *where: ColumnElement[bool]) -> int:
    """Pending rows that will never be sent, and why."""
    may, state = move("suppress")
    return tx.execute(
        update(deliveries).where(may, *where).values(state=state, reason=reason[:200], final_at=db_now())
    ).rowcount


def suppress_batch(tx: Connection, held: Lease, reason: str) -> int:
    """All that this batch has not sent will not be sent, for `reason`."""
    return suppress(tx, reason, deliveries.c.batch_id == held.batch_id)


def orphans(tx: Connection, held: Lease) -> int:
    """Later parts of a thread whose earlier part will never be there fail with it: alone they would mislead."""
    before = deliveries.alias("before")
    where, state = move("exhaust")
    lost = exists().where(
        before.c.id == deliveries.c.follows_id,
        before.c.alert_id == deliveries.c.alert_id,
        before.c.state.in_((DeliveryState.FAILED, DeliveryState.SUPPRESSED)),
    )
    return tx.execute(
        update(deliveries)
        .where(deliveries.c.batch_id == held.batch_id, where, lost)
        .values(state=state, reason="an earlier part of the thread failed", final_at=db_now())
    ).rowcount


def suppress_opted_out(tx: Connection, held: Lease, lane: str) -> int:
    """Phones in this batch that said stop since the audience was taken."""
    said_stop = exists().where(opt_outs.c.phone == deliveries.c.address, opt_outs.c.lane == lane)
    return suppress(tx, "opted out", deliveries.c.batch_id == held.batch_id, said_stop)


def unknown(connection: Connection, held: Lease, grace: float, limit: int) -> Sequence[Row[Any]]:
    """Rows left sending under an older epoch, oldest first, whose grace is over: the provider must be asked."""
    return connection.execute(
        _left_behind(held)
        .where(deliveries.c.intent_at <= db_now() - milliseconds(grace))
        .order_by(deliveries.c.intent_at)
        .limit(limit)
    ).all()


def _left_behind(held: Lease) -> Select[Any]:
    before = deliveries.alias("before")
    return (
        select(
            deliveries.c.id,
            deliveries.c.address,
            deliveries.c.message_id,
            deliveries.c.part,
            deliveries.c.action,
            deliveries.c.epoch,
            deliveries.c.intent_at,
            deliveries.c.earlier_id,
            deliveries.c.follows_id,
            before.c.provider_id.label("target"),
        )
        .outerjoin(before, before.c.id == deliveries.c.follows_id)
        .where(
            deliveries.c.batch_id == held.batch_id,
            deliveries.c.state == DeliveryState.SENDING,
            deliveries.c.epoch < held.epoch,
        )
    )


@dataclass(frozen=True, slots=True)
class Left:
    """What a batch still holds: rows to send, rows that may have gone out, and seconds until the first of them is due."""

    pending: int
    sending: int
    next_in: float


def left(connection: Connection, held: Lease, grace: float) -> Left:
    """What is left of this batch, and when it is worth coming back."""
    ready = func.coalesce(deliveries.c.not_before, 0)
    row = connection.execute(
        select(
            func.count().filter(deliveries.c.state == DeliveryState.PENDING).label("pending"),
            func.count().filter(deliveries.c.state == DeliveryState.SENDING).label("sending"),
            func.min(ready).filter(deliveries.c.state == DeliveryState.PENDING).label("pending_at"),
            func.min(deliveries.c.intent_at).filter(deliveries.c.state == DeliveryState.SENDING).label("intent_at"),
            db_now().label("now"),
        ).where(
            deliveries.c.batch_id == held.batch_id,
            deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING)),
        )
    ).one()
    waits = []
    if row.pending:
        waits.append((row.pending_at - row.now).total_seconds())
    if row.sending:
        waits.append((row.intent_at + timedelta(seconds=grace) - row.now).total_seconds())
    return Left(row.pending, row.sending, max(0.0, min(waits, default=0.0)))


def note_attempt(tx: Connection, delivery_id: int, outcome: str, code: str, reason: str) -> None:
    """Remember an attempt that did not simply succeed."""
    tx.execute(
        attempts.insert().values(
            delivery_id=delivery_id, at=db_now(), outcome=outcome, code=code[:32], reason=reason[:200]
        )
    )


def attempts_of(tx: Connection, delivery_id: int) -> int:
    """How often this delivery was tried."""
    return int(tx.scalar(select(deliveries.c.attempts).where(deliveries.c.id == delivery_id)) or 0)


def _record(tx: Connection, *where: ColumnElement[bool], **values: Any) -> bool:
    return tx.execute(update(deliveries).where(and_(*where)).values(**values)).rowcount == 1


def _slices(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + SLICE] for start in range(0, len(ids), SLICE))

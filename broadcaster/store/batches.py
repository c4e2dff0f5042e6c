"""Queries about batches: who holds one, which are due, and how a hold ends.

Every change of state takes its WHERE and SET from the lifecycle table, and every one is a compare-and-set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, exists, func, or_, select, update

from broadcaster.domain.lifecycle import BATCH, BatchState
from broadcaster.store.schema import batches, db_now


def milliseconds(seconds: float) -> int:
    """What is added to a Moment."""
    return int(seconds * 1000)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one batch until the database's clock says `until`; `epoch` fences off earlier owners."""

    batch_id: int
    alert_id: str
    channel: str
    lane: str
    epoch: int
    created_at: datetime


def lease(tx: Connection, batch_id: int, worker: str, seconds: float) -> Lease | None:
    """Take the batch if nobody has it; None when somebody does, or it is over. The epoch goes up by one each time.

    On the urgent lane a channel has one worker at a time: a provider that hangs holds up one worker, never all of them,
    and posts leave in the order in which they were approved.
    """
    others = batches.alias()
    row = tx.execute(select(batches.c.channel, batches.c.lane).where(batches.c.id == batch_id)).one_or_none()
    if row is None:
        return None
    if tx.dialect.name == "postgresql" and row.lane == "urgent":
        # Two leases of one channel at once would not see each other; SQLite has one writer anyway.
        tx.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"lease:{row.channel}"))))
    busy = exists().where(
        others.c.channel == batches.c.channel,
        others.c.lane == "urgent",
        others.c.id != batches.c.id,
        others.c.state == BatchState.LEASED,
        others.c.lease_until > db_now(),
    )
    taken = tx.execute(
        update(batches)
        .where(
            batches.c.id == batch_id,
            batches.c.state.in_(sorted(BATCH.sources("lease"))),
            batches.c.lease_until <= db_now(),
            or_(batches.c.lane != "urgent", ~busy),
        )
        .values(
            state=BATCH.target("lease"),
            epoch=batches.c.epoch + 1,
            lease_until=db_now() + milliseconds(seconds),
            worker=worker,
        )
        .returning(batches.c.alert_id, batches.c.channel, batches.c.lane, batches.c.epoch, batches.c.created_at)
    ).one_or_none()
    return Lease(batch_id, *taken) if taken else None


def first_in_line(connection: Connection, batch_id: int) -> Sequence[int]:
    """What a worker for whom this batch was rung should take now: itself, but a batch of its bulk lane that goes before it first.

    The rings of a large alert lie in the queue ahead of a later, more urgent one's; who answers one sees to what matters most. Empty
    when the batch cannot be taken: a look, so that a bell that rings in vain costs no transaction.
    """
    open_now = batches.c.state.in_(sorted(BATCH.sources("lease"))), batches.c.lease_until <= db_now()
    rung = connection.execute(
        select(batches.c.lane, batches.c.priority).where(batches.c.id == batch_id, *open_now)
    ).one_or_none()
    if rung is None or rung.lane == "urgent":
        return () if rung is None else (batch_id,)
    sooner = batches.c.lane == rung.lane, batches.c.priority < rung.priority
    first = select(batches.c.id).where(*open_now, *sooner).order_by(batches.c.priority, batches.c.id).limit(1)
    return (*connection.scalars(first), batch_id)


def lease_next(tx: Connection, held: Lease, worker: str, seconds: float) -> Lease | None:
    """Take the next batch of the same alert and channel that nobody has touched yet.

    None when there is none, when a batch that goes before it waits for this lane, and on the urgent lane, where each has its turn.
    """
    if held.lane == "urgent":
        return None
    mine = and_(batches.c.alert_id == held.alert_id, batches.c.channel == held.channel)
    first = tx.execute(
        select(batches.c.id, batches.c.alert_id, batches.c.channel)
        .where(
            batches.c.state == BatchState.PENDING,
            batches.c.lane == held.lane,
            batches.c.lease_until <= db_now(),
            or_(~mine, batches.c.epoch == 0),
        )
        .order_by(batches.c.priority, case((mine, 0), else_=1), batches.c.id)
        .limit(1)
        # Another worker's choice of this moment is passed over, not waited for.
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if first is None or (first.alert_id, first.channel) != (held.alert_id, held.channel):
        return None
    return lease(tx, first.id, worker, seconds)


def renew(tx: Connection, held: Lease, seconds: float) -> bool:
    """The fence: push the lease out, or learn that somebody else has the batch by now."""
    result = tx.execute(
        update(batches)
        .where(batches.c.id == held.batch_id, batches.c.epoch == held.epoch, batches.c.state == BatchState.LEASED)
        .values(lease_until=db_now() + milliseconds(seconds))
    )
    return result.rowcount == 1


def release(tx: Connection, held: Lease, wait: float, moved: bool, reason: str = "") -> None:
    """Put the batch back for whoever comes after `wait` seconds; `moved` says whether this lease achieved anything."""
    _end(
        tx,
        held,
        "release",
        lease_until=db_now() + milliseconds(wait),
        # Rung by the sweep when the wait is over, however lately the bell was used.
        rung_at=0,
        worker="",
        idle_leases=0 if moved else batches.c.idle_leases + 1,
        reason=reason,
    )


def finish(tx: Connection, held: Lease) -> None:
    """The batch has nothing left to send."""
    _end(tx, held, "finish", finished_at=db_now(), worker="", reason="")


def kill(tx: Connection, held: Lease, reason: str) -> None:
    """Nothing more by itself: the operator is told `reason` and may revive it."""
    _end(tx, held, "kill", worker="", reason=reason[:500])


def _end(tx: Connection, held: Lease, event: str, **values: Any) -> None:
    tx.execute(
        update(batches)
        .where(
            batches.c.id == held.batch_id,
            batches.c.epoch == held.epoch,
            batches.c.state.in_(sorted(BATCH.sources(event))),
        )
        .values(state=BATCH.target(event), **values)
    )


def revive(tx: Connection, batch_ids: Iterable[int]) -> int:
    """Make done or dead batches sendable again, because deliveries in them are pending again."""
    return tx.execute(
        update(batches)
        .where(batches.c.id.in_(list(batch_ids)), batches.c.state.in_(sorted(BATCH.sources("revive"))))
        .values(state=BATCH.target("revive"), lease_until=0, rung_at=0, idle_leases=0, finished_at=None, reason="")
    ).rowcount


def idle_leases(tx: Connection, batch_id: int) -> int:
    """Leases in a row in which the batch did not move."""
    return int(tx.scalar(select(batches.c.idle_leases).where(batches.c.id == batch_id)) or 0)


def due(connection: Connection, rung_before: float, limit: int = 200) -> Sequence[Row[int, str]]:
    """Batches (id, lane) that somebody should work on now and that were not rung in the last `rung_before` seconds."""
    return connection.execute(
        select(batches.c.id, batches.c.lane)
        .where(
            batches.c.state.in_((BatchState.PENDING, BatchState.LEASED)),
            batches.c.lease_until <= db_now(),
            batches.c.rung_at <= db_now() - milliseconds(rung_before),
        )
        .order_by(batches.c.priority, batches.c.id)
        .limit(limit)
    ).all()


def ready(connection: Connection, held: Lease) -> Sequence[tuple[int, str]]:
    """What can go on at once after this lease: the batch itself, and on the urgent lane the next of its channel."""
    open_now = [batches.c.state == BatchState.PENDING, batches.c.lease_until <= db_now()]
    query = select(batches.c.id, batches.c.lane).where(*open_now).order_by(batches.c.priority, batches.c.id).limit(1)
    own = connection.execute(query.where(batches.c.id == held.batch_id)).all()
    if held.lane != "urgent":
        return [(row.id, row.lane) for row in own]
    behind = query.where(batches.c.id != held.batch_id, batches.c.channel == held.channel, batches.c.lane == "urgent")
    return [(row.id, row.lane) for row in (*own, *connection.execute(behind))]


def of_alert(connection: Connection, alert_id: str) -> Sequence[tuple[int, str, str]]:
    """Batches of an alert that are not over: (id, lane, channel)."""
    rows = connection.execute(
        select(batches.c.id, batches.c.lane, batches.c.channel)
        .where(batches.c.alert_id == alert_id, batches.c.state == BatchState.PENDING)
        .order_by(batches.c.id)
    )
    return [(row.id, row.lane, row.channel) for row in rows]


def look(connection: Connection, batch_id: int) -> Lease | None:
    """A batch as it is, without taking it."""
    columns = (batches.c.alert_id, batches.c.channel, batches.c.lane, batches.c.epoch, batches.c.created_at)
    row = connection.execute(select(*columns).where(batches.c.id == batch_id)).one_or_none()
    return Lease(batch_id, *row) if row else None


def epochs(connection: Connection, batch_ids: Iterable[int]) -> Mapping[int, int]:
    """Batch → its epoch now."""
    rows = connection.execute(select(batches.c.id, batches.c.epoch).where(batches.c.id.in_(list(batch_ids))))
    return {row.id: row.epoch for row in rows}


def wake(tx: Connection, alert_id: str) -> Sequence[tuple[int, str]]:
    """Let batches of an alert that wait, and nobody has, go on at once: what they waited for may be there. Returns (id, lane) each."""
    woken = tx.execute(
        update(batches)
        .where(
            batches.c.alert_id == alert_id,
            batches.c.channel != "website",
            batches.c.state == BatchState.PENDING,
            batches.c.lease_until > db_now(),
        )
        .values(lease_until=0)
        .returning(batches.c.id, batches.c.lane)
    )
    return [(row.id, row.lane) for row in woken]


def mark_rung(tx: Connection, rung: Mapping[int, int]) -> None:
    """Remember that the bell was rung for batches (id → epoch before the ring).

    Done after ringing, so that a crash in between rings twice rather than never; and not where somebody has had the batch since,
    or has it, because then the next ring is theirs to ask for.
    """
    for batch_id, epoch in rung.items():
        tx.execute(
            update(batches)
            .where(batches.c.id == batch_id, batches.c.epoch == epoch, batches.c.lease_until <= db_now())
            .values(rung_at=db_now())
        )

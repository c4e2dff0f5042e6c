"""What a database from the past must not do by itself: send again what went out after it was copied (DESIGN, promise 11)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from broadcaster.domain.lifecycle import BATCH, DELIVERY, AlertState
from broadcaster.domain.rules import Actor
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting
from broadcaster.store import journal, publications
from broadcaster.store.schema import alerts, audience_plans, batches, deliveries, installation, leaders, sessions


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a person must know after a restore.

    `held`: batches that wait for `release`. `undecided`: identifiers of alerts that waited for a decision when the copy was
    made, and may have gone out since.
    """

    made_at: datetime
    epoch: int
    held: int
    undecided: tuple[str, ...]


def interrupt(tx: Connection) -> None:
    """In the transaction that puts old rows in place: no part starts until `recover` has ended."""
    tx.execute(update(installation).values(epoch=-(func.abs(installation.c.epoch) + 1)))


def recover(rt: Runtime, made_at: datetime, actor: Actor, now: datetime) -> Recovered:
    """Begin a new epoch in which nothing that was unfinished leaves before a person says so."""
    with rt.db.read() as connection:
        open_plans = select(audience_plans.c.alert_id).where(audience_plans.c.done_at.is_(None)).distinct()
        unmade = connection.scalars(open_plans).all()
    for alert_id in unmade:
        # Else the sweep would make the rest of the audience into batches that nobody holds.
        broadcasting.materialise(rt, alert_id)
    with rt.db.write() as tx:
        held = _hold(tx, made_at)
        for root in publications.ROOTS:
            publications.raise_wanted(tx, root)
        # Log-ins that were ended since would live again; and nobody leads any more.
        tx.execute(delete(sessions))
        tx.execute(delete(leaders))
        undecided = select(alerts.c.identifier).where(alerts.c.state == AlertState.PENDING_APPROVAL)
        tx.execute(update(installation).values(epoch=func.abs(installation.c.epoch), restored_at=now))
        epoch = tx.scalar(select(installation.c.epoch)) or 0
        found = Recovered(made_at, epoch, held, tuple(tx.scalars(undecided.order_by(alerts.c.identifier))))
        body = {"made_at": made_at, "epoch": epoch, "held": held, "undecided": found.undecided}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "restore", now, body=body)
    return found


def _hold(tx: Connection, made_at: datetime) -> int:
    """Hold every unfinished batch. What it still had to send may have gone out since: it counts as intended at `made_at`,

    so that whoever leases the batch once it is released asks the provider first.
    """
    unfinished = batches.c.state.in_(sorted(BATCH.sources("hold")))
    of_unfinished = deliveries.c.batch_id.in_(select(batches.c.id).where(unfinished))
    epoch = select(batches.c.epoch).where(batches.c.id == deliveries.c.batch_id).scalar_subquery()
    tx.execute(
        update(deliveries)
        .where(of_unfinished, deliveries.c.state.in_(sorted(DELIVERY.sources("intend"))))
        .values(state=DELIVERY.target("intend"), epoch=epoch, intent_at=made_at, attempts=deliveries.c.attempts + 1)
    )
    # Whoever carried one when the copy was made, it may have gone by another since.
    tx.execute(
        update(deliveries).where(of_unfinished, deliveries.c.state == DELIVERY.target("intend")).values(provider="")
    )
    hold = update(batches).where(unfinished).values(state=BATCH.target("hold"), reason="restored from a backup")
    return tx.execute(hold).rowcount


def release(rt: Runtime, actor: Actor, now: datetime) -> int:
    """Let the held batches go: each row is looked for at its provider, and sent where it is not there."""
    with rt.db.write() as tx:
        held = batches.c.state.in_(sorted(BATCH.sources("let_go")))
        let_go = update(batches).where(held).values(state=BATCH.target("let_go"), lease_until=0, rung_at=0, reason="")
        rows = tx.execute(let_go.returning(batches.c.id, batches.c.lane)).all()
        if rows:
            journal.append(tx, journal.SYSTEM_CHAIN, actor, "release", now, body={"batches": len(rows)})
    rt.queue.ring((row.id, row.lane) for row in rows)
    return len(rows)

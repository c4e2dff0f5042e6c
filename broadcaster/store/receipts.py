"""What became of accepted deliveries: receipts as a monotone rank, second tries, pulls, and lapses."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select, update

from broadcaster.domain.lifecycle import DELIVERY, DeliveryState
from broadcaster.store.batches import milliseconds, revive
from broadcaster.store.moves import move
from broadcaster.store.schema import alerts, batches, db_now, deliveries
from channels.base import Progress, Receipt

#: After this long past its alert's expiry, an accepted delivery without a word is unconfirmed.
LAPSE = timedelta(minutes=10)


def find(connection: Connection, delivery_id: int | None, provider_id: str) -> Row[Any] | None:
    """The delivery that a receipt is about: by our own number, which it carried, else by the provider's id."""
    query = select(deliveries)
    if delivery_id is not None:
        return connection.execute(query.where(deliveries.c.id == delivery_id)).one_or_none()
    return connection.execute(query.where(deliveries.c.provider_id == provider_id)).one_or_none()


def write_down(tx: Connection, delivery_id: int, receipt: Receipt) -> bool:
    """Apply one receipt; True when it moved the delivery. Late, repeated and shuffled receipts change nothing.

    A receipt for a row still sending is the provider's word that it has it, so that even a lost answer is found (promise 8). An
    earlier message's receipt never speaks for a later try: once the row knows its provider id, others are ignored.
    """
    mine = and_(
        deliveries.c.id == delivery_id,
        or_(deliveries.c.provider_id.is_(None), deliveries.c.provider_id == receipt.provider_id),
        or_(deliveries.c.earlier_id.is_(None), deliveries.c.earlier_id != receipt.provider_id),
    )
    if receipt.progress is Progress.DELIVERED:
        # It may be the first that we hear of it.
        taken = func.coalesce(deliveries.c.accepted_at, db_now())
        values = {"provider_id": receipt.provider_id, "accepted_at": taken, "final_at": db_now()}
        return _to(tx, "deliver", mine, **values, reason="", code="")
    if receipt.progress is Progress.FAILED:
        words = {"reason": (receipt.reason or "the provider gave no reason")[:200], "code": receipt.code[:32]}
        if receipt.transient and _try_again(tx, delivery_id, receipt, words):
            return True
        return _to(tx, "fail", mine, provider_id=receipt.provider_id, final_at=db_now(), **words)
    return _to(tx, "accept", mine, provider_id=receipt.provider_id, accepted_at=db_now(), not_before=db_now())


def _try_again(tx: Connection, delivery_id: int, receipt: Receipt, words: dict[str, str]) -> bool:
    """A passing failure gets one second try, as a new message."""
    first = and_(
        deliveries.c.id == delivery_id,
        deliveries.c.second_tries == 0,
        deliveries.c.provider_id == receipt.provider_id,
    )
    values = {
        "provider_id": None,
        "earlier_id": receipt.provider_id,
        "second_tries": 1,
        "not_before": db_now() + milliseconds(30),
        **words,
    }
    if not _to(tx, "try_again", first, **values):
        return False
    revive(tx, tx.scalars(select(deliveries.c.batch_id).where(deliveries.c.id == delivery_id)).all())
    return True


def _to(tx: Connection, event: str, *where: Any, **values: Any) -> bool:
    may, state = move(event)
    return tx.execute(update(deliveries).where(may, *where).values(state=state, **values)).rowcount == 1


def quiet(connection: Connection, limit: int) -> Sequence[Row[int, str]]:
    """Batches (id, lane) with accepted deliveries about which the provider should be asked by now."""
    return connection.execute(
        select(batches.c.id, batches.c.lane)
        .where(
            batches.c.id.in_(
                select(deliveries.c.batch_id)
                .where(deliveries.c.state == DeliveryState.ACCEPTED, deliveries.c.not_before <= db_now())
                .distinct()
                .limit(limit)
            )
        )
        .order_by(batches.c.id)
    ).all()


def to_pull(connection: Connection, batch_id: int, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Accepted deliveries of a batch whose time to be asked about has come."""
    return connection.execute(
        select(deliveries)
        .where(
            deliveries.c.batch_id == batch_id,
            deliveries.c.state == DeliveryState.ACCEPTED,
            deliveries.c.not_before <= db_now(),
        )
        .order_by(deliveries.c.id)
        .limit(limit)
    ).all()


def ask_later(tx: Connection, delivery_ids: Sequence[int], seconds: float) -> None:
    """Nothing new yet: ask again after `seconds`."""
    tx.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(list(delivery_ids)), deliveries.c.state == DeliveryState.ACCEPTED)
        .values(not_before=db_now() + milliseconds(seconds))
    )


def lapse(tx: Connection, limit: int = 1000) -> int:
    """Accepted deliveries without a word 10 minutes past their alert's expiry become unconfirmed; a late receipt still counts."""
    overdue = (
        select(deliveries.c.id)
        .join(alerts, alerts.c.id == deliveries.c.alert_id)
        .where(
            deliveries.c.state.in_(sorted(DELIVERY.sources("lapse"))),
            alerts.c.expires_at.is_not(None),
            alerts.c.expires_at <= db_now() - milliseconds(LAPSE.total_seconds()),
        )
        .limit(limit)
    )
    may, state = move("lapse")
    return tx.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(overdue.scalar_subquery()), may)
        .values(state=state, reason="no word from the provider", final_at=db_now())
    ).rowcount

"""Which rows of a batch may be sent now, which may have gone out already, and what is left. The engine's hot path.

The statements are built once, because building one costs more than running it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Integer, Row, String, bindparam, exists, func, select, update

from broadcaster.domain.lifecycle import DeliveryState
from broadcaster.store.batches import Lease, milliseconds
from broadcaster.store.moves import move
from broadcaster.store.schema import alert_references, db_now, deliveries, opt_outs

_before = deliveries.alias("before")
_earlier = deliveries.alias("earlier")
_UNDECIDED = (DeliveryState.PENDING, DeliveryState.SENDING)
_INTEND, _SENDING = move("intend")
_BATCH = deliveries.c.batch_id == bindparam("batch", type_=BigInteger)
_COLUMNS = (
    deliveries.c.id,
    deliveries.c.address,
    deliveries.c.message_id,
    deliveries.c.part,
    deliveries.c.action,
    deliveries.c.follows_id,
)

_CLAIMABLE = (
    select(deliveries.c.id)
    .where(
        _BATCH,
        _INTEND,
        deliveries.c.not_before <= db_now(),
        deliveries.c.attempts < bindparam("most", type_=Integer),
        ~exists().where(_before.c.id == deliveries.c.follows_id, _before.c.state.in_(_UNDECIDED)),
        # An Update never reaches anyone before the alert it updates: wait while that one may be on its way.
        ~exists().where(
            _earlier.c.alert_id == alert_references.c.refers_to,
            alert_references.c.alert_id == bindparam("alert", type_=String),
            _earlier.c.channel == deliveries.c.channel,
            _earlier.c.address == deliveries.c.address,
            _earlier.c.state == DeliveryState.SENDING,
        ),
        # A phone that said stop while this was waiting gets nothing more.
        ~exists().where(opt_outs.c.phone == deliveries.c.address, opt_outs.c.lane == bindparam("lane", type_=String)),
    )
    .order_by(deliveries.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_CLAIM = (
    update(deliveries)
    .where(deliveries.c.id.in_(_CLAIMABLE.correlate(None)), _INTEND)
    .values(
        state=_SENDING,
        epoch=bindparam("now_epoch", type_=Integer),
        provider=bindparam("carrier", type_=String),
        intent_at=db_now(),
        attempts=deliveries.c.attempts + 1,
    )
    .returning(*_COLUMNS)
)
_FOLLOWED = select(deliveries.c.id, deliveries.c.provider_id).where(
    deliveries.c.id.in_(bindparam("followed", expanding=True))
)
_LEFT_BEHIND = (
    select(
        *_COLUMNS,
        _before.c.provider_id.label("target"),
        deliveries.c.epoch,
        deliveries.c.provider,
        deliveries.c.intent_at,
        deliveries.c.earlier_id,
    )
    .outerjoin(_before, _before.c.id == deliveries.c.follows_id)
    .where(
        _BATCH,
        deliveries.c.state == DeliveryState.SENDING,
        deliveries.c.epoch < bindparam("now_epoch", type_=Integer),
        deliveries.c.intent_at <= db_now() - bindparam("grace", type_=BigInteger),
    )
    .order_by(deliveries.c.intent_at)
    .limit(bindparam("limit", type_=Integer))
)
_PENDING, _SENT = deliveries.c.state == DeliveryState.PENDING, deliveries.c.state == DeliveryState.SENDING
_DUE = deliveries.c.not_before <= db_now()
_LEFT = select(
    func.count().filter(_PENDING).label("pending"),
    func.count().filter(_SENT).label("sending"),
    func.count().filter(_PENDING, _DUE).label("due"),
    func.min(deliveries.c.not_before).filter(_PENDING, ~_DUE).label("pending_at"),
    func.min(deliveries.c.intent_at).filter(_SENT).label("intent_at"),
    db_now().label("now"),
).where(_BATCH, deliveries.c.state.in_(_UNDECIDED))


class Intent(NamedTuple):
    """One delivery that may be sent now. `target` is the provider's id of the post that it follows."""

    id: int
    address: str
    message_id: int
    part: int
    action: str
    target: str | None = None


def claim(tx: Connection, held: Lease, lane: str, limit: int, most: int, carrier: str) -> Sequence[Intent]:
    """Mark up to `limit` rows as intended, under this epoch and for this carrier, and return them in order.

    Rows that were tried `most` times already, that are not due, or whose phone has left the lane, are passed over.
    """
    values = {"batch": held.batch_id, "alert": held.alert_id, "now_epoch": held.epoch, "lane": lane}
    rows = tx.execute(_CLAIM, values | {"limit": limit, "most": most, "carrier": carrier}).all()
    followed = [row.follows_id for row in rows if row.follows_id is not None]
    targets = dict(tx.execute(_FOLLOWED, {"followed": followed}).all()) if followed else {}
    return sorted(
        Intent(row.id, row.address, row.message_id, row.part, row.action, targets.get(row.follows_id)) for row in rows
    )


def unknown(connection: Connection, held: Lease, grace: float, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Rows left sending under an older epoch, oldest first, whose grace is over: the provider must be asked."""
    wanted = {"batch": held.batch_id, "now_epoch": held.epoch, "grace": milliseconds(grace), "limit": limit}
    return connection.execute(_LEFT_BEHIND, wanted).all()


@dataclass(frozen=True, slots=True)
class Left:
    """What a batch still holds: rows to send, `due` of them now, and rows that may have gone out.

    `next_in`: seconds until the time of the first of the others comes; infinite when there is none.
    """

    pending: int
    due: int
    sending: int
    next_in: float


def left(connection: Connection, held: Lease, grace: float) -> Left:
    """What is left of this batch, and when it is worth coming back."""
    row = connection.execute(_LEFT, {"batch": held.batch_id}).one()
    times = [] if row.pending_at is None else [row.pending_at]
    if row.sending:
        times.append(row.intent_at + timedelta(seconds=grace))
    next_in = min(((time - row.now).total_seconds() for time in times), default=inf)
    return Left(row.pending, row.due, row.sending, max(0.0, next_in))

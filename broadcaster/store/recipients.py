"""Those who got an alert, or may have got it: whom a correction is for, exactly, and an all-clear besides its area.

Read from the deliveries of the earlier alerts, never from the register: somebody who has moved since got the wrong text all the same.
"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    Subquery,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from broadcaster.domain.lifecycle import DELIVERY, BatchState, DeliveryState
from broadcaster.store.schema import alert_references, batches, db_now, deliveries, instructions, messages, opt_outs

(_FIRST,) = DELIVERY.initial
#: Taken by the provider, arrived, never confirmed, or still unknown: "sending" is in flight, or may have gone out.
GOT = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
#: Those, and what has yet to go.
MAY_GET = frozenset({*GOT, DeliveryState.PENDING})
#: Batches of the earlier alert that are read for one slice: at most 5,000 phones, as in every slice.
_AT_ONCE = 5
_old, _new = deliveries.alias("old"), deliveries.alias("new")
#: One earlier batch to one new one; whoever has the new alert's text already (the staff, or of another earlier alert) gets no second.
_COPY = insert(deliveries).from_select(
    ["alert_id", "batch_id", "message_id", "channel", "state", "address", "phone_id"],
    select(
        bindparam("of_alert", type_=String),
        bindparam("to_batch", type_=deliveries.c.batch_id.type),
        bindparam("of_message", type_=deliveries.c.message_id.type),
        _old.c.channel,
        literal(str(_FIRST), String),
        _old.c.address,
        _old.c.phone_id,
    )
    .select_from(_old.join(messages, messages.c.id == _old.c.message_id))
    .where(
        _old.c.batch_id == bindparam("from_batch", type_=deliveries.c.batch_id.type),
        _old.c.state.in_(GOT),
        messages.c.language.in_(bindparam("languages", expanding=True)),
        ~exists().where(
            _new.c.alert_id == bindparam("of_alert", type_=String),
            _new.c.channel == _old.c.channel,
            _new.c.address == _old.c.address,
            _new.c.part == _old.c.part,
        ),
    )
    .order_by(_old.c.id),
)


def count(connection: Connection, channel: str, ids: Sequence[str]) -> Mapping[str, int]:
    """Language of the text that they got → phones, staff that are nobody's in the register left out.

    A phone that got several of the alerts counts once. One alert of a million phones takes a tenth of a second.
    """
    mine = [batches.c.alert_id.in_(ids), batches.c.channel == channel]
    if len(ids) > 1:
        each = select(func.min(messages.c.language).label("language"), deliveries.c.address).select_from(deliveries)
        each = each.join(batches, batches.c.id == deliveries.c.batch_id)
        each = each.join(messages, messages.c.id == deliveries.c.message_id)
        who = each.where(*mine, deliveries.c.state.in_(GOT), deliveries.c.phone_id.is_not(None))
        once = who.group_by(deliveries.c.address).subquery()
        rows = connection.execute(select(once.c.language, func.count()).group_by(once.c.language))
        return {row[0]: int(row[1]) for row in rows}
    found: dict[str, int] = {}
    # Batch by batch an index has all that is needed; all texts of a batch are in one language, but for the staff's.
    of_batch = select(deliveries.c.batch_id, func.count().label("number")).where(deliveries.c.state.in_(GOT))
    of_batch = of_batch.where(deliveries.c.batch_id.in_(select(batches.c.id).where(*mine, ~batches.c.staff)))
    counted = of_batch.group_by(deliveries.c.batch_id).subquery()
    one = select(deliveries.c.message_id).where(deliveries.c.batch_id == counted.c.batch_id).limit(1)
    query = select(messages.c.language, func.sum(counted.c.number)).select_from(
        counted.join(messages, messages.c.id == one.scalar_subquery())
    )
    query = query.group_by(messages.c.language)
    for language, number in connection.execute(query):
        found[language] = int(number)
    staff = select(messages.c.language, func.count()).select_from(deliveries)
    staff = staff.join(messages, messages.c.id == deliveries.c.message_id)
    staff = staff.join(batches, batches.c.id == deliveries.c.batch_id)
    staff = staff.where(*mine, batches.c.staff, deliveries.c.phone_id.is_not(None), deliveries.c.state.in_(GOT))
    for language, number in connection.execute(staff.group_by(messages.c.language)):
        found[language] = found.get(language, 0) + number
    return found


def in_flight(connection: Connection, ids: Sequence[str]) -> bool:
    """True while requests of these alerts are under way: who got it is known a moment later."""
    under_way = select(batches.c.id).where(
        batches.c.alert_id.in_(ids), batches.c.state == BatchState.LEASED, batches.c.lease_until > db_now()
    )
    sending = deliveries.c.batch_id.in_(under_way), deliveries.c.state == DeliveryState.SENDING
    return connection.scalar(select(deliveries.c.id).where(*sending).limit(1)) is not None


def earlier_batches(connection: Connection, channel: str, ids: Sequence[str], after: int) -> Sequence[int]:
    """The next batches of these alerts to be read, by number."""
    query = select(batches.c.id).where(batches.c.alert_id.in_(ids), batches.c.channel == channel, batches.c.id > after)
    return connection.scalars(query.order_by(batches.c.id).limit(_AT_ONCE)).all()


def spoken(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """Languages in which these alerts have texts."""
    return frozenset(connection.scalars(select(messages.c.language).where(messages.c.alert_id.in_(ids)).distinct()))


def copy(
    tx: Connection, alert_id: str, message_id: int, from_batch: int, to_batch: int, languages: Collection[str]
) -> int:
    """A delivery of the new alert for each of one earlier batch who got it. Returns how many."""
    values = {"of_alert": alert_id, "of_message": message_id, "from_batch": from_batch, "to_batch": to_batch}
    tx.execute(_COPY, values | {"languages": sorted(languages)})
    # Not every driver says how many rows an INSERT … SELECT made.
    return tx.scalar(select(func.count()).where(deliveries.c.batch_id == to_batch)) or 0


def adopt_staff(tx: Connection, alert_id: str, channel: str, from_batch: int, languages: Collection[str]) -> int:
    """Staff who are residents and got the earlier one too: the text that they have already is that resident's. Returns how many."""
    own = (
        select(deliveries.c.id, deliveries.c.address)
        .select_from(deliveries)
        .join(batches, batches.c.id == deliveries.c.batch_id)
    )
    own = own.where(batches.c.alert_id == alert_id, batches.c.channel == channel, batches.c.staff)
    adopted = 0
    for number, address in tx.execute(own.where(deliveries.c.phone_id.is_(None))).all():
        got = (
            select(deliveries.c.phone_id)
            .select_from(deliveries)
            .join(messages, messages.c.id == deliveries.c.message_id)
        )
        got = got.where(deliveries.c.batch_id == from_batch, deliveries.c.address == address)
        phone_id = tx.scalar(
            got.where(deliveries.c.state.in_(GOT), messages.c.language.in_(sorted(languages))).limit(1)
        )
        if phone_id is not None:
            tx.execute(update(deliveries).where(deliveries.c.id == number).values(phone_id=phone_id))
            adopted += 1
    return adopted


def tellers(connection: Connection, which: ColumnElement[bool]) -> tuple[str, ...]:
    """Alerts that told people what these rows of `instructions` say: who opened it, who renewed it last, and all in between."""
    rows = connection.execute(select(instructions.c.opened_by, instructions.c.renewed_by).where(which)).all()
    first, found = {row.opened_by for row in rows}, {each for row in rows for each in row}
    new = {row.renewed_by for row in rows} - first
    while new:
        query = select(alert_references.c.refers_to).where(alert_references.c.alert_id.in_(sorted(new)))
        new = set(connection.scalars(query)) - found
        found |= new
    return tuple(sorted(found))


def lifted_by(alert_id: str) -> ColumnElement[bool]:
    """Rows of `instructions` that this alert has ended."""
    return instructions.c.lifted_by == alert_id


def still_told(incident_id: int, keys: Collection[str], zones: Collection[str]) -> ColumnElement[bool]:
    """Open rows of `instructions` with these keys in these zones."""
    return (
        (instructions.c.incident_id == incident_id)
        & instructions.c.lifted_at.is_(None)
        & instructions.c.key.in_(sorted(keys))
        & instructions.c.zone.in_(sorted(zones))
    )


def still_elsewhere(connection: Connection, incident_id: int, which: ColumnElement[bool]) -> bool:
    """True when what these rows say is open in other rows of the incident: not everybody who was told may hear that it is over."""
    keys, mine = select(instructions.c.key).where(which), select(instructions.c.id).where(which)
    query = select(instructions.c.id).where(
        instructions.c.incident_id == incident_id,
        instructions.c.lifted_at.is_(None),
        instructions.c.key.in_(keys),
        instructions.c.id.not_in(mine),
    )
    return connection.scalar(query.limit(1)) is not None


def _who(channel: str, ids: Sequence[str]) -> Subquery:
    """Addresses that got one of these alerts or may have, each once."""
    query = select(deliveries.c.address).join(batches, batches.c.id == deliveries.c.batch_id)
    mine = batches.c.alert_id.in_(ids), batches.c.channel == channel, deliveries.c.phone_id.is_not(None)
    return query.where(*mine, deliveries.c.state.in_(GOT)).distinct().subquery()


def told(connection: Connection, channel: str, ids: Sequence[str], lane: str) -> tuple[int, int]:
    """How many phones got one of these alerts or may have, and how many of them get no texts of `lane` any more."""
    who = _who(channel, ids)
    away = exists().where(opt_outs.c.phone == who.c.address, opt_outs.c.lane == lane)
    every = connection.scalar(select(func.count()).select_from(who)) or 0
    return every, connection.scalar(select(func.count()).select_from(who).where(away)) or 0


def heard(connection: Connection, channel: str, ids: Sequence[str], alert_id: str) -> Mapping[str, int]:
    """State of their delivery of another alert → phones among them; "" for those who have none."""
    who = _who(channel, ids)
    mine = (_new.c.alert_id == alert_id) & (_new.c.channel == channel) & (_new.c.address == who.c.address)
    state = func.coalesce(_new.c.state, "")
    query = select(state, func.count()).select_from(who.outerjoin(_new, mine & (_new.c.part == 0)))
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(state))}

"""How far an alert has come: counts by channel and state, first acceptances, and what is not final yet."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select, union

from broadcaster.domain.lifecycle import FINAL_DELIVERY, DeliveryState
from broadcaster.store.schema import batches, deliveries

#: More batches than workers ever begin with at once.
_FIRST = 16


def by_channel(connection: Connection, alert_id: str) -> dict[str, dict[str, int]]:
    """Channel → state → number of deliveries to residents and the public. The staff's own phones are among them only where they are
    a resident's.

    Rows that may have gone out and are being looked up count as "sending".
    """
    mine = batches.c.alert_id == alert_id, ~batches.c.staff
    # Batch by batch an index has all that is needed, and in order: a million deliveries take a tenth of a second.
    number = func.count().label("number")
    of_batch = select(deliveries.c.batch_id, deliveries.c.state, number)
    of_batch = of_batch.where(deliveries.c.batch_id.in_(select(batches.c.id).where(*mine)))
    of_batch = of_batch.group_by(deliveries.c.batch_id, deliveries.c.state)
    counted = of_batch.subquery()
    query = select(batches.c.channel, counted.c.state, func.sum(counted.c.number))
    query = query.join(batches, batches.c.id == counted.c.batch_id).group_by(batches.c.channel, counted.c.state)
    found: dict[str, dict[str, int]] = {}
    for channel, state, total in connection.execute(query):
        found.setdefault(channel, {})[state] = int(total)
    both = select(deliveries.c.channel, deliveries.c.state).join(batches, batches.c.id == deliveries.c.batch_id)
    both = both.where(batches.c.alert_id == alert_id, batches.c.staff, deliveries.c.phone_id.is_not(None))
    for channel, state in connection.execute(both):
        states = found.setdefault(channel, {})
        states[state] = states.get(state, 0) + 1
    return found


def first_accepted(connection: Connection, alert_id: str) -> dict[str, datetime]:
    """Channel → when the first of its deliveries was taken by the provider, or written; staff not counted.

    It is looked for where it must be: in the batches that go first, and in those that were through first.
    """
    mine = batches.c.alert_id == alert_id, ~batches.c.staff
    first = select(batches.c.id).where(*mine).order_by(batches.c.priority, batches.c.id).limit(_FIRST)
    through = select(batches.c.id).where(*mine, batches.c.finished_at.is_not(None))
    through = through.order_by(batches.c.finished_at).limit(_FIRST)
    posts = select(batches.c.id).where(*mine, batches.c.lane == "urgent").order_by(batches.c.id).limit(_FIRST)
    likely = union(*(select(each.subquery().c.id) for each in (first, through, posts)))
    rows = connection.execute(
        select(deliveries.c.channel, func.min(deliveries.c.accepted_at))
        .where(deliveries.c.batch_id.in_(likely), deliveries.c.accepted_at.is_not(None))
        .group_by(deliveries.c.channel)
    )
    return {channel: at for channel, at in rows if at is not None}


def any_in_batch(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """True of a row of `batches` in which some delivery meets these: a few steps in an index, however many deliveries there are.

    The LIMIT keeps PostgreSQL from making it a join, which it may do by reading all deliveries.
    """
    found = select(deliveries.c.id).where(deliveries.c.batch_id == batches.c.id, *conditions).limit(1)
    return found.scalar_subquery().is_not(None)


#: Deliveries of which more is to come.
NOT_FINAL = deliveries.c.state.in_(sorted(set(DeliveryState) - FINAL_DELIVERY))


def unfinished(connection: Connection, alert_id: str) -> bool:
    """True while some delivery of an alert is not final. Takes a few milliseconds for a million of them."""
    found = select(batches.c.id).where(batches.c.alert_id == alert_id, any_in_batch(NOT_FINAL)).limit(1)
    return connection.scalar(found) is not None

"""How far an alert has come: counts by channel and state, first acceptances, and what is not final yet."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from broadcaster.domain.lifecycle import FINAL_DELIVERY, DeliveryState
from broadcaster.store.schema import batches, deliveries


def by_channel(connection: Connection, alert_id: str) -> dict[str, dict[str, int]]:
    """Channel → state → number of deliveries to residents and the public; the staff's own phones are not among them.

    Rows that may have gone out and are being looked up count as "sending".
    """
    found: dict[str, dict[str, int]] = {}
    for channel, state, number in connection.execute(
        select(deliveries.c.channel, deliveries.c.state, func.count())
        .where(deliveries.c.alert_id == alert_id, _not_staff(alert_id))
        .group_by(deliveries.c.channel, deliveries.c.state)
    ):
        found.setdefault(channel, {})[state] = number
    return found


def first_accepted(connection: Connection, alert_id: str) -> dict[str, datetime]:
    """Channel → when the first of its deliveries was taken by the provider, or written."""
    rows = connection.execute(
        select(deliveries.c.channel, func.min(deliveries.c.accepted_at))
        .where(deliveries.c.alert_id == alert_id, deliveries.c.accepted_at.is_not(None), _not_staff(alert_id))
        .group_by(deliveries.c.channel)
    )
    return {channel: at for channel, at in rows if at is not None}


def _not_staff(alert_id: str) -> ColumnElement[bool]:
    return deliveries.c.batch_id.not_in(select(batches.c.id).where(batches.c.alert_id == alert_id, batches.c.staff))


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

"""How far an alert has come: counts by channel and state, first acceptances, and what is not final yet."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from broadcaster.domain.lifecycle import FINAL_DELIVERY
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


def unfinished(connection: Connection, alert_id: str) -> int:
    """Deliveries of an alert that are not final yet."""
    return int(
        connection.scalar(
            select(func.count()).where(
                deliveries.c.alert_id == alert_id, deliveries.c.state.not_in(sorted(FINAL_DELIVERY))
            )
        )
        or 0
    )

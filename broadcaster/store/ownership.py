"""Who answers for what is open: alerts with their promises and clocks, and incidents with their open instructions."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, select, update

from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.rules import Role
from broadcaster.store.schema import alerts, incidents, users

#: Alerts that somebody must still look after; the others are over.
OPEN = (
    AlertState.DRAFT,
    AlertState.RETURNED,
    AlertState.PENDING_APPROVAL,
    AlertState.APPROVED,
    AlertState.BROADCASTING,
    AlertState.ACTIVE,
    AlertState.STOPPED,
)


def on_duty(connection: Connection) -> frozenset[str]:
    """Ids of the people who can answer for something: an open account that may at least write."""
    may = [role for role in Role if role.covers(Role.AUTHOR)]
    return frozenset(connection.scalars(select(users.c.id).where(users.c.active.is_(True), users.c.role.in_(may))))


def give_alert(tx: Connection, alert_id: str, owner: str) -> None:
    """From now on `owner` answers for this alert."""
    tx.execute(update(alerts).where(alerts.c.id == alert_id).values(owner=owner))


def give_incident(tx: Connection, incident_id: int, owner: str) -> None:
    """From now on `owner` answers for this incident."""
    tx.execute(update(incidents).where(incidents.c.id == incident_id).values(owner=owner))


def ownerless(connection: Connection) -> Mapping[str, Sequence[str]]:
    """`alerts` (ids) and `incidents` (names) that are open and belong to nobody who could look after them."""
    people = sorted(on_duty(connection))
    lost = select(alerts.c.id).where(alerts.c.state.in_(OPEN), alerts.c.owner.not_in(people))
    open_ones = incidents.c.closed_at.is_(None), incidents.c.owner.not_in(people)
    return {
        "alerts": connection.scalars(lost.order_by(alerts.c.created_at)).all(),
        "incidents": connection.scalars(select(incidents.c.name).where(*open_ones).order_by(incidents.c.id)).all(),
    }


def pass_on(tx: Connection, outgoing: str, incoming: str) -> Mapping[str, Collection[str]]:
    """Give everything open of `outgoing`, and whatever belongs to nobody, to `incoming`; returns public names of what moved."""
    people = sorted(on_duty(tx) - {outgoing})
    mine = alerts.c.state.in_(OPEN), alerts.c.owner.not_in(people)
    of_alerts = update(alerts).where(*mine).values(owner=incoming).returning(alerts.c.identifier)
    open_ones = incidents.c.closed_at.is_(None), incidents.c.owner.not_in(people)
    of_incidents = update(incidents).where(*open_ones).values(owner=incoming).returning(incidents.c.name)
    return {
        "alerts": sorted(tx.scalars(of_alerts)),
        "incidents": sorted(tx.scalars(of_incidents)),
    }

"""Alerts that run out while people follow what they say, and which warnings of it were given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update

from broadcaster.domain.lifecycle import SENDING_ALERT
from broadcaster.store.schema import alerts, expiry_warnings, incidents, instructions

#: Minutes before the end at which whoever answers for it is told.
MINUTES = (60, 30, 10)


@dataclass(frozen=True, slots=True)
class Ending:
    """An alert with open instructions that ends soon. `due` are the warnings whose time has come and which nobody has had."""

    id: str
    owner: str
    approved_by: str
    live: bool
    lane: str
    incident: str
    title: str
    expires_at: datetime
    due: tuple[int, ...]


def soon(connection: Connection, now: datetime) -> Sequence[Ending]:
    """Those in force that end within the hour, the soonest first. What was shorter than a warning when it began never has that one."""
    rests = exists().where(instructions.c.renewed_by == alerts.c.id, instructions.c.lifted_at.is_(None))
    query = (
        select(alerts, incidents.c.name.label("incident"), incidents.c.title)
        .join(incidents, incidents.c.id == alerts.c.incident_id)
        .where(alerts.c.state.in_(sorted(SENDING_ALERT)), alerts.c.expires_at > now, rests)
        .where(alerts.c.expires_at <= now + timedelta(minutes=max(MINUTES)))
        .order_by(alerts.c.expires_at, alerts.c.id)
    )
    rows = connection.execute(query).all()
    given: dict[str, set[int]] = {}
    mine = expiry_warnings.c.alert_id.in_([row.id for row in rows])
    for alert_id, minutes in connection.execute(
        select(expiry_warnings.c.alert_id, expiry_warnings.c.minutes).where(mine)
    ):
        given.setdefault(alert_id, set()).add(minutes)
    return [_ending(row, given.get(row.id, set()), now) for row in rows]


def _ending(row: Row[Any], given: set[int], now: datetime) -> Ending:
    left = row.expires_at - now
    life = row.expires_at - (row.approved_at or row.created_at)
    due = tuple(m for m in MINUTES if left <= timedelta(minutes=m) < life and m not in given)
    return Ending(
        id=row.id,
        owner=row.owner,
        approved_by=row.approved_by or "",
        live=row.status == "Actual",
        lane=row.lane,
        incident=row.incident,
        title=row.title,
        expires_at=row.expires_at,
        due=due,
    )


def note(tx: Connection, alert_id: str, minutes: int, owner: str, now: datetime) -> None:
    """This warning counts as given, before its text is handed over: a sweeper that dies between the two leaves it unsent, not doubled."""
    tx.execute(expiry_warnings.insert().values(alert_id=alert_id, minutes=minutes, owner=owner, at=now))


def told(tx: Connection, alert_id: str, minutes: int, user_id: str, problem: str) -> None:
    """Who got the text; empty: nobody, and why not."""
    mine = expiry_warnings.c.alert_id == alert_id, expiry_warnings.c.minutes == minutes
    tx.execute(update(expiry_warnings).where(*mine).values(told=user_id, problem=problem[:200]))


def given(connection: Connection, alert_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Warnings of these alerts, the latest first, all columns."""
    query = select(expiry_warnings).where(expiry_warnings.c.alert_id.in_(alert_ids))
    return connection.execute(query.order_by(expiry_warnings.c.at.desc(), expiry_warnings.c.minutes)).all()

"""Rows of lists for crews: of which alert and zone, until when the link opens, and how often it was opened. No household is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from broadcaster.domain.errors import NotFound
from broadcaster.store.schema import crew_lists


@dataclass(frozen=True, slots=True)
class CrewList:
    """One link."""

    id: str
    alert_id: str
    zone: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    openings: int
    withdrawn_at: datetime | None

    def opens(self, now: datetime) -> bool:
        """False once its hours are over, or it was withdrawn."""
        return self.withdrawn_at is None and now < self.expires_at


def get(connection: Connection, list_id: str) -> CrewList:
    """The list; NotFound."""
    row = connection.execute(select(crew_lists).where(crew_lists.c.id == list_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such list")
    return CrewList(**row._mapping)


def of_alert(connection: Connection, alert_id: str) -> Sequence[CrewList]:
    """The latest first."""
    query = select(crew_lists).where(crew_lists.c.alert_id == alert_id).order_by(crew_lists.c.made_at.desc())
    return [CrewList(**row._mapping) for row in connection.execute(query.limit(50))]


def make(
    tx: Connection, list_id: str, alert_id: str, zone: str, made_by: str, now: datetime, expires_at: datetime
) -> None:
    """Keep a new one."""
    values = {"id": list_id, "alert_id": alert_id, "zone": zone, "made_by": made_by, "made_at": now}
    tx.execute(crew_lists.insert().values(**values, expires_at=expires_at, openings=0))


def count_opening(tx: Connection, list_id: str) -> None:
    """It was opened once more."""
    tx.execute(update(crew_lists).where(crew_lists.c.id == list_id).values(openings=crew_lists.c.openings + 1))


def withdraw(tx: Connection, list_id: str, now: datetime) -> bool:
    """Its link opens no more; False when it did not before."""
    mine = crew_lists.c.id == list_id, crew_lists.c.withdrawn_at.is_(None)
    return tx.execute(update(crew_lists).where(*mine).values(withdrawn_at=now)).rowcount == 1

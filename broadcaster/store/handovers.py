"""Rows of handovers, signed by who goes and confirmed by who comes, and of who outside the house was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from broadcaster.domain.errors import NotFound
from broadcaster.store.schema import handovers, incidents, tellings


@dataclass(frozen=True, slots=True)
class Handover:
    """One handover. `page` is what the desk looked like when it was signed; `moved` the public names of what changed its owner."""

    id: str
    outgoing: str
    lines: tuple[str, ...]
    page: Mapping[str, Any]
    signed_at: datetime
    incoming: str | None
    confirmed_at: datetime | None
    moved: Mapping[str, Sequence[str]]
    withdrawn_at: datetime | None

    @property
    def waits(self) -> bool:
        """Signed, and nobody has taken over yet."""
        return self.confirmed_at is None and self.withdrawn_at is None


def _handover(row: Row[Any]) -> Handover:
    values = dict(row._mapping)
    return Handover(**values | {"lines": tuple(values["lines"])})


def get(connection: Connection, handover_id: str) -> Handover:
    """The handover; NotFound."""
    row = connection.execute(select(handovers).where(handovers.c.id == handover_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such handover")
    return _handover(row)


def listing(connection: Connection, limit: int = 20) -> Sequence[Handover]:
    """The latest first."""
    query = select(handovers).order_by(handovers.c.signed_at.desc(), handovers.c.id).limit(limit)
    return [_handover(row) for row in connection.execute(query)]


def waiting(connection: Connection) -> Handover | None:
    """The one that was signed and that nobody has confirmed yet."""
    still = handovers.c.confirmed_at.is_(None), handovers.c.withdrawn_at.is_(None)
    row = connection.execute(select(handovers).where(*still).order_by(handovers.c.signed_at.desc()).limit(1)).first()
    return _handover(row) if row else None


def sign(tx: Connection, handover: Handover) -> None:
    """Keep a new one."""
    values = {name: getattr(handover, name) for name in Handover.__dataclass_fields__}
    tx.execute(handovers.insert().values(**values | {"lines": list(handover.lines)}))


def confirm(tx: Connection, handover_id: str, incoming: str, moved: Mapping[str, object], now: datetime) -> bool:
    """Note who took over; False when somebody had before, or it was withdrawn."""
    return _still(tx, handover_id, incoming=incoming, moved=dict(moved), confirmed_at=now)


def withdraw(tx: Connection, handover_id: str, now: datetime) -> bool:
    """Take it back before anybody has confirmed it; False when somebody has."""
    return _still(tx, handover_id, withdrawn_at=now)


def _still(tx: Connection, handover_id: str, **values: object) -> bool:
    mine = handovers.c.id == handover_id, handovers.c.confirmed_at.is_(None), handovers.c.withdrawn_at.is_(None)
    return tx.execute(update(handovers).where(*mine).values(**values)).rowcount == 1


def tell(tx: Connection, incident_id: int, whom: str, what: str, told_by: str, now: datetime) -> None:
    """Write down who outside was told what."""
    values = {"incident_id": incident_id, "whom": whom, "what": what, "told_by": told_by, "at": now}
    tx.execute(tellings.insert().values(**values))


def told(connection: Connection) -> Sequence[Any]:
    """Who outside was told in incidents that are open, the latest first: whom, what, told_by, at, incident, incident_title."""
    columns = tellings.c.whom, tellings.c.what, tellings.c.told_by, tellings.c.at
    query = select(*columns, incidents.c.name.label("incident"), incidents.c.title.label("incident_title"))
    query = query.join(incidents, incidents.c.id == tellings.c.incident_id).where(incidents.c.closed_at.is_(None))
    return connection.execute(query.order_by(tellings.c.at.desc(), tellings.c.id.desc()).limit(100)).all()

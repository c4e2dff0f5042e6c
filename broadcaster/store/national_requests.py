"""Rows of what was asked of others: the national alert that the police or the state sends to every phone in a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from broadcaster.domain.errors import NotFound
from broadcaster.store.schema import incidents, national_requests


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `zones` are codes, `polygon` (lat, lon) corners, `texts` language → words; `agreed` None: no answer yet.

    Of each step: when, who of us, and who at the other end.
    """

    id: str
    incident_id: int
    incident: str
    incident_title: str
    live: bool
    alert_id: str | None
    zones: tuple[str, ...]
    polygon: tuple[tuple[float, float], ...]
    texts: Mapping[str, str]
    made_by: str
    made_at: datetime
    asked_at: datetime | None
    asked_by: str | None
    asked_of: str
    answered_at: datetime | None
    answered_by: str | None
    answered_of: str
    agreed: bool | None
    answer: str
    sent_at: datetime | None
    sent_by: str | None
    sent_of: str
    withdrawn_at: datetime | None

    @property
    def step(self) -> str:
        """How far it has come: written, asked, agreed, refused, sent or withdrawn."""
        if self.withdrawn_at:
            return "withdrawn"
        if self.sent_at:
            return "sent"
        if self.answered_at:
            return "agreed" if self.agreed else "refused"
        return "asked" if self.asked_at else "written"


_OF_INCIDENT = (incidents.c.name.label("incident"), incidents.c.title.label("incident_title"), incidents.c.live)


def _rows() -> Select[Any]:
    query = select(national_requests, *_OF_INCIDENT)
    return query.join(incidents, incidents.c.id == national_requests.c.incident_id)


def _request(row: Row[Any]) -> Request:
    values = dict(row._mapping)
    values["zones"] = tuple(values["zones"])
    values["polygon"] = tuple((lat, lon) for lat, lon in values["polygon"])
    return Request(**values)


def get(connection: Connection, request_id: str) -> Request:
    """The request; NotFound."""
    row = connection.execute(_rows().where(national_requests.c.id == request_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such request")
    return _request(row)


def listing(connection: Connection, limit: int = 50) -> Sequence[Request]:
    """The latest first."""
    query = _rows().order_by(national_requests.c.made_at.desc(), national_requests.c.id).limit(limit)
    return [_request(row) for row in connection.execute(query)]


def of_open_incidents(connection: Connection) -> Sequence[Request]:
    """Those that still matter, the latest first: not withdrawn, and their incident is open."""
    still = incidents.c.closed_at.is_(None), national_requests.c.withdrawn_at.is_(None)
    query = _rows().where(*still).order_by(national_requests.c.made_at.desc()).limit(100)
    return [_request(row) for row in connection.execute(query)]


def sent(connection: Connection, live: bool) -> Sequence[Request]:
    """Those that were sent in incidents that are open: what the public page tells, the latest first."""
    shown = incidents.c.live == live, incidents.c.closed_at.is_(None), national_requests.c.withdrawn_at.is_(None)
    query = _rows().where(*shown, national_requests.c.sent_at.is_not(None))
    return [_request(row) for row in connection.execute(query.order_by(national_requests.c.sent_at.desc()))]


def add(tx: Connection, values: Mapping[str, Any]) -> None:
    """Keep a new one."""
    tx.execute(national_requests.insert().values(**values))


def note(tx: Connection, request_id: str, step: str, values: Mapping[str, Any]) -> bool:
    """Write a step down, once: `step` is the column of its time. False when it was written before, or the request withdrawn."""
    first = national_requests.c[step].is_(None), national_requests.c.withdrawn_at.is_(None)
    mine = update(national_requests).where(national_requests.c.id == request_id, *first)
    return tx.execute(mine.values(**values)).rowcount == 1

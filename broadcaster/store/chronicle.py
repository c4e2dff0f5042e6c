"""The journal as people read it: the latest entries of a chain first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from broadcaster.store.schema import alerts, journal


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `identifier` is the public name of the alert that it is about, if any."""

    seq: int
    at: datetime
    actor: str
    actor_name: str
    action: str
    alert_id: str | None
    identifier: str | None
    grounds: str
    body: Mapping[str, Any]


def latest(
    connection: Connection, chain: str, *, alert_id: str = "", before: int | None = None, limit: int = 50
) -> Sequence[Entry]:
    """Entries of `chain`, newest first; `before` is the number of the last one already seen."""
    columns = [journal.c[each] for each in Entry.__dataclass_fields__ if each != "identifier"]
    query = (
        select(*columns, alerts.c.identifier)
        .outerjoin(alerts, alerts.c.id == journal.c.alert_id)
        .where(journal.c.chain == chain)
        .order_by(journal.c.seq.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(journal.c.seq < before)
    if alert_id:
        query = query.where(journal.c.alert_id == alert_id)
    return [Entry(**row._mapping) for row in connection.execute(query)]


def last_grounds(connection: Connection, chain: str, action: str) -> str:
    """The grounds of the newest entry with this action; empty when there is none."""
    query = select(journal.c.grounds).where(journal.c.chain == chain, journal.c.action == action)
    return connection.scalar(query.order_by(journal.c.seq.desc()).limit(1)) or ""


def last_body(connection: Connection, chain: str, action: str) -> Mapping[str, Any]:
    """The body of the newest entry with this action; empty when there is none."""
    query = select(journal.c.body).where(journal.c.chain == chain, journal.c.action == action)
    return connection.scalar(query.order_by(journal.c.seq.desc()).limit(1)) or {}

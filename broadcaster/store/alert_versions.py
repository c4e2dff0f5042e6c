"""What an alert's draft said at each of its versions: the way back, and who changed which field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from broadcaster.store.schema import alert_versions as table


@dataclass(frozen=True, slots=True)
class AlertVersion:
    """One version: the draft as plain values, who saved it and when."""

    version: int
    draft: Mapping[str, Any]
    by: str
    at: datetime


def add(tx: Connection, alert_id: str, version: int, draft: Mapping[str, Any], by: str, at: datetime) -> None:
    """Keep the draft of a version."""
    tx.execute(insert(table).values(alert_id=alert_id, version=version, draft=draft, by=by, at=at))


def since(connection: Connection, alert_id: str, version: int) -> Sequence[AlertVersion]:
    """`version` and all later ones, the oldest first; alerts from before this table have gaps."""
    query = select(table.c.version, table.c.draft, table.c.by, table.c.at)
    query = query.where(table.c.alert_id == alert_id, table.c.version >= version).order_by(table.c.version)
    return [AlertVersion(*row) for row in connection.execute(query)]


def latest(connection: Connection, alert_id: str, limit: int = 20) -> Sequence[AlertVersion]:
    """The newest first."""
    query = select(table.c.version, table.c.draft, table.c.by, table.c.at).where(table.c.alert_id == alert_id)
    return [AlertVersion(*row) for row in connection.execute(query.order_by(table.c.version.desc()).limit(limit))]

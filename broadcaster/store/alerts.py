"""Queries about alerts and incidents, answering with frozen rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from broadcaster.domain.errors import NotFound
from broadcaster.domain.lifecycle import AlertState
from broadcaster.store.schema import alert_references, alerts, deliveries, incidents, messages
from channels.base import Message


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert as it stands: the columns of its table, and its incident's name and title."""

    id: str
    identifier: str
    token: str
    incident_id: int
    incident: str
    incident_title: str
    hashtag: str
    kind: str
    status: str
    msg_type: str
    lane: str
    state: AlertState
    version: int
    draft: Mapping[str, Any]
    document: Mapping[str, Any] | None
    content_hash: str | None
    correction: Mapping[str, Any] | None
    audience: Mapping[str, Any] | None
    warnings: Sequence[Mapping[str, Any]]
    editors: frozenset[str]
    created_by: str
    created_at: datetime
    updated_at: datetime
    owner: str
    submitted_by: str | None
    submitted_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    decision_reason: str | None
    expires_at: datetime | None
    next_update_at: datetime | None
    no_change_at: datetime | None
    stop_at: datetime | None
    stopped_by: str | None
    sent_all_at: datetime | None
    completed_at: datetime | None
    parent_id: str | None
    origin: str

    @property
    def live(self) -> bool:
        """True for Actual; Exercise and Test never touch a live credential."""
        return self.status == "Actual"

    @property
    def root(self) -> str:
        """The public folder that it belongs to."""
        return "live" if self.live else "exercise"


_DIRECT = [each.name for each in fields(AlertRow) if each.name in alerts.c]


def _rows() -> Select[Any]:
    return select(
        *(alerts.c[name] for name in _DIRECT),
        incidents.c.name.label("incident"),
        incidents.c.title.label("incident_title"),
        incidents.c.hashtag,
    ).join(incidents, incidents.c.id == alerts.c.incident_id)


def _row(found: Row[Any]) -> AlertRow:
    values = dict(found._mapping)
    values["state"] = AlertState(values["state"])
    values["warnings"] = tuple(values["warnings"] or ())
    values["editors"] = frozenset(values["editors"])
    return AlertRow(**values)


def get(connection: Connection, alert_id: str, lock: bool = False) -> AlertRow:
    """The alert; NotFound. `lock` keeps other decisions on it waiting until this transaction ends (PostgreSQL; SQLite has
    one writer anyway).
    """
    query = _rows().where(alerts.c.id == alert_id)
    found = connection.execute(query.with_for_update(of=alerts) if lock else query).one_or_none()
    if found is None:
        raise NotFound("there is no such alert")
    return _row(found)


def by_identifier(connection: Connection, name: str) -> AlertRow:
    """The alert whose id or public identifier is `name`; NotFound."""
    found = connection.execute(_rows().where((alerts.c.id == name) | (alerts.c.identifier == name))).one_or_none()
    if found is None:
        raise NotFound(f"there is no alert {name!r}")
    return _row(found)


def id_of_token(connection: Connection, token: str) -> str:
    """The id of the alert with these eight characters; NotFound."""
    found = connection.scalar(select(alerts.c.id).where(alerts.c.token == token))
    if found is None:
        raise NotFound("there is no such alert")
    return str(found)


def listing(
    connection: Connection,
    *,
    states: Collection[str] = (),
    incident: str = "",
    live: bool | None = None,
    after: str = "",
    limit: int = 50,
) -> Sequence[AlertRow]:
    """Newest first; `after` is the id of the last one already seen."""
    query = _rows().order_by(alerts.c.created_at.desc(), alerts.c.id.desc()).limit(limit)
    if states:
        query = query.where(alerts.c.state.in_(sorted(states)))
    if incident:
        query = query.where(incidents.c.name == incident)
    if live is not None:
        query = query.where(alerts.c.status == "Actual" if live else alerts.c.status != "Actual")
    if after:
        last = get(connection, after)
        query = query.where(
            (alerts.c.created_at < last.created_at)
            | ((alerts.c.created_at == last.created_at) & (alerts.c.id < last.id))
        )
    return [_row(found) for found in connection.execute(query)]


def references(connection: Connection, alert_id: str) -> Sequence[AlertRow]:
    """The alerts that this one updates or cancels, oldest first."""
    found = connection.execute(
        _rows()
        .join(alert_references, alert_references.c.refers_to == alerts.c.id)
        .where(alert_references.c.alert_id == alert_id)
        .order_by(alerts.c.created_at)
    )
    return [_row(each) for each in found]


def went_out(connection: Connection, parent_id: str, origin: str) -> bool:
    """True when an alert that follows this one, written by `origin`, was approved."""
    mine = alerts.c.parent_id == parent_id, alerts.c.origin == origin, alerts.c.approved_at.is_not(None)
    return connection.scalar(select(alerts.c.id).where(*mine).limit(1)) is not None


def texts(connection: Connection, alert_id: str) -> Mapping[int, Message]:
    """The frozen messages of an alert by their row number."""
    return {
        row.id: Message(
            row.channel,
            row.language,
            tuple(row.parts),
            row.title,
            row.link,
            tuple(row.units),
            row.encoding,
            tuple(row.notes),
        )
        for row in connection.execute(select(messages).where(messages.c.alert_id == alert_id).order_by(messages.c.id))
    }


def delivery_rows(
    connection: Connection, alert_id: str, *, channel: str = "", state: str = "", after: int = 0, limit: int = 100
) -> Sequence[Row[Any]]:
    """Deliveries of an alert by number, all columns; `after` is the last number already seen."""
    query = (
        select(deliveries)
        .where(deliveries.c.alert_id == alert_id, deliveries.c.id > after)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    if channel:
        query = query.where(deliveries.c.channel == channel)
    if state:
        query = query.where(deliveries.c.state == state)
    return connection.execute(query).all()

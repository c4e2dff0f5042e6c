"""Queries about incidents and the instructions that are open in their zones."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from broadcaster.domain.errors import NotFound
from broadcaster.store.schema import alerts, incidents, instructions


def named(connection: Connection, name: str) -> Row[Any]:
    """The incident of this name; NotFound."""
    found = connection.execute(select(incidents).where(incidents.c.name == name)).one_or_none()
    if found is None:
        raise NotFound(f"there is no incident {name!r}")
    return found


def listing(connection: Connection, *, open_only: bool = False, live: bool | None = None) -> Sequence[Row[Any]]:
    """Newest first."""
    query = select(incidents).order_by(incidents.c.created_at.desc(), incidents.c.id.desc())
    if open_only:
        query = query.where(incidents.c.closed_at.is_(None))
    if live is not None:
        query = query.where(incidents.c.live == live)
    return connection.execute(query).all()


def find(connection: Connection, name: str) -> Row[Any] | None:
    """The incident of this name, if there is one."""
    return connection.execute(select(incidents).where(incidents.c.name == name)).one_or_none()


def make(tx: Connection, name: str, title: str, hashtag: str, live: bool, now: datetime, owner: str) -> int:
    """A new incident, which `owner` answers for."""
    values = {"name": name, "title": title, "hashtag": hashtag, "live": live, "created_at": now, "owner": owner}
    number = tx.scalar(incidents.insert().values(**values).returning(incidents.c.id))
    assert number is not None
    return int(number)


def rename(tx: Connection, incident_id: int, title: str, hashtag: str) -> None:
    """What people call it."""
    tx.execute(update(incidents).where(incidents.c.id == incident_id).values(title=title, hashtag=hashtag))


def close(tx: Connection, incident_id: int, now: datetime) -> None:
    """Over; its alerts stay as they are."""
    tx.execute(update(incidents).where(incidents.c.id == incident_id).values(closed_at=now))


def open_instructions(connection: Connection, incident_id: int, zones: Collection[str] = ()) -> Sequence[Row[Any]]:
    """What people in the zones of an incident are told to do until it is lifted: the latest word on each."""
    query = (
        select(instructions)
        .where(instructions.c.incident_id == incident_id, instructions.c.lifted_at.is_(None))
        .order_by(instructions.c.level.desc(), instructions.c.key, instructions.c.zone)
    )
    if zones:
        query = query.where(instructions.c.zone.in_(sorted(zones)))
    return connection.execute(query).all()


def ledger(connection: Connection, now: datetime) -> Sequence[Row[Any]]:
    """Every open instruction, and what was lifted in the last week: its columns, its incident, and who said it last."""
    lately = instructions.c.lifted_at > now - timedelta(days=7)
    query = (
        select(
            instructions,
            incidents.c.name.label("incident"),
            incidents.c.title.label("incident_title"),
            incidents.c.live,
            alerts.c.identifier.label("said_by"),
        )
        .join(incidents, incidents.c.id == instructions.c.incident_id)
        .join(alerts, alerts.c.id == instructions.c.renewed_by)
        .where(instructions.c.lifted_at.is_(None) | lately)
        .order_by(instructions.c.lifted_at.desc(), instructions.c.zone, instructions.c.level.desc())
    )
    return connection.execute(query).all()


def instruct(
    tx: Connection,
    incident_id: int,
    zones: Collection[str],
    opened: Mapping[str, Any],
    alert_id: str,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Open an instruction (`key`, `level`, `words`) in zones, or renew it where it is open already."""
    standing = {row.zone: row for row in open_instructions(tx, incident_id, zones) if row.key == opened["key"]}
    for zone in sorted(zones):
        words = {"level": opened["level"], "words": opened["words"], "renewed_by": alert_id, "expires_at": expires_at}
        if zone in standing:
            tx.execute(update(instructions).where(instructions.c.id == standing[zone].id).values(**words))
        else:
            first = {"incident_id": incident_id, "zone": zone, "key": opened["key"]}
            tx.execute(instructions.insert().values(**first, **words, opened_by=alert_id, opened_at=now))


def lift(
    tx: Connection, incident_id: int, zones: Collection[str], keys: Collection[str], alert_id: str, now: datetime
) -> int:
    """End instructions in zones; only an all-clear does. Returns how many were open."""
    return tx.execute(
        update(instructions)
        .where(
            instructions.c.incident_id == incident_id,
            instructions.c.zone.in_(sorted(zones)),
            instructions.c.key.in_(sorted(keys)),
            instructions.c.lifted_at.is_(None),
        )
        .values(lifted_by=alert_id, lifted_at=now)
    ).rowcount

"""Queries about changes to people that wait for a second person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from broadcaster.domain.errors import NotFound
from broadcaster.store.schema import user_changes
from broadcaster.store.tokens import new_id


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the columns of its table. `verdict` None: it waits."""

    id: str
    user_id: str
    kind: str
    wanted: Mapping[str, Any]
    asked_by: str
    asked_at: datetime
    verdict: str | None
    decided_by: str | None
    decided_at: datetime | None


_COLUMNS = [user_changes.c[each.name] for each in fields(Change)]


def ask(tx: Connection, user_id: str, kind: str, wanted: Mapping[str, object], asked_by: str, now: datetime) -> str:
    """Keep a change that waits; one of the same kind for the same person is replaced."""
    same = (user_changes.c.user_id == user_id) & (user_changes.c.kind == kind) & user_changes.c.verdict.is_(None)
    tx.execute(update(user_changes).where(same).values(verdict="replaced", decided_by=asked_by, decided_at=now))
    change_id = new_id()
    values = {"id": change_id, "user_id": user_id, "kind": kind, "wanted": dict(wanted)}
    tx.execute(user_changes.insert().values(**values, asked_by=asked_by, asked_at=now))
    return change_id


def waiting(connection: Connection, since: datetime) -> Sequence[Change]:
    """Those that nobody has decided on and that were asked for after `since`, oldest first."""
    query = select(*_COLUMNS).where(user_changes.c.verdict.is_(None), user_changes.c.asked_at > since)
    return [Change(**row._mapping) for row in connection.execute(query.order_by(user_changes.c.asked_at))]


def decide(tx: Connection, change_id: str, verdict: str, by: str, now: datetime, since: datetime) -> Change:
    """Take a waiting change, once; NotFound when there is none, somebody was faster, or it was asked for before `since`."""
    row = tx.execute(select(*_COLUMNS).where(user_changes.c.id == change_id)).one_or_none()
    open_now = (user_changes.c.id == change_id) & user_changes.c.verdict.is_(None) & (user_changes.c.asked_at > since)
    taken = update(user_changes).where(open_now).values(verdict=verdict, decided_by=by, decided_at=now)
    if row is None or tx.execute(taken).rowcount != 1:
        raise NotFound("there is no such change that waits")
    return Change(**row._mapping)

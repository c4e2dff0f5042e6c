"""Queries about the duty roster: who is on it now, and in which order they are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from broadcaster.domain.errors import NotFound
from broadcaster.store.schema import duty

#: A roster that has had nobody on it for so long is no longer kept.
KEPT_FOR = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Watch:
    """One person's time on the roster."""

    id: str
    user_id: str
    post: str
    from_at: datetime
    until_at: datetime
    backup_id: str | None

    def now_on(self, now: datetime) -> bool:
        """From the first moment of it to the last but one: two that meet do not overlap."""
        return self.from_at <= now < self.until_at


_COLUMNS = [duty.c[name] for name in Watch.__dataclass_fields__]
_KEPT = duty.c.removed_at.is_(None)


def listing(connection: Connection, since: datetime) -> Sequence[Watch]:
    """Everything on the roster that ends after `since`, in order of time."""
    query = select(*_COLUMNS).where(_KEPT, duty.c.until_at > since).order_by(duty.c.from_at, duty.c.id)
    return [Watch(**row._mapping) for row in connection.execute(query)]


def on_now(connection: Connection, now: datetime) -> Sequence[Watch]:
    """Those on duty at this moment, longest first."""
    return [each for each in listing(connection, now) if each.now_on(now)]


def is_kept(connection: Connection, now: datetime) -> bool:
    """True when somebody keeps a roster: there is a time on it that is to come, is now, or ended within KEPT_FOR."""
    query = select(duty.c.id).where(_KEPT, duty.c.until_at > now - KEPT_FOR).limit(1)
    return connection.scalar(query) is not None


def add(tx: Connection, values: Mapping[str, object]) -> None:
    """Store a time on the roster."""
    tx.execute(duty.insert().values(dict(values)))


def remove(tx: Connection, watch_id: str, by: str, now: datetime) -> Watch:
    """Take it off; it stays in the table with who did so. NotFound when there is none, or it is off already."""
    row = tx.execute(select(*_COLUMNS).where(_KEPT, duty.c.id == watch_id)).one_or_none()
    taken = update(duty).where(_KEPT, duty.c.id == watch_id).values(removed_by=by, removed_at=now)
    if row is None or tx.execute(taken).rowcount != 1:
        raise NotFound("there is no such time on the roster")
    return Watch(**row._mapping)

"""Queries about what is still to be countersigned, and about fallback wordings that were offered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from broadcaster.domain.errors import Conflict
from broadcaster.store.schema import fallbacks, reviews


@dataclass(frozen=True, slots=True)
class Review:
    """An alert that went without an ordinary second person; `way` is playbook, fallback or borrowed."""

    alert_id: str
    way: str
    began_by: str
    due_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    note: str
    late_at: datetime | None


@dataclass(frozen=True, slots=True)
class Offer:
    """The frozen wording in the place of an alert: since when it may go, and the run that it became."""

    offered_at: datetime
    run_id: str | None


_ALL = [reviews.c[name] for name in Review.__dataclass_fields__]


def owe(tx: Connection, alert_id: str, way: str, began_by: str, due_at: datetime) -> None:
    """From now on somebody has to countersign it."""
    tx.execute(reviews.insert().values(alert_id=alert_id, way=way, began_by=began_by, due_at=due_at, note=""))


def rename(tx: Connection, alert_id: str, way: str) -> None:
    """What began as one way turns out to be another."""
    tx.execute(update(reviews).where(reviews.c.alert_id == alert_id).values(way=way))


def find(connection: Connection, alert_id: str) -> Review | None:
    """Whether it has to be countersigned, and was."""
    row = connection.execute(select(*_ALL).where(reviews.c.alert_id == alert_id)).one_or_none()
    return Review(**row._mapping) if row else None


def open_ones(connection: Connection) -> Sequence[Review]:
    """All that nobody has countersigned, the most urgent first."""
    query = select(*_ALL).where(reviews.c.signed_at.is_(None)).order_by(reviews.c.due_at)
    return [Review(**row._mapping) for row in connection.execute(query)]


def sign(tx: Connection, alert_id: str, by: str, note: str, now: datetime) -> None:
    """Countersign. Conflict when somebody has."""
    mine = reviews.c.alert_id == alert_id, reviews.c.signed_at.is_(None)
    if tx.execute(update(reviews).where(*mine).values(signed_by=by, signed_at=now, note=note)).rowcount != 1:
        raise Conflict("somebody has countersigned this already")


def late(tx: Connection, alert_id: str, now: datetime) -> bool:
    """Note that it is late; False when that was noted before."""
    first = reviews.c.alert_id == alert_id, reviews.c.signed_at.is_(None), reviews.c.late_at.is_(None)
    return tx.execute(update(reviews).where(*first).values(late_at=now)).rowcount == 1


def offer(tx: Connection, alert_id: str, content_hash: str, now: datetime) -> bool:
    """Note that the fallback may go; False when that was noted before."""
    try:
        with tx.begin_nested():
            tx.execute(fallbacks.insert().values(alert_id=alert_id, content_hash=content_hash, offered_at=now))
    except IntegrityError:
        return False
    return True


def offered(connection: Connection, alert_id: str, content_hash: str) -> Offer | None:
    """What was said of the fallback for this wording."""
    columns = fallbacks.c.offered_at, fallbacks.c.run_id
    where = fallbacks.c.alert_id == alert_id, fallbacks.c.content_hash == content_hash
    row = connection.execute(select(*columns).where(*where)).one_or_none()
    return Offer(row.offered_at, row.run_id) if row else None


def went(tx: Connection, alert_id: str, content_hash: str, run_id: str) -> bool:
    """The fallback has begun; False when it had before, or was never offered: of several at once one alone hears True."""
    where = fallbacks.c.alert_id == alert_id, fallbacks.c.content_hash == content_hash, fallbacks.c.run_id.is_(None)
    return tx.execute(update(fallbacks).where(*where).values(run_id=run_id)).rowcount == 1

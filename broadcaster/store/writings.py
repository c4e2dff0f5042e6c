"""Forms as somebody left them: kept whole or half filled, stepped back through, found again, forgotten in time."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from broadcaster.store.schema import writing_versions, writings

#: Names and values in the order in which a browser sends them.
Pairs = Sequence[tuple[str, str]]
#: Steps back that are kept of one writing.
MOST_VERSIONS = 60


@dataclass(frozen=True, slots=True)
class Writing:
    """One form that somebody has begun: the columns of its table."""

    id: str
    user_id: str
    kind: str
    status: str
    alert_id: str | None
    shown: int
    unfinished: bool
    saved_tab: str
    saved_version: int
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """What the form held once. `tab` is the opened page that sent it."""

    number: int
    tab: str
    form: Pairs
    kept_at: datetime


_COLUMNS = [writings.c[each.name] for each in fields(Writing)]
_VERSION = [writing_versions.c[each.name] for each in fields(Version)]


def find(connection: Connection, writing_id: str, lock: bool = False) -> Writing | None:
    """The writing, or None. `lock` keeps a second request with the same form waiting until this transaction ends."""
    query = select(*_COLUMNS).where(writings.c.id == writing_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return Writing(*row) if row else None


def unfinished(connection: Connection, user_id: str, alert_id: str | None = None, limit: int = 10) -> list[Writing]:
    """What this person has begun and not saved, the newest first: of one alert, or what no alert has come of yet."""
    query = select(*_COLUMNS).where(writings.c.user_id == user_id, writings.c.unfinished, writings.c.shown > 0)
    query = query.where(writings.c.alert_id == alert_id if alert_id else writings.c.alert_id.is_(None))
    return [Writing(*row) for row in connection.execute(query.order_by(writings.c.kept_at.desc()).limit(limit))]


def begin(tx: Connection, writing: Writing) -> None:
    """A new one."""
    tx.execute(insert(writings).values({each.name: getattr(writing, each.name) for each in fields(Writing)}))


def change(tx: Connection, writing_id: str, **values: Any) -> None:
    """Set columns of one."""
    tx.execute(update(writings).where(writings.c.id == writing_id).values(**values))


def version(connection: Connection, writing_id: str, number: int) -> Version | None:
    """What it held as this number."""
    of = writing_versions.c.writing_id == writing_id, writing_versions.c.number == number
    row = connection.execute(select(*_VERSION).where(*of)).one_or_none()
    return _version(row) if row else None


def newest(connection: Connection, writing_id: str) -> Version | None:
    """What was kept last, shown or stepped back from."""
    query = select(*_VERSION).where(writing_versions.c.writing_id == writing_id)
    row = connection.execute(query.order_by(writing_versions.c.number.desc()).limit(1)).one_or_none()
    return _version(row) if row else None


def beside(connection: Connection, writing_id: str, number: int) -> tuple[int | None, int | None]:
    """The numbers just before and just after this one."""
    column = writing_versions.c.number
    mine = writing_versions.c.writing_id == writing_id
    query = select(
        select(func.max(column)).where(mine, column < number).scalar_subquery(),
        select(func.min(column)).where(mine, column > number).scalar_subquery(),
    )
    before, after = connection.execute(query).one()
    return before, after


def overtaken(connection: Connection, writing_id: str, tab: str, newest: int) -> bool:
    """True when another tab has kept something after this one last did."""
    mine = writing_versions.c.writing_id == writing_id, writing_versions.c.tab == tab
    last = connection.scalar(select(func.max(writing_versions.c.number)).where(*mine))
    return last is not None and last < newest


def add(tx: Connection, writing_id: str, kept: Version) -> None:
    """Keep another; the oldest beyond MOST_VERSIONS go."""
    values = {"number": kept.number, "tab": kept.tab, "form": [list(pair) for pair in kept.form]}
    tx.execute(insert(writing_versions).values(writing_id=writing_id, kept_at=kept.kept_at, **values))
    old = writing_versions.c.number <= kept.number - MOST_VERSIONS
    tx.execute(delete(writing_versions).where(writing_versions.c.writing_id == writing_id, old))


def forget(tx: Connection, *, writing_id: str = "", before: datetime | None = None) -> None:
    """Remove one writing, or all that nobody has touched since `before`."""
    which = writings.c.id == writing_id if before is None else writings.c.kept_at < before
    gone = select(writings.c.id).where(which)
    tx.execute(delete(writing_versions).where(writing_versions.c.writing_id.in_(gone)))
    tx.execute(delete(writings).where(which))


def _version(row: Any) -> Version:
    return Version(row.number, row.tab, tuple((str(name), str(value)) for name, value in row.form), row.kept_at)

"""The way back from a backup: all of it is checked before anything is changed, and nobody is alerted twice."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, select, text
from sqlalchemy.exc import SQLAlchemyError

from broadcaster.domain.errors import Conflict, Invalid, NotReady, Problem
from broadcaster.domain.rules import Actor
from broadcaster.runtime import Runtime
from broadcaster.services import backup_rows, migrating, recovering
from broadcaster.services.backup_sealing import unseal
from broadcaster.services.recovering import Recovered
from broadcaster.store.database import Database
from broadcaster.store.schema import db_now, leaders

#: Bytes copied at once.
_BLOCK = 1 << 20
#: Everybody else who is connected to this PostgreSQL database.
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


def must_be_idle(rt: Runtime) -> None:
    """Conflict while anything that can be seen from here still works on this database."""
    alive = sum((rt.queue.workers() or {}).values())
    if alive:
        raise Conflict(f"{alive} workers still listen: stop every part of this installation first")
    try:
        with rt.db.read() as connection:
            if not rt.db.sqlite and (number := connection.scalar(_OTHERS)):
                raise Conflict(f"{number} others are connected to the database: stop every part first")
            if migrating.revision(connection) and connection.scalar(
                select(leaders.c.owner).where(leaders.c.until > db_now())
            ):
                raise Conflict("a sweeper was at work until a moment ago: stop it, or wait some seconds")
    except SQLAlchemyError as error:
        raise NotReady(f"the database does not answer ({type(error).__name__})") from error


def restore(rt: Runtime, source: Path, actor: Actor, now: datetime) -> Recovered:
    """Put a backup in the place of the database.

    Invalid: damaged, made under another SECRET_KEY, or by a newer version. What was there before is gone, except on SQLite,
    where it lies beside as *.before-restore. A restore that is interrupted leaves a database with which nothing starts.
    """
    home = Path(rt.db.url.database or "").parent if rt.db.sqlite else None
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as folder:
        content = Path(folder) / "content"
        with content.open("xb") as file:
            unseal(source, rt.settings.secret_key.get_secret_value(), file.write)
        with content.open("rb") as plain:
            head: dict[str, Any] = json.loads(plain.readline())
            if head["revision"] not in migrating.known():
                raise Invalid([Problem(str(source), "is of a newer version of the broadcaster.", "Update the code.")])
            fresh = Path(folder) / "fresh.db"
            if head["content"] == "image":
                with fresh.open("xb") as image:
                    while block := plain.read(_BLOCK):
                        image.write(block)
            if rt.db.sqlite:
                _into_sqlite(rt.db, fresh, plain, head["revision"])
            else:
                _into_postgresql(rt.db, fresh, plain, head["revision"])
    migrating.upgrade(rt.db)
    return recovering.recover(rt, datetime.fromisoformat(head["made_at"]), actor, now)


def _into_sqlite(db: Database, fresh: Path, rows: Iterable[bytes], revision: str) -> None:
    """Finish the fresh file beside the database, then let it take its place in one step."""
    is_image = fresh.exists()
    with _opened(fresh) as new:
        if not is_image:
            migrating.upgrade(new, revision)
        with new.write() as tx:
            if not is_image:
                backup_rows.fill(tx, rows)
            recovering.interrupt(tx)
    path = Path(db.url.database or "")
    if path.exists():
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()
    if path.exists():
        before = path.with_name(f"{path.name}.before-restore")
        before.unlink(missing_ok=True)
        os.link(path, before)
    for leftover in ("-wal", "-shm"):
        path.with_name(f"{path.name}{leftover}").unlink(missing_ok=True)
    fresh.replace(path)


def _into_postgresql(db: Database, fresh: Path, rows: Iterable[bytes], revision: str) -> None:
    """Exchange all tables in one transaction."""
    with _lines_of(fresh, rows) as lines, db.write() as tx:
        _drop(tx)
        migrating.step(tx, migrating.head() if fresh.exists() else revision)
        backup_rows.fill(tx, lines)
        recovering.interrupt(tx)


@contextmanager
def _lines_of(fresh: Path, rows: Iterable[bytes]) -> Iterator[Iterable[bytes]]:
    """The rows of an SQLite image where there is one, brought to the shape of this code; else `rows`."""
    if not fresh.exists():
        yield rows
        return
    with _opened(fresh) as image:
        migrating.upgrade(image)
        with image.read() as connection:
            yield backup_rows.lines(connection)


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    """An SQLite file that is left without a journal beside it."""
    db = Database(f"sqlite:///{path}")
    try:
        yield db
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.engine.dispose()


def _drop(tx: Connection) -> None:
    tables = MetaData()
    tables.reflect(tx)
    tables.drop_all(tx)

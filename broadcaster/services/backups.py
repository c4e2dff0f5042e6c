"""Encrypted copies of the database, made while everything runs; services/restoring is the way back.

On SQLite a copy is the file's image (its backup API), on PostgreSQL all rows of one snapshot; either can be restored into
either. What else an installation needs (SECRET_KEY, the environment, the profile) is kept elsewhere: docs/operations.md.
"""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import func, select, update

from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import backup_rows, migrating
from broadcaster.services.backup_sealing import Sealed
from broadcaster.store.database import Database
from broadcaster.store.schema import installation

#: A backup is made so often (SECURITY R12).
EVERY = timedelta(minutes=15)
#: All backups of so long are kept, then the first of each day for DAYS.
ALL_OF = timedelta(days=1)
DAYS = 30
_NAME = "broadcaster-%Y%m%dT%H%M%SZ.backup"
#: Bytes read at once.
_BLOCK = 1 << 20
#: Any number: of several sweepers on one PostgreSQL, one makes the copy.
_LOCK = 5_417_209


@dataclass(frozen=True, slots=True)
class Made:
    """A backup as it lies on disk; `size` in bytes."""

    path: Path
    size: int


def backup(rt: Runtime, target: Path, now: datetime) -> Made | None:
    """Write a consistent copy to `target`, while everything runs; the file appears whole or not at all.

    None when another process is at it. NotReady when the disk does not take it.
    """
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.touch(mode=0o600, exist_ok=False)
        with fresh.open("wb") as file:
            if not _copy(rt, file, now):
                fresh.unlink()
                return None
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise NotReady(f"the backup cannot be written to {target}: {error.strerror}") from error
    with rt.db.write() as tx:
        tx.execute(update(installation).values(backup_at=now))
    return Made(target, target.stat().st_size)


def _copy(rt: Runtime, file: BinaryIO, now: datetime) -> bool:
    sealed = Sealed(file, rt.settings.secret_key.get_secret_value())
    with rt.db.read() as connection:
        head = {"made_at": now.isoformat(), "revision": migrating.revision(connection)}
    if rt.db.sqlite:
        with _image(rt.db) as image:
            sealed.write(json.dumps(head | {"content": "image"}).encode() + b"\n")
            while block := image.read(_BLOCK):
                sealed.write(block)
    else:
        with rt.db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            if not connection.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
                return False
            sealed.write(json.dumps(head | {"content": "rows"}).encode() + b"\n")
            for line in backup_rows.lines(connection):
                sealed.write(line)
    sealed.close()
    return True


@contextmanager
def _image(db: Database) -> Iterator[BinaryIO]:
    """The SQLite file as it is at one moment; readers and writers go on meanwhile."""
    with tempfile.TemporaryDirectory(dir=Path(db.url.database or "").parent, prefix=".backup-") as folder:
        path = Path(folder) / "image"
        with db.engine.connect() as connection:
            target = sqlite3.connect(path)
            try:
                driver: Any = connection.connection.driver_connection
                driver.backup(target)
            finally:
                target.close()
        with path.open("rb") as image:
            yield image


def keep(rt: Runtime, now: datetime) -> Path | None:
    """Make a backup in BACKUP_DIR when one is due, and remove those that are no longer kept; its path, or None."""
    folder = rt.settings.backup_dir
    if folder is None:
        return None
    with rt.db.read() as connection:
        last = connection.scalar(select(installation.c.backup_at))
    if last is not None and now - last < EVERY:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise NotReady(f"BACKUP_DIR {folder} cannot be made: {error.strerror}") from error
    made = backup(rt, folder / now.astimezone(UTC).strftime(_NAME), now)
    for path in surplus(sorted(folder.glob("broadcaster-*.backup")), now):
        path.unlink(missing_ok=True)
    return made.path if made else None


def surplus(found: list[Path], now: datetime) -> list[Path]:
    """Which of these backups (by their names, oldest first) are kept no longer."""
    days: set[str] = set()
    gone = []
    for path in found:
        try:
            made = datetime.strptime(path.name, _NAME).replace(tzinfo=UTC)
        except ValueError:
            continue  # not named by us, so not ours to remove
        day = f"{made:%Y%m%d}"
        if now - made > timedelta(days=DAYS) or (now - made > ALL_OF and day in days):
            gone.append(path)
        days.add(day)
    return gone

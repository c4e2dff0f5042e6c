"""Brings the database's tables to the shape that this version of the code expects, in one transaction or not at all."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.exc import OperationalError

from broadcaster.domain.errors import NotReady
from broadcaster.runtime import FOLDER
from broadcaster.store.database import Database
from broadcaster.store.schema import installation
from broadcaster.store.tokens import new_id

if TYPE_CHECKING:
    from alembic.config import Config

#: Any number, the same for all: two upgrades of one PostgreSQL at once wait for each other.
_LOCK = 5_417_208


def config(connection: Connection | None = None) -> "Config":
    """Alembic's view of migrations/, working on `connection`."""
    from alembic.config import Config

    found = Config()
    found.set_main_option("script_location", str(FOLDER / "migrations").replace("%", "%%"))
    found.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    found.attributes["connection"] = connection
    return found


def known() -> frozenset[str]:
    """Every revision that this version of the code knows: the numbers with which their files begin, one after the other.

    Every process asks at its start, so Alembic (0.4 s) is loaded only to upgrade.
    """
    return frozenset(path.name.partition("_")[0] for path in (FOLDER / "migrations" / "versions").glob("[0-9]*_*.py"))


def head() -> str:
    """The revision that this version of the code needs."""
    return max(known())


def revision(connection: Connection) -> str:
    """The revision that the database is at; empty for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""


def upgrade(db: Database, to: str = "head") -> tuple[str, str]:
    """Bring the database to revision `to`; returns (before, after). NotReady: of a newer version, or silent."""
    try:
        with db.write() as tx:
            return step(tx, to)
    except OperationalError as error:
        raise _silent(error) from error


def step(tx: Connection, to: str = "head") -> tuple[str, str]:
    """`upgrade` inside the caller's transaction."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    before = revision(tx)
    if before and before not in known():
        raise NotReady(f"the database is of a newer version of the broadcaster (revision {before}): update the code")
    from alembic import command

    command.upgrade(config(tx), to)
    after = revision(tx)
    if after == head() and tx.scalar(select(func.count()).select_from(installation)) == 0:
        tx.execute(installation.insert().values(id=1, name=new_id(), epoch=1))
    return before, after


def must_be_current(db: Database) -> None:
    """NotReady unless the database is at the revision that this code needs, and no restore was left half done."""
    try:
        with db.read() as connection:
            found = revision(connection)
            if found != head():
                raise NotReady(
                    f"the database is at revision {found or 'none'}, this code needs {head()}: `broadcaster db upgrade`"
                )
            if connection.scalar(select(installation.c.epoch < 0)):
                raise NotReady("a restore was interrupted: do `broadcaster db restore` again")
    except OperationalError as error:
        raise _silent(error) from error


def _silent(error: OperationalError) -> NotReady:
    return NotReady(f"the database does not answer: {str(error.orig).strip().splitlines()[0]}")

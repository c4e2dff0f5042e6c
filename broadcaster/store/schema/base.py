"""The types that all tables share: moments in time, JSON documents, and the database's own clock."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, ForeignKeyConstraint, Integer, MetaData
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: A primary key that counts up on both databases (SQLite only does so for INTEGER).
Counter = BigInteger().with_variant(Integer, "sqlite")

#: In a constraint's `info`: the only database that has it.
ONLY = "only"


def checked_by_sqlite(column: str, parent: str) -> ForeignKeyConstraint:
    """A foreign key of a table so large that PostgreSQL, which asks once a row and a key, does without it."""
    found = ForeignKeyConstraint([column], [parent], info={ONLY: "sqlite"})
    found.ddl_if(dialect="sqlite")
    return found


def belongs(item: object, dialect: str) -> bool:
    """Whether a database of this dialect has this part of the tables."""
    info: dict[str, str] = getattr(item, "info", {})
    return info.get(ONLY, dialect) == dialect


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """Aware UTC in Python, whole milliseconds since 1970 in the database: the same arithmetic on SQLite and PostgreSQL."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | int | None, dialect: Dialect) -> int | None:
        if value is None or isinstance(value, int):
            return value
        if value.tzinfo is None:
            raise ValueError(f"a time without zone: {value}")
        since = value - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        seconds, ms = divmod(int(value), 1000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=ms * 1000)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Adding an int means adding milliseconds."""
        return BigInteger() if isinstance(value, int) else self


class db_now(FunctionElement[datetime]):  # noqa: N801 - reads as SQL
    """The database's clock as a Moment: leases and graces of many machines are measured with one clock."""

    type = Moment()
    inherit_cache = True


@compiles(db_now, "sqlite")
def _sqlite_now(element: db_now, compiler: Any, **_: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)"


@compiles(db_now, "postgresql")
def _postgresql_now(element: db_now, compiler: Any, **_: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"

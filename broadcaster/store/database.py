"""One way to the database for everyone: read() for a look, write() for one short transaction that commits when it ends well."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.engine import URL

from broadcaster.store.schema import db_now, metadata
from broadcaster.store.turnstile import Turnstile

#: The execution option under which a connection knows the folder.
_SCRATCH = "broadcaster_scratch"
#: A host that is cut off or hangs is given up after some 25 s (libpq alone: hours), well before leases end; and a process that is stopped
#: inside a transaction must not hold its rows for long. Each statement begins its 20 s anew.
_POSTGRES = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "options": "-c idle_in_transaction_session_timeout=20000",
}


def scratch(connection: Connection) -> Path | None:
    """A folder for copies of what the database holds, made for speed and never missed; None where there is none."""
    found: Path | None = connection.get_execution_options().get(_SCRATCH)
    return found


class Database:
    """SQLite (WAL, synchronous FULL, writers through the turnstile) or PostgreSQL, by URL."""

    def __init__(self, url: str, pool_size: int = 8, scratch: Path | None = None) -> None:
        """`url` is an SQLAlchemy URL; `postgres://` and `postgresql://` mean psycopg 3. `scratch` is a folder for `scratch()`."""
        self.url = self._normal(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._turnstile: Turnstile | None = None
        if self.sqlite:
            if not self.url.database or self.url.database == ":memory:":
                raise ValueError("SQLite needs a file: the parts of the service are several processes")
            path = Path(self.url.database)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._turnstile = Turnstile(path)
        self.engine = self._engine(pool_size, {_SCRATCH: scratch})

    @staticmethod
    def _normal(url: str) -> URL:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        return parsed

    def _engine(self, pool_size: int, options: dict[str, Any]) -> Engine:
        if not self.sqlite:
            return create_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=pool_size,
                pool_pre_ping=True,
                hide_parameters=True,
                execution_options=options,
                connect_args=_POSTGRES,
            )
        engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=-1,
            hide_parameters=True,
            execution_options=options,
            connect_args={"timeout": 30, "check_same_thread": False},
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _: Any) -> None:
            # The driver must not open transactions by itself: ours begin below, immediate or not.
            connection.isolation_level = None
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "busy_timeout=30000",
                "cache_size=-16000",
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            mode = "IMMEDIATE" if connection.get_execution_options().get("write") else "DEFERRED"
            connection.exec_driver_sql(f"BEGIN {mode}")

        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent look at the data; nothing is kept of what is changed in it."""
        with self.engine.connect() as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def write(self, hurry: bool = False) -> Iterator[Connection]:
        """One transaction: commits when the block ends well, else leaves no trace. Keep it under 200 ms on SQLite.

        `hurry` passes by those who wait for their turn on SQLite: for a stop and an approval, never for work in bulk.
        """
        with (
            self._turnstile.turn(hurry) if self._turnstile else nullcontext(),
            self.engine.connect().execution_options(write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def create(self) -> None:
        """Make all tables in an empty database (tests; an installation uses the migrations)."""
        with self.write() as connection:
            metadata.create_all(connection)

    def now(self) -> Any:
        """The database's clock, aware UTC."""
        with self.read() as connection:
            return connection.scalar(select(db_now()))

    def dispose(self) -> None:
        """Close idle connections."""
        self.engine.dispose()

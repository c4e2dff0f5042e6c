"""What the tests of queue and processes need beyond the shared: a Valkey that a test may kill, and databases without tables."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from broadcaster.processes.valkey import Embedded
from broadcaster.store.database import Database

Until = Callable[..., None]


@pytest.fixture
def valkey(folder: Path) -> Iterator[Embedded]:
    """A running embedded server of this test's own."""
    with Embedded(folder) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, folder: Path) -> Iterator[Database]:
    """A database without tables, of both kinds."""
    if request.param == "sqlite":
        db = Database(f"sqlite:///{folder / 'broadcaster.db'}")
        yield db
        db.engine.dispose()
        return
    main = Database(request.getfixturevalue("postgres_server"))
    name = f"t{uuid4().hex[:12]}"
    with main.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    db = Database(main.url.set(database=name).render_as_string(hide_password=False))
    yield db
    db.engine.dispose()
    with main.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    main.engine.dispose()

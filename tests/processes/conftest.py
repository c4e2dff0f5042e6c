"""What the tests of queue and processes need beyond the shared: a Valkey that a test may kill, and databases without tables."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bench.postgres import Postgres
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
    server: Postgres = request.getfixturevalue("postgres_server")
    name = f"t{uuid4().hex[:12]}"
    db = Database(server.create(name))
    yield db
    db.engine.dispose()
    server.drop(name)

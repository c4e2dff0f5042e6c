"""Shapes, distances, and looking up an address."""

import json

import numpy as np
import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.alert import Circle, Near, Selector
from broadcaster.domain.errors import Invalid, NotReady
from broadcaster.domain.profile import Geocoder as Hints
from broadcaster.store import areas, geo, geo_addresses
from tests.geo.conftest import Server, answer

SOUTH_BRISBANE = (-27.48, 153.02)
latitudes = st.floats(-80, 80)
longitudes = st.floats(-170, 170)


def square(south: float, west: float, side: float) -> geo.Shape:
    corners = [(south, west), (south, west + side), (south + side, west + side), (south + side, west)]
    return geo.from_geojson(geo.polygon_geojson(corners))


@given(latitudes, longitudes, latitudes, longitudes)
def test_the_quick_distance_is_within_the_doubt_that_a_circle_allows_for(
    a: float, b: float, c: float, d: float
) -> None:
    exact = geo.distance_km((a, b), (c, d))
    quick = float(geo.haversine_km(a, b, np.array([c]), np.array([d]))[0])
    assert abs(quick - exact) <= 0.006 * max(exact, quick) + 1e-9


@given(st.floats(0.01, 500), st.floats(0, 360), latitudes, longitudes)
def test_the_distance_to_many_leaves_a_tenth_of_the_doubt_that_it_is_given(
    far: float, bearing: float, lat: float, lon: float
) -> None:
    point = geodesic(kilometers=far).destination((lat, lon), bearing)
    found = float(geo.near_km(lat, lon, np.array([point.latitude]), np.array([point.longitude]))[0])
    assert abs(found - far) <= 1e-5 * far + 1e-6


@given(st.floats(0.1, 100), st.floats(0, 360), st.floats(0.9, 1.1))
def test_a_circle_is_exact_on_the_ellipsoid(radius: float, bearing: float, share: float) -> None:
    point = geodesic(kilometers=radius * share).destination(SOUTH_BRISBANE, bearing)
    circle = geo.from_circle(Circle(*SOUTH_BRISBANE, radius))
    inside = circle.contains(np.array([point.latitude]), np.array([point.longitude]))[0]
    exact = geodesic(SOUTH_BRISBANE, (point.latitude, point.longitude)).kilometers
    assert inside == (exact <= radius)


@given(st.floats(0.05, 200), st.floats(0, 360), latitudes)
def test_the_polygon_kept_with_a_circle_lies_outside_it(radius: float, bearing: float, lat: float) -> None:
    circle = geo.from_circle(Circle(lat, 10.0, radius))
    point = geodesic(kilometers=radius).destination((lat, 10.0), bearing)
    around = geo.from_geojson(circle.geojson())
    assert around.contains(np.array([point.latitude]), np.array([point.longitude]))[0]


def test_a_point_on_the_border_belongs_to_both_sides() -> None:
    west, east = square(0, 0, 1), square(0, 1, 1)
    border = np.array([0.5]), np.array([1.0])
    assert west.contains(*border)[0]
    assert east.contains(*border)[0]


def test_neighbours_meet_but_do_not_overlap_and_neither_do_slivers() -> None:
    assert square(0, 0, 1).meets(square(0, 1, 1))
    assert not square(0, 0, 1).overlaps(square(0, 1, 1))
    assert not square(0, 0, 1).overlaps(square(0, 0.9995, 1))
    assert square(0, 0, 1).overlaps(square(0, 0.9, 1))


def test_a_circle_covers_only_what_surely_lies_inside() -> None:
    small = square(-27.481, 153.019, 0.002)
    assert geo.from_circle(Circle(*SOUTH_BRISBANE, 1)).covers(small)
    assert not geo.from_circle(Circle(*SOUTH_BRISBANE, 0.1)).covers(small)


def test_a_million_points_need_no_loop_over_points() -> None:
    lats, lons = np.full(1_000_000, -27.5), np.linspace(152.0, 154.0, 1_000_000)
    assert 0 < geo.from_circle(Circle(-27.5, 153.0, 10)).contains(lats, lons).sum() < 1_000_000


def test_a_union_keeps_every_outline() -> None:
    both = geo.union([square(0, 0, 1), square(0, 5, 1)])
    assert len(both.rings()) == 2
    assert all(ring[0] == ring[-1] for ring in both.rings())


@pytest.mark.parametrize(
    ("corners", "said"),
    [
        ([(0, 0), (1, 1), (1, 0), (0, 2)], "not cross"),
        ([(0, 0), (1, 1)], "Too few points"),
        ([(0, 0), (0, 0), (0, 0)], "Too few points"),
        ([(0, 0)], "rings cannot be read"),
        ([(0, 0), (0, 1), (0, 2)], "not cross"),
    ],
)
def test_trouble_says_what_is_wrong_with_an_outline(corners: list[tuple[float, float]], said: str) -> None:
    assert said in geo.trouble(geo.polygon_geojson(corners))


@pytest.mark.parametrize(("circle", "wraps"), [((0, 179.9, 5), False), ((0, 179.9, 20), True), ((89.9, 0, 50), True)])
def test_circles_over_the_edge_of_the_map_are_noticed(circle: tuple[float, float, float], wraps: bool) -> None:
    assert areas.wraps(Circle(*circle)) is wraps


class Turns:
    """Counts how often the geocoder waited for its turn."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self) -> None:
        self.taken += 1


PLACES = [
    {"lat": "-27.4705", "lon": "153.0260", "display_name": "1 Ann Street, Brisbane"},
    {"lat": "-27.4700", "lon": "153.0200", "display_name": "1 Ann Street, Elsewhere"},
]


def geocoder(server: Server, turn: Turns, **hints: object) -> geo_addresses.Geocoder:
    return geo_addresses.Geocoder(
        f"{server.url}/nominatim/",
        Hints(**hints),  # type: ignore[arg-type]
        "Brisbane City Council (ops@bcc.example)",
        turn,
    )


def test_an_address_is_looked_up_within_the_city_by_someone_who_says_who_they_are(server: Server) -> None:
    server.reply = lambda handler: answer(handler, 200, json.dumps(PLACES).encode())
    turn = Turns()
    city = geocoder(server, turn, country_codes=("au",), suffix="Queensland", box=(-28.0, 152.5, -27.0, 153.5))
    found = city.find("1 Ann  Street", "en")
    assert found == geo_addresses.Found("1 Ann Street, Brisbane", -27.4705, 153.026)
    ((path, headers),) = server.seen
    assert path.startswith("/nominatim/search?")
    for part in ("q=1+Ann+Street%2C+Queensland", "countrycodes=au", "bounded=1", "limit=1", "accept-language=en"):
        assert part in path
    assert headers["user-agent"] == "Brisbane City Council (ops@bcc.example)"
    assert turn.taken == 1


def test_an_address_becomes_the_circle_that_is_then_shown_and_sent_to(server: Server) -> None:
    server.reply = lambda handler: answer(handler, 200, json.dumps(PLACES).encode())
    selector = Selector(zones=("rocklea",), near=Near("1 Ann Street", 2.5))
    settled = areas.settled(selector, geocoder(server, Turns()), "en")
    assert settled == Selector(zones=("rocklea",), circle=Circle(-27.4705, 153.026, 2.5))
    assert areas.settled(settled, geocoder(server, Turns()), "en") == settled


def test_without_a_geocoder_the_way_out_is_named() -> None:
    with pytest.raises(NotReady, match="GEOCODER_URL"):
        geo_addresses.Geocoder("", Hints(), "x", Turns()).find("1 Ann Street", "en")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oops"),
        (429, b""),
        (302, b""),
        (200, b"<html>"),
        (200, b'{"error": 1}'),
        (200, b'[{"lat": "x"}]'),
        (200, b"[" * 100_000),
    ],
)
def test_a_geocoder_that_answers_nonsense_is_not_ready(server: Server, status: int, body: bytes) -> None:
    server.reply = lambda handler: answer(handler, status, body)
    with pytest.raises(NotReady):
        geocoder(server, Turns()).find("1 Ann Street", "en")


def test_an_address_that_nobody_knows_is_invalid(server: Server) -> None:
    server.reply = lambda handler: answer(handler, 200, b"[]")
    with pytest.raises(Invalid, match="not found"):
        geocoder(server, Turns()).find("Nowhere 1", "en")


@pytest.mark.parametrize("address", ["", "ab", "x" * 300, "1 Ann\x00Street"])
def test_what_is_no_address_is_never_sent(server: Server, address: str) -> None:
    with pytest.raises(Invalid):
        geocoder(server, Turns()).find(address, "en")
    assert server.seen == []

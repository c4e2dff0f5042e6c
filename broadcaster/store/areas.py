"""From what a person selected to what can be asked of the database: an Area, worked out once and good to the end."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from broadcaster.domain.alert import Circle, Selector
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.store import generations, geo, zones

if TYPE_CHECKING:
    from broadcaster.store.geo_addresses import Geocoder

#: place_zones.zone of a point that lies in no zone.
NO_ZONE = ""
#: A drawn area is for a city and its surroundings; beyond these it is a slip of the pen.
MAX_RADIUS_KM, MAX_CORNERS = 500.0, 5_000


@dataclass(frozen=True, slots=True)
class Area:
    """A selector worked out against the zones of one generation; it sees the people of that generation to the end.

    Every place in `zones` is reached; of `touched` the places without a point; of `partial` the places whose point
    is in `shape`. `everybody` reaches the whole register, phones without a place too. Phones that `before` (whole zones) reaches
    are passed over: they are told sooner.
    """

    generation: int
    zones: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    shape: geo.Shape | None = None
    everybody: bool = False
    before: "Area | None" = None


def compile_area(connection: Connection, selector: Selector, generation: int | None = None) -> Area:
    """Work a selector out; `generation` (default: the one in force) is for going on with what an earlier look began.

    An address must have been looked up before. Invalid when nothing is selected or a zone is unknown.
    """
    generation = generations.current(connection) if generation is None else generation
    if selector.near:
        raise Invalid([Problem("area.near", "the address was not looked up.", "Give a circle or zones.")])
    if selector.empty:
        raise Invalid([Problem("area", "selects nobody.", "Name zones, or give a polygon, a circle or an address.")])
    known = zones.listing(connection, generation)
    problems = zones.unknown(selector.zones, known, "area.zones")
    drawn = _drawn(selector, problems)
    if problems:
        raise Invalid(problems)
    shapes = {zone.code: zone.shape for zone in known}
    whole = dict.fromkeys(selector.zones)
    if drawn:
        whole |= dict.fromkeys(code for code, shape in shapes.items() if drawn.covers(shape))
    rest = {code: shape for code, shape in shapes.items() if code not in whole}
    chosen = [shapes[code] for code in selector.zones]
    met = [code for code, shape in rest.items() if drawn and drawn.meets(shape)]
    overlapping = [code for code, shape in rest.items() if any(shape.overlaps(each) for each in chosen)]
    return Area(
        generation=generation,
        zones=tuple(whole),
        touched=tuple(dict.fromkeys((*met, *overlapping))),
        partial=(*met, NO_ZONE) if drawn else (),
        shape=drawn,
    )


@dataclass(frozen=True, slots=True)
class Group:
    """People whom an alert tells at one time: those of `area`, which was worked out from `selector` and `earlier_zones`.

    `arrival` is when the hazard is there (None: nobody has said).
    """

    selector: Selector
    earlier_zones: tuple[str, ...]
    area: Area
    arrival: datetime | None


def groups(connection: Connection, selector: Selector, generation: int | None = None) -> tuple[Group, ...]:
    """An audience in the order in which it is told: a group for each arrival, the soonest first, then the rest.

    A phone with places in several zones belongs to the earliest. Invalid as `compile_area`.
    """
    generation = generations.current(connection) if generation is None else generation
    found, earlier = [], tuple[str, ...]()
    for arrival, codes in selector.order:
        of_zones = Selector(zones=codes)
        found.append(Group(of_zones, earlier, area_of(connection, of_zones, earlier, generation), arrival))
        earlier += codes
    rest = replace(selector, arrivals={})
    return (*found, Group(rest, earlier, area_of(connection, rest, earlier, generation), None))


def area_of(connection: Connection, selector: Selector, earlier_zones: tuple[str, ...], generation: int) -> Area:
    """The area of a group again, from what was kept of it."""
    area = compile_area(connection, selector, generation)
    if not earlier_zones:
        return area
    return replace(area, before=compile_area(connection, Selector(zones=earlier_zones), generation))


def _drawn(selector: Selector, problems: list[Problem]) -> geo.Shape | None:
    """The drawn part of a selector as a shape; what is wrong with it is added to `problems`."""
    if selector.polygon and selector.circle:
        problems.append(Problem("area", "has both a polygon and a circle.", "Draw one of them."))
    elif selector.polygon:
        said = polygon_trouble(selector.polygon)
        if not said:
            return geo.from_geojson(geo.polygon_geojson(selector.polygon))
        problems.append(Problem("area.polygon", f"cannot be used: {said}.", "Give at least three corners, in order."))
    elif selector.circle:
        said = circle_trouble(selector.circle)
        if not said:
            return geo.from_circle(selector.circle)
        problems.append(Problem("area.circle", f"cannot be used: {said}."))
    return None


def polygon_trouble(corners: Sequence[tuple[float, float]]) -> str:
    """Why (lat, lon) corners are no area, or ""."""
    if len(corners) > MAX_CORNERS:
        return f"it has {len(corners)} corners; at most {MAX_CORNERS} are useful"
    for lat, lon in corners:
        if not on_earth(lat, lon):
            return f"{lat}, {lon} is not a latitude and longitude in degrees"
    return geo.trouble(geo.polygon_geojson(corners))


def circle_trouble(circle: Circle) -> str:
    """Why a circle is no area, or ""."""
    if not on_earth(circle.lat, circle.lon):
        return f"{circle.lat}, {circle.lon} is not a latitude and longitude in degrees"
    if not 0 < circle.radius_km <= MAX_RADIUS_KM:
        return f"the radius must be more than 0 and at most {MAX_RADIUS_KM:g} km"
    if wraps(circle):
        return "it reaches over a pole or the 180th meridian"
    return ""


def on_earth(lat: float, lon: float) -> bool:
    """True for a latitude and a longitude in degrees."""
    return math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180


def wraps(circle: Circle) -> bool:
    """True when a circle reaches over a pole or the 180th meridian, where a box in degrees holds it no longer."""
    high = math.degrees(circle.radius_km / geo.RADIUS_KM) * 1.02
    wide = high / max(math.cos(math.radians(min(abs(circle.lat) + high, 90))), 1e-9)
    return abs(circle.lat) + high > 90 or abs(circle.lon) + wide > 180


def settled(selector: Selector, geocoder: "Geocoder", language: str) -> Selector:
    """The selector with its address looked up and turned into a circle; what the person then sees is what is sent to."""
    if selector.near is None:
        return selector
    found = geocoder.find(selector.near.address, language)
    return replace(selector, near=None, circle=Circle(found.lat, found.lon, selector.near.radius_km))


def outline(connection: Connection, selector: Selector) -> geo.Shape:
    """What a selector selects as one shape, for a map (a circle as the polygon around it). Invalid as `compile_area`."""
    area = compile_area(connection, selector)
    shapes = [zone.shape for zone in zones.some(connection, selector.zones, area.generation).values()]
    return geo.union([*shapes, area.shape] if area.shape else shapes)


def whole_register(connection: Connection) -> Area:
    """Everybody, those without a place too."""
    return Area(generation=generations.current(connection), everybody=True)

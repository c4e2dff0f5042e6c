"""A small map of outlines as SVG paths: where the zones lie and which are meant. No tiles, so it works in a closed network."""

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broadcaster.domain.alert import Circle
from broadcaster.store import geo
from broadcaster.store.zone_files import Zone

#: Corners closer together than this (metres) cannot be told apart at the size shown.
_DETAIL = 40.0
_WIDTH = 600.0
_EDGE = 8.0
Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Outline:
    """One zone: its names per language, its path, where its name stands, and whether it is meant or only touched."""

    code: str
    names: Mapping[str, str]
    path: str
    x: float
    y: float
    meant: bool
    spilt: bool


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """Everything that the template draws, in units of a box of `width` by `height`."""

    width: float
    height: float
    zones: Sequence[Outline]
    drawn: Sequence[str]


def zone_map(
    zones: Iterable[Zone], meant: Collection[str], area: Mapping[str, Any] | None = None, spilt: Collection[str] = ()
) -> ZoneMap | None:
    """The map of all zones and of a drawn area (as a draft stores it); None when there is nothing to show.

    `spilt` are zones that the area touches beside those that are meant.
    """
    shapes = {zone.code: (zone, zone.shape.simplified(_DETAIL).rings()) for zone in zones}
    drawn = _drawn(area or {})
    points = [pair for _, rings in shapes.values() for ring in rings for pair in ring]
    points += [pair for ring in drawn for pair in ring]
    if not points:
        return None
    place = _Projection(points)
    outlines = []
    for code, (zone, rings) in shapes.items():
        x, y = place.middle(max(rings, key=len))
        outlines.append(Outline(code, zone.names, place.path(rings), x, y, code in meant, code in spilt))
    outlines.sort(key=lambda each: (each.meant, each.spilt))  # what is meant is drawn over its neighbours
    return ZoneMap(place.width, place.height, outlines, [place.path([ring]) for ring in drawn])


def _drawn(area: Mapping[str, Any]) -> list[Ring]:
    rings: list[Ring] = []
    if polygon := area.get("polygon"):
        rings.append([(float(lat), float(lon)) for lat, lon in polygon])
    if circle := area.get("circle"):
        rings += geo.from_circle(Circle(**circle)).rings()
    return rings


class _Projection:
    """Degrees to the map's units: a plate carrée at the middle latitude, good enough for a town."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        lats, lons = [lat for lat, _ in points], [lon for _, lon in points]
        self._north, self._west = max(lats), min(lons)
        narrow = math.cos(math.radians((max(lats) + min(lats)) / 2))
        wide, high = max((max(lons) - self._west) * narrow, 1e-6), max(self._north - min(lats), 1e-6)
        self._scale = min((_WIDTH - 2 * _EDGE) / wide, (_WIDTH * 0.8 - 2 * _EDGE) / high)
        self._narrow = narrow
        self.width = round(wide * self._scale + 2 * _EDGE, 1)
        self.height = round(high * self._scale + 2 * _EDGE, 1)

    def _at(self, pair: tuple[float, float]) -> tuple[float, float]:
        lat, lon = pair
        return (
            round((lon - self._west) * self._narrow * self._scale + _EDGE, 1),
            round((self._north - lat) * self._scale + _EDGE, 1),
        )

    def path(self, rings: Iterable[Ring]) -> str:
        """An SVG path of closed rings."""
        return " ".join("M" + " L".join(f"{x} {y}" for x, y in map(self._at, ring)) + " Z" for ring in rings)

    def middle(self, ring: Ring) -> tuple[float, float]:
        """Where a ring's name can stand: its centre of area."""
        spots = [self._at(pair) for pair in ring]
        turns = [(one, two, one[0] * two[1] - two[0] * one[1]) for one, two in itertools.pairwise(spots)]
        area = sum(turn for _, _, turn in turns)
        if not area:
            return spots[0]
        x = sum((one[0] + two[0]) * turn for one, two, turn in turns) / (3 * area)
        y = sum((one[1] + two[1]) * turn for one, two, turn in turns) / (3 * area)
        return round(x, 1), round(y, 1)

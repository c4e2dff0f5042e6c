"""Shapes on the map, distances over the ground, and looking up an address: the only importer of shapely and geopy.

Degrees are WGS 84, latitude before longitude everywhere but inside GeoJSON and shapely. Edges of polygons are straight
in degrees; circles are exact on the ellipsoid.
"""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.geometry
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from broadcaster.domain.alert import Circle

Degrees = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Mean radius of the Earth in km (IUGG).
RADIUS_KM = 6371.0088
#: A sphere is wrong by at most 0.56 % against the ellipsoid; nearer to the rim than this the ellipsoid decides.
_DOUBT = 0.006
#: What is left of that doubt by Lambert's formula (measured over 0.01 to 500 km: see tests).
_LEFT = 1e-4
#: Half axis in km and flattening of WGS 84.
_AXIS_KM, _FLAT = 6378.137, 1 / 298.257223563
#: Two zones whose common part is below this share of the smaller one only have inexact borders.
_SLIVER = 0.001


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box in degrees that holds a shape."""

    south: float
    west: float
    north: float
    east: float


class Shape:
    """An area: one or more polygons, or a circle. Points on its edge belong to it."""

    def __init__(self, geometry: BaseGeometry, circle: Circle | None = None) -> None:
        """`geometry` is in (lon, lat); with `circle` it is only the polygon drawn around that circle."""
        self._geometry = geometry
        self._circle = circle
        shapely.prepare(geometry)

    @property
    def bounds(self) -> Bounds:
        west, south, east, north = self._geometry.bounds
        return Bounds(south, west, north, east)

    def contains(self, lats: Degrees, lons: Degrees) -> Flags:
        """Which points belong to the area; arrays of one length in, flags of that length out."""
        box = self.bounds
        inside = (lats >= box.south) & (lats <= box.north) & (lons >= box.west) & (lons <= box.east)
        near = np.flatnonzero(inside)
        if near.size:
            inside[near] = self._exactly(lats[near], lons[near])
        return inside

    def _exactly(self, lats: Degrees, lons: Degrees) -> Flags:
        if self._circle is None:
            return np.asarray(shapely.intersects_xy(self._geometry, lons, lats), dtype=np.bool_)
        circle = self._circle
        rough = near_km(circle.lat, circle.lon, lats, lons)
        inside = rough <= circle.radius_km
        for index in np.flatnonzero(np.abs(rough - circle.radius_km) <= circle.radius_km * _LEFT):
            exact = distance_km((circle.lat, circle.lon), (float(lats[index]), float(lons[index])))
            inside[index] = exact <= circle.radius_km
        return np.asarray(inside, dtype=np.bool_)

    def meets(self, other: "Shape") -> bool:
        """True when the two have a point in common."""
        return bool(self._geometry.intersects(other._geometry))

    def overlaps(self, other: "Shape") -> bool:
        """True when the two share more than the inexactness of a common border: a thousandth of the smaller one."""
        if not self.meets(other):
            return False
        shared = self._geometry.intersection(other._geometry).area
        return bool(shared > _SLIVER * min(self._geometry.area, other._geometry.area))

    def covers(self, other: "Shape") -> bool:
        """True when every point of `other` surely belongs to this area."""
        if self._circle is None:
            return bool(self._geometry.covers(other._geometry))
        # A circle is convex, so the corners decide; a hundredth is kept for edges that are straight only in degrees.
        lons, lats = shapely.get_coordinates(other._geometry).T
        farthest = haversine_km(self._circle.lat, self._circle.lon, lats, lons).max()
        return bool(farthest <= self._circle.radius_km * 0.99)

    def rings(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """Outer rings as closed (lat, lon) pairs, as CAP polygons and feeds want them; holes are left out."""
        parts = getattr(self._geometry, "geoms", [self._geometry])
        return tuple(tuple((lat, lon) for lon, lat in part.exterior.coords) for part in parts)

    def geojson(self) -> dict[str, Any]:
        """The GeoJSON geometry (a circle as the polygon around it)."""
        mapping: dict[str, Any] = shapely.geometry.mapping(self._geometry)
        return mapping

    def simplified(self, metres: float) -> "Shape":
        """The same area with fewer corners, moved by at most about `metres`."""
        return Shape(self._geometry.simplify(metres / 111_320, preserve_topology=True), self._circle)


def trouble(geometry: Mapping[str, Any]) -> str:
    """Why a GeoJSON (Multi)Polygon cannot be an area, or "" when it can. Coordinates must be pairs of numbers."""
    try:
        shape = shapely.geometry.shape(dict(geometry))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError):
        return (
            "its rings cannot be read; a ring is at least four [longitude, latitude] pairs, the last equal to the first"
        )
    if not shape.is_valid:
        return f"it must not cross or overlap itself: {explain_validity(shape)} (longitude latitude)"
    return "it is empty" if shape.is_empty or shape.area == 0 else ""


def from_geojson(geometry: Mapping[str, Any]) -> Shape:
    """The area of a GeoJSON geometry that `trouble` found nothing wrong with."""
    return Shape(shapely.geometry.shape(dict(geometry)))


def polygon_geojson(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """A GeoJSON Polygon from (lat, lon) pairs, closed if they were not."""
    ring = [[lon, lat] for lat, lon in pairs]
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    return {"type": "Polygon", "coordinates": [ring]}


@functools.lru_cache(maxsize=64)
def from_circle(circle: Circle, corners: int = 64) -> Shape:
    """A circle; the polygon kept with it lies wholly outside, so that whatever meets the circle meets the polygon."""
    centre, least = (circle.lat, circle.lon), circle.radius_km * (1 + _DOUBT)
    from geopy.distance import geodesic

    reach = least / math.cos(math.pi / corners)
    while True:
        points = [geodesic(kilometers=reach).destination(centre, bearing=360 * n / corners) for n in range(corners)]
        ring = np.array([(point.latitude, point.longitude) for point in points])
        # Towards the poles an edge that is straight in degrees comes nearer to the centre than its middle on the ground.
        middles = (ring + np.roll(ring, -1, axis=0)) / 2
        nearest = float(haversine_km(circle.lat, circle.lon, middles[:, 0], middles[:, 1]).min())
        if nearest >= least:
            return Shape(shapely.geometry.Polygon(ring[:, ::-1]), circle)
        reach *= 1.002 * least / nearest


def union(shapes: Iterable[Shape]) -> Shape:
    """All the areas as one; at least one must be given."""
    return Shape(shapely.union_all([shape._geometry for shape in shapes]))


def outline_to_read(shape: Shape, most: int = 12) -> tuple[tuple[float, float], ...]:
    """A simple outline around an area, as (lat, lon) corners that can be read out over the phone: at most `most`, none inside the area.

    It is a little wider than the area, and closed by its first corner. Four decimals of a degree are some ten metres.
    """
    hull, step = shape._geometry.convex_hull, 0.0005
    while True:
        # Simplifying moves an edge inwards by no more than its tolerance: as much is put around first.
        around = hull.buffer(step + 0.0001, join_style="mitre").simplify(step)
        corners = shapely.get_coordinates(around)[:-1].tolist()
        if len(corners) <= most:
            return tuple((round(lat, 4), round(lon, 4)) for lon, lat in corners)
        step *= 1.5


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres over the ellipsoid between two (lat, lon) points (Karney 2013, by geographiclib)."""
    from geopy.distance import geodesic  # it takes half a second to load, and most processes never measure

    return float(geodesic(one, other).kilometers)


def haversine_km(lat: float, lon: float, lats: Degrees, lons: Degrees) -> Degrees:
    """Kilometres over a sphere from one point to many: within 0.56 % of the ellipsoid, and a thousand times faster."""
    north, norths = math.radians(lat), np.radians(lats)
    half = np.sin((norths - north) / 2) ** 2
    half = half + math.cos(north) * np.cos(norths) * np.sin((np.radians(lons) - math.radians(lon)) / 2) ** 2
    return np.asarray(2 * RADIUS_KM * np.arcsin(np.sqrt(half)), dtype=np.float64)


def near_km(lat: float, lon: float, lats: Degrees, lons: Degrees) -> Degrees:
    """Kilometres over the ellipsoid from one point to many, by Lambert's formula for long lines: good to metres in 500 km."""
    reduced = math.atan((1 - _FLAT) * math.tan(math.radians(lat)))
    others = np.arctan((1 - _FLAT) * np.tan(np.radians(lats)))
    half = np.sin((others - reduced) / 2) ** 2
    half = half + math.cos(reduced) * np.cos(others) * np.sin((np.radians(lons) - math.radians(lon)) / 2) ** 2
    angle = 2 * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    mean, apart = (reduced + others) / 2, (others - reduced) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (angle - np.sin(angle)) * (np.sin(mean) * np.cos(apart) / np.cos(angle / 2)) ** 2
        y = (angle + np.sin(angle)) * (np.cos(mean) * np.sin(apart) / np.sin(angle / 2)) ** 2
    # The same point: nothing divided by nothing.
    return np.asarray(_AXIS_KM * (angle - _FLAT / 2 * np.nan_to_num(x + y, posinf=0.0)), dtype=np.float64)


def members(shapes: Mapping[str, Shape], lats: Degrees, lons: Degrees) -> Iterable[tuple[str, NDArray[np.intp]]]:
    """For every area that has any of the points: its code and the indexes of those points."""
    for code, shape in shapes.items():
        found = np.flatnonzero(shape.contains(lats, lons))
        if found.size:
            yield code, found

"""What the tests of residents share: a moment, Ada, and four square zones."""

import json
from datetime import UTC, datetime
from pathlib import Path

from broadcaster.domain.rules import Actor, Role

PROFILES = Path(__file__).parents[2] / "profiles"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = Actor("ada", "Ada", Role.ADMIN)

#: Squares of about 1.1 km: three in a row from west to east that share borders, and one that lies over two of them.
SQUARES = {
    "annerley": (-27.51, 153.00),
    "rocklea": (-27.51, 153.01),
    "oxley": (-27.51, 153.02),
    "creek": (-27.505, 153.005),
}


def square(south: float, west: float, side: float = 0.01) -> list[list[float]]:
    """A closed GeoJSON ring."""
    north, east = south + side, west + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def collection(squares: dict[str, tuple[float, float]]) -> bytes:
    """A GeoJSON file of squares by code and south-western corner."""
    features = [
        {
            "type": "Feature",
            "id": code,
            "properties": {"name:en": code.title(), "name:nb": f"{code.title()} bydel"},
            "geometry": {"type": "Polygon", "coordinates": [square(*corner)]},
        }
        for code, corner in squares.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()

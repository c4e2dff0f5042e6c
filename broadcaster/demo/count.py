"""Counts at the providers what was lost or sent twice, against an audience worked out here from the register's own file.

Nothing of the store or the delivery engine is asked whom an alert should reach: that is what is being checked.
"""

import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from broadcaster.domain.alert import Selector

#: A closed ring of (lat, lon) in degrees; several rings are one area, where holes are rings inside others.
Ring = Sequence[tuple[float, float]]
#: What a provider shows at /_sent.
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many messages are missing at the providers, and how many are there that nobody should have got (again)."""

    lost: int = 0
    doubled: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.lost + other.lost, self.doubled + other.doubled)


@dataclass(frozen=True, slots=True)
class Expected:
    """What one alert should have left at the providers.

    `links` are its addresses, one of which stands in every text and in the first part of every post; `site` is what all
    alerts' addresses begin with. `phones` get one text each; `posts` are the approved texts by provider ("x", "facebook"),
    each to be found once.
    """

    site: str
    links: tuple[str, ...]
    phones: frozenset[str] = frozenset()
    posts: Mapping[str, Sequence[str]] = field(default_factory=dict)


def compare(expected: Iterable[object], found: Iterable[object]) -> Tally:
    """Expected but not found is lost; found more often than expected, or not expected at all, is doubled."""
    wanted, there = Counter(expected), Counter(found)
    return Tally((wanted - there).total(), (there - wanted).total())


def count(expected: Expected, sent: Mapping[str, Sequence[Record]]) -> Tally:
    """Count one alert's texts and posts in the providers' records (provider → records)."""
    carried = [record for carrier in ("twilio", "sinch") for record in sent.get(carrier, ())]
    texts = [record["to"] for record in of_alert(carried, expected)]
    tally = compare(expected.phones, texts)
    for provider, parts in expected.posts.items():
        there = of_alert(sent.get(provider, ()), expected)
        tally += compare(map(_plain, parts), [_plain(record["text"]) for record in there])
    return tally


def of_alert(records: Iterable[Record], expected: Expected) -> list[Record]:
    """The records that carry one of an alert's links, and those that answer such a record without being another alert's.

    A thread's later parts have no link. What a provider answered by itself (`auto`) belongs to no alert.
    """
    found: list[Record] = []
    threads: set[object] = set()
    for record in records:
        if record.get("auto"):
            continue
        linked = any(link in record["text"] for link in expected.links)
        if linked or (record.get("in_reply_to") in threads and expected.site not in record["text"]):
            found.append(record)
            threads.add(record["id"])
    return found


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


# -- whom an area reaches


def outlines_of(geojson: bytes) -> dict[str, list[Ring]]:
    """Zone → its rings, read from the file that was imported."""
    found: dict[str, list[Ring]] = {}
    for feature in json.loads(geojson)["features"]:
        geometry = feature["geometry"]
        parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        rings: list[Ring] = [[(lat, lon) for lon, lat in ring] for polygon in parts for ring in polygon]
        found[feature["properties"]["id"]] = rings
    return found


def audience(register: bytes, outlines: Mapping[str, Sequence[Ring]], area: Selector) -> frozenset[str]:
    """The phones in a residents' CSV that zones and/or a polygon reach: by any place whose point is inside, or that has
    no point and whose zone is chosen or meets the polygon."""
    chosen = [outlines[code] for code in area.zones]
    drawn: list[Ring] = [[*area.polygon, area.polygon[0]]] if area.polygon else []
    near = {code for code, rings in outlines.items() if drawn and meet(rings, drawn)}
    reached: set[str] = set()
    for row in csv.DictReader(io.StringIO(register.decode())):
        if row["lat"]:
            point = float(row["lat"]), float(row["lon"])
            if any(inside(point, rings) for rings in (*chosen, drawn)):
                reached.add(row["phone"])
        elif not near.isdisjoint(row["zones"].split()) or not set(area.zones).isdisjoint(row["zones"].split()):
            reached.add(row["phone"])
    return frozenset(reached)


def inside(point: tuple[float, float], rings: Sequence[Ring]) -> bool:
    """Even-odd rule: a line from the point to the east crosses the rings an odd number of times."""
    lat, lon = point
    crossings = 0
    for ring in rings:
        for (lat1, lon1), (lat2, lon2) in pairwise(ring):
            if (lat1 > lat) != (lat2 > lat) and lon < lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1):
                crossings += 1
    return crossings % 2 == 1


def meet(one: Sequence[Ring], other: Sequence[Ring]) -> bool:
    """True when two areas have any point in common: edges cross, or one lies inside the other."""
    if any(_cross(a, b) for a in _edges(one) for b in _edges(other)):
        return True
    return any(inside(ring[0], other) for ring in one) or any(inside(ring[0], one) for ring in other)


Edge = tuple[tuple[float, float], tuple[float, float]]


def _edges(rings: Sequence[Ring]) -> list[Edge]:
    return [(start, end) for ring in rings for start, end in pairwise(ring)]


def _cross(one: Edge, other: Edge) -> bool:
    """True when each edge has the ends of the other on different sides."""
    return _side(one, other[0]) * _side(one, other[1]) < 0 and _side(other, one[0]) * _side(other, one[1]) < 0


def _side(edge: Edge, point: tuple[float, float]) -> float:
    (lat1, lon1), (lat2, lon2) = edge
    return (lat2 - lat1) * (point[1] - lon1) - (lon2 - lon1) * (point[0] - lat1)

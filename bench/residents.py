"""Invented residents in any number, as a CSV that `broadcaster residents import` reads: `python -m bench.residents N > file`.

Their phones count up from +61 400 000 000, which are numbers of real people: they are for provider stubs on loopback only, and
every line says `invented`. The demo has half a million numbers of nobody (broadcaster/demo/residents.py); here a million are needed.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.random import Generator

from broadcaster.store.resident_files import COLUMNS
from broadcaster.store.zone_files import Zone, read_zones

ZONES = Path(__file__).parents[1] / "profiles" / "zones-brisbane.geojson"
LANGUAGES = ("en", "vi", "zh", "nb", "ar")
#: Of a hundred: phones per language, places that are only known by zone, phones with a second place, phones that do exercises.
_SPEAK = (80, 6, 6, 4, 4)
_ZONE_ONLY, _TWO_PLACES, _EXERCISES = 0.15, 0.08, 0.10
_CONSENTED = datetime(2010, 7, 1, tzinfo=UTC)
_BLOCK = 20_000


def phone(number: int) -> str:
    """The number-th phone, from 0 to 99,999,999, in E.164."""
    return f"+614{number:08d}"


def write_residents(
    out: TextIO, count: int, zones: Sequence[Zone], seed: int = 2011, header: bool = True, first: int = 0
) -> None:
    """Write `count` phones that live in `zones` by population, a few places more than phones; the same seed, the same people."""
    if header:
        out.write(",".join(COLUMNS) + "\n")
    draw = np.random.default_rng(seed)
    for start in range(first, first + count, _BLOCK):
        out.writelines(_block(draw, zones, start, min(_BLOCK, first + count - start)))


def _block(draw: Generator, zones: Sequence[Zone], start: int, size: int) -> Iterator[str]:
    homes, others = _places(draw, zones, size), _places(draw, zones, size)
    languages = draw.choice(LANGUAGES, size, p=np.array(_SPEAK) / 100).tolist()
    consented = (draw.random(size) < 0.2).tolist()
    minutes = draw.integers(0, 250_000, size).tolist()
    exercise = np.where(draw.random(size) < _EXERCISES, "yes", "no").tolist()
    second = (draw.random(size) < _TWO_PLACES).tolist()
    for at in range(size):
        basis = (
            ("consent", (_CONSENTED + timedelta(minutes=minutes[at])).isoformat())
            if consented[at]
            else ("register", "")
        )
        # Two phones to a household.
        known = f"{phone(start + at)},{languages[at]},{','.join(basis)},h{(start + at) // 2:07d}"
        yield f"{known},home,{homes[at]},{exercise[at]},invented\n"
        if second[at]:
            yield f"{known},work,{others[at]},{exercise[at]},invented\n"


def _places(draw: Generator, zones: Sequence[Zone], size: int) -> list[str]:
    """`lat,lon,zones` of so many places: points inside their zone, or the zone alone."""
    weights = np.array([zone.population or 1_000 for zone in zones], dtype=np.float64)
    chosen = draw.choice(len(zones), size, p=weights / weights.sum())
    zone_only = draw.random(size) < _ZONE_ONLY
    found = [""] * size
    for number, zone in enumerate(zones):
        mine = np.flatnonzero(chosen == number)
        points = _points(draw, zone, mine.size)
        for at, (lat, lon), unplaced in zip(mine.tolist(), points, zone_only[mine].tolist(), strict=True):
            found[at] = f",,{zone.code}" if unplaced else f"{lat:.6f},{lon:.6f},"
    return found


def _points(draw: Generator, zone: Zone, wanted: int) -> list[tuple[float, float]]:
    shape = zone.shape
    box, found = shape.bounds, list[tuple[float, float]]()
    while len(found) < wanted:
        lats = draw.uniform(box.south, box.north, 2 * wanted + 8)
        lons = draw.uniform(box.west, box.east, 2 * wanted + 8)
        inside = shape.contains(lats, lons)
        found += zip(lats[inside].tolist(), lons[inside].tolist(), strict=True)
    return found[:wanted]


def main() -> None:
    """Print so many invented residents of a city's zones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="how many phones")
    parser.add_argument("--zones", type=Path, default=ZONES, help="a GeoJSON file of zones")
    parser.add_argument("--seed", type=int, default=2011)
    asked = parser.parse_args()
    write_residents(sys.stdout, asked.count, read_zones(asked.zones.read_bytes(), asked.zones.name, "en"), asked.seed)


if __name__ == "__main__":
    main()

"""Invented residents for demonstrations and drills, with phone numbers that no operator has assigned to anybody.

Numbers: 0491 570 000 to 0491 579 999 are held by the Australian regulator itself (ACMA's numbering register), which
names some of them for films and books; after those come 0494 500 000 to 0494 999 999, which the register calls spare.
They stand for phones of any city: Norway and many others set no mobile numbers aside.
"""

import csv
import io
import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from broadcaster.store.resident_files import COLUMNS
from broadcaster.store.zone_files import Zone

#: Languages of residents that the city's own texts do not have.
OTHERS = ("vi", "zh", "ar", "pl", "uk")
_HELD, _SPARE = 10_000, 500_000
#: How many can be invented.
MOST = _HELD + _SPARE
_CONSENTED = datetime(2010, 7, 1, tzinfo=UTC)


def phone(number: int) -> str:
    """The number-th unassigned phone, from 0, in E.164."""
    if not 0 <= number < MOST:
        raise ValueError(f"only {MOST} phones can be invented")
    return f"+6149157{number:04d}" if number < _HELD else f"+61494{number - _HELD + _SPARE:06d}"


def invented_csv(zones: Sequence[Zone], count: int, languages: Sequence[str], seed: int = 2011) -> bytes:
    """A CSV of `count` phones living in `zones`, as `residents import` reads it; the same seed gives the same people."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(invented(zones, count, languages, seed))
    return text.getvalue().encode()


def invented(
    zones: Sequence[Zone], count: int, languages: Sequence[str], seed: int = 2011
) -> Iterator[tuple[str, ...]]:
    """Rows in the order of the CSV's columns, one per place.

    Households of one to four phones share a home. Of the homes 85 % are points, the rest are only known by zone; 2 % of
    the phones have no place at all, 8 % have a second one elsewhere; one in ten takes part in exercises.
    """
    city = _City(zones, languages, seed)
    number = 0
    for household in itertools.count(1):
        home = city.home()
        for _ in range(city.random.choices((1, 2, 3, 4), (30, 40, 20, 10))[0]):
            if number == count:
                return
            yield from city.resident(phone(number), f"h{household:05d}", home)
            number += 1


class _City:
    """Draws homes and people by one generator of random numbers."""

    def __init__(self, zones: Sequence[Zone], languages: Sequence[str], seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - invented people, nothing secret
        self._zones = [(zone.code, zone.shape, zone.population or 1_000) for zone in zones]
        others = [*languages[1:], *(tag for tag in OTHERS if tag not in languages)]
        self._languages = (languages[0], *others)
        # Four of five speak the first language; the city's other languages are twice as common as foreign ones.
        own, foreign = len(languages) - 1, len(others) - (len(languages) - 1)
        share = 20 / max(2 * own + foreign, 1)
        self._weights = (80.0, *[2 * share] * own, *[share] * foreign)

    def home(self) -> tuple[str, str, str]:
        """Latitude, longitude and zones of a place, the way a row holds them."""
        code, shape, _ = self.random.choices(self._zones, [zone[2] for zone in self._zones])[0]
        if self.random.random() > 0.85:
            return "", "", code
        box = shape.bounds
        while True:
            lat = round(self.random.uniform(box.south, box.north), 6)
            lon = round(self.random.uniform(box.west, box.east), 6)
            if shape.contains(np.array([lat]), np.array([lon]))[0]:
                return str(lat), str(lon), ""

    def resident(self, number: str, household: str, home: tuple[str, str, str]) -> Iterator[tuple[str, ...]]:
        """One row per place of a phone."""
        draw = self.random
        language = draw.choices(self._languages, self._weights)[0]
        basis = draw.choices(("register", "consent", "vital"), (80, 15, 5))[0]
        consent = (_CONSENTED + timedelta(minutes=draw.randrange(250_000))).isoformat() if basis == "consent" else ""
        known = (number, language, basis, consent, household)
        rest = ("yes" if draw.random() < 0.1 else "no", "invented")
        if draw.random() < 0.02:
            yield (*known, "", "", "", "", *rest)
            return
        yield (*known, "home", *home, *rest)
        if draw.random() < 0.08:
            yield (*known, draw.choice(("work", "mother's flat", "boat", "allotment")), *self.home(), *rest)

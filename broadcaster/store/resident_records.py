"""A resident as an import knows them: a phone, what is known about it, its places; and how such records merge."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

#: Why we may hold a number: they said so, a public register, or to save lives.
BASES = ("consent", "register", "vital")
#: In a digest, for a place without a point.
_NOWHERE = 999.0


# Both are tuples, because an import makes millions of them.
class Place(NamedTuple):
    """Somewhere a phone belongs to: a point, else the zones it was said to be in, else nowhere."""

    name: str = ""
    lat: float | None = None
    lon: float | None = None
    zones: tuple[str, ...] = ()


class Resident(NamedTuple):
    """One phone. `consent_at` is aware UTC, and only there for the basis consent."""

    phone: str
    language: str
    basis: str = "register"
    consent_at: datetime | None = None
    household: str = ""
    exercise: bool = False
    source: str = ""
    places: tuple[Place, ...] = ()

    def digest(self) -> str:
        """32 hexadecimal digits that are equal when everything known is equal, in whatever order places came."""
        known = (self.phone, self.language, self.basis, self.consent_at and self.consent_at.timestamp(), self.household)
        places = [_sortable(each) for each in self.places]
        rest = (self.exercise, self.source, sorted(places) if len(places) > 1 else places)
        return hashlib.blake2b(repr((known, rest)).encode(), digest_size=16).hexdigest()


def _sortable(place: Place) -> tuple[str, float, float, tuple[str, ...]]:
    name, lat, lon, zones = place
    return (name, _NOWHERE if lat is None else lat, _NOWHERE if lon is None else lon, zones)


def joined(rows: Iterable[Resident]) -> tuple[Resident, set[str]]:
    """One record of several rows of a phone: the first row speaks for the phone, every row adds its places.

    Also the names of what a later row said differently; such a word does not count.
    """
    first, *rest = rows
    if not rest:
        return first, set()
    differs = {
        name
        for row in rest
        for name in ("language", "basis", "consent_at", "household", "exercise", "source")
        if getattr(row, name) != getattr(first, name)
    }
    places = dict.fromkeys(place for row in (first, *rest) for place in row.places)
    return first._replace(places=tuple(places)), differs


def merged(known: Resident, new: Resident, columns: frozenset[str]) -> Resident:
    """What is known, corrected by a file with `columns`; other attributes stay. A place yields to one of its name."""
    kept = {name: getattr(known, name) for name in _ATTRIBUTES if name not in columns}
    basis = new.basis if "basis" in columns else known.basis
    if basis != known.basis:
        # The old consent says nothing about a new basis.
        kept["consent_at"] = new.consent_at
    said = {place.name for place in new.places}
    places = tuple(place for place in known.places if place.name not in said) + new.places
    return new._replace(places=places, **kept)


_ATTRIBUTES = ("language", "basis", "consent_at", "household", "exercise", "source")

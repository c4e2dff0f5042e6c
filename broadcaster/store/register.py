"""The register of one generation as arrays, held by a process that counts audiences: a million phones in 60 MB, counted in a moment.

A generation never changes once it is in force, so what was read of it stays right; only who said stop is asked each time.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Select, func, select

from broadcaster.store.areas import NO_ZONE, Area
from broadcaster.store.generations import visible
from broadcaster.store.schema import opt_outs, phones, place_zones, places

Flags = NDArray[np.bool_]
_Columns = list[NDArray[Any]]
_PAGE = 5_000
_PHONE = (phones.c.id, phones.c.phone, phones.c.language, phones.c.household, phones.c.exercise)
_MEMBER = (place_zones.c.phone_id, place_zones.c.zone, place_zones.c.by_point, places.c.lat, places.c.lon)


class _Words:
    """Words as numbers: each new one gets the next."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def of(self, words: Sequence[str]) -> NDArray[np.int16]:
        numbers = self.numbers
        return np.array([numbers.setdefault(word, len(numbers)) for word in words], dtype=np.int16)


@dataclass(frozen=True)
class Register:
    """Phones in order of their ids, and their memberships, each with the index of its phone.

    `household` is a number for each name, and for each phone without one. Members without a point have NaN for it; they stand in
    order of phone and zone.
    """

    languages: Sequence[str]
    zones: Mapping[str, int]
    numbers: NDArray[np.int64]
    language: NDArray[np.int16]
    household: NDArray[np.int32]
    exercise: Flags
    member: NDArray[np.int32]
    zone: NDArray[np.int16]
    by_point: Flags
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]

    @cached_property
    def placed(self) -> Flags:
        """Phones that have a point or a zone."""
        return self.phones_of(np.ones(len(self.member), dtype=np.bool_))

    def phones_of(self, members: Flags) -> Flags:
        """The phones that have one of these memberships."""
        found = np.zeros(len(self.numbers), dtype=np.bool_)
        found[self.member[members]] = True
        return found

    def away(self, connection: Connection, lane: str) -> Flags:
        """Phones that said stop to a lane."""
        said = connection.scalars(select(opt_outs.c.phone).where(opt_outs.c.lane == lane)).all()
        return np.isin(self.numbers, np.array([int(phone) for phone in said], dtype=np.int64))

    def reached(self, area: Area) -> Flags:
        """Memberships through which an area reaches their phones (audience._member says the same in SQL)."""
        if area.everybody:
            return np.asarray(self.zone != self.zones.get(NO_ZONE, -1))
        whole = self._among(area.zones)
        found = whole | (self._among(area.touched) & ~self.by_point)
        if area.shape:
            doubtful = np.flatnonzero(self._among(area.partial) & self.by_point & ~whole)
            found[doubtful] = area.shape.contains(self.lat[doubtful], self.lon[doubtful])
        return found

    def told(self, area: Area) -> Flags:
        """Phones of an area, without those that are told before."""
        if area.everybody:
            return np.ones(len(self.numbers), dtype=np.bool_)
        found = self.phones_of(self.reached(area))
        return found & ~self.told(area.before) if area.before else found

    def _among(self, codes: Sequence[str]) -> Flags:
        chosen = np.zeros(len(self.zones) + 1, dtype=np.bool_)
        chosen[[self.zones[code] for code in codes if code in self.zones]] = True
        among: Flags = chosen[self.zone]
        return among


_held: "WeakKeyDictionary[Engine, tuple[int, Register]]" = WeakKeyDictionary()
_turn = threading.Lock()


def register(connection: Connection, generation: int) -> Register:
    """The register of a generation; read once, which takes some seconds for a million phones, and then kept until another is asked."""
    with _turn:
        held = _held.get(connection.engine)
        if held is None or held[0] != generation:
            # The former one goes first: two would not fit.
            _held.pop(connection.engine, None)
            held = _held[connection.engine] = generation, _read(connection, generation)
        return held[1]


def _read(connection: Connection, generation: int) -> Register:
    languages, zones = _Words(), _Words()
    sizes = [
        connection.scalar(select(func.count()).select_from(table).where(visible(table, generation))) or 0
        for table in (phones, place_zones)
    ]
    # Room for everything at once: pieces that are joined at the end would need it twice.
    people: _Columns = [np.empty(sizes[0], dtype=each) for each in (np.int64, np.int16, np.int64, np.bool_)]
    members: _Columns = [
        np.empty(sizes[1], dtype=each) for each in (np.int32, np.int16, np.bool_, np.float64, np.float64)
    ]
    at, at_member = 0, 0
    for known, belong in _pages(connection, generation, languages, zones):
        belong[0] += at
        at, at_member = _fill(people, known, at), _fill(members, belong, at_member)
    number, language, name, exercise = (each[:at] for each in people)
    of, zone, by_point, lat, lon = (each[:at_member] for each in members)
    return Register(
        languages=tuple(languages.numbers),
        zones=zones.numbers,
        numbers=number,
        language=language,
        household=_numbered(name),
        exercise=exercise,
        member=of,
        zone=zone,
        by_point=by_point,
        lat=lat,
        lon=lon,
    )


def _numbered(names: NDArray[np.int64]) -> NDArray[np.int32]:
    """Small numbers for large ones, the same for the same."""
    order = np.argsort(names)
    names = names[order]
    numbers = np.empty(len(names), dtype=np.int32)
    numbers[order] = np.cumsum(np.concatenate(([False], names[1:] != names[:-1]))[: len(names)], dtype=np.int32)
    return numbers


def _fill(columns: _Columns, page: _Columns, at: int) -> int:
    end = at + len(page[0])
    for column, values in zip(columns, page, strict=True):
        column[at:end] = values
    return end


def _pages(
    connection: Connection, generation: int, languages: _Words, zones: _Words
) -> Iterator[tuple[_Columns, _Columns]]:
    """Some phones at a time (number, language, household, exercise), and their memberships, each with its phone's place among them."""
    after = 0
    people = select(*_PHONE).where(visible(phones, generation)).order_by(phones.c.id).limit(_PAGE)
    belong = select(*_MEMBER).join(places, places.c.id == place_zones.c.place_id)
    belong = belong.where(visible(place_zones, generation)).order_by(place_zones.c.phone_id, place_zones.c.zone)
    while rows := _raw(connection, people.where(phones.c.id > after)):
        ids, number, language, household, exercise = zip(*rows, strict=True)
        here = _raw(connection, belong.where(place_zones.c.phone_id > after, place_zones.c.phone_id <= ids[-1]))
        after = ids[-1]
        of, zone, by_point, lat, lon = tuple(zip(*here, strict=True)) or ((),) * 5
        order, of_phone = np.array(ids, dtype=np.int64), np.array(of, dtype=np.int64)
        index = np.searchsorted(order, of_phone)
        # Without what is left of phones that do not count in this generation.
        mine = order[index.clip(max=len(order) - 1)] == of_phone
        names = (hash(name or phone) for name, phone in zip(household, number, strict=True))
        known: _Columns = [
            np.fromiter(map(int, number), np.int64, len(ids)),
            languages.of(language),
            np.fromiter(names, np.int64, len(ids)),
            np.array(exercise, np.bool_),
        ]
        belonging: _Columns = [np.array(by_point, np.bool_), np.array(lat, np.float64), np.array(lon, np.float64)]
        yield known, [index[mine], zones.of(zone)[mine], *(each[mine] for each in belonging)]


def _raw(connection: Connection, query: Select[Any]) -> Sequence[Any]:
    """Rows as the driver gives them: turning millions of values one by one would take as long as reading them."""
    text = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    return connection.exec_driver_sql(str(text)).all()

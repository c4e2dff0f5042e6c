"""Whom an area reaches: counted before a decision, and handed out in slices when the texts go.

An area reaches every place whose point is inside, or that has no point and whose zone touches it; a phone is reached
once, through whichever of its places. A live alert reaches everybody; an exercise reaches only phones flagged
`exercise`, which means "takes part in exercises too", never "only in exercises".
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, true

from broadcaster.store import generations
from broadcaster.store.areas import NO_ZONE, Area, Group, compile_area
from broadcaster.store.register import Block, Flags, Register, register
from broadcaster.store.schema import opt_outs, phones, place_zones, places

__all__ = ["OPTED_OUT", "Area", "Count", "Slice", "compile_area", "count", "expected", "opted_out", "slice_of"]

OPTED_OUT = "opted out"
#: Phones that are named one by one in a query.
_FEW = 1_000
#: Phones of the register that one query of a slice looks through.
MOST_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class Count:
    """Whom an area reaches. `phones`, `households`, `zones` and `languages` are without the excluded.

    A phone with places in several zones counts in each. `languages` is by the language of the text that a phone gets;
    `excluded_by_language` likewise, and by reason; `zone_languages` is zone → that → phones. `unplaced` phones have no
    place with a point or
    a zone: no area reaches them.
    """

    phones: int
    households: int
    zones: Mapping[str, int]
    languages: Mapping[str, int]
    excluded: Mapping[str, int]
    excluded_by_language: Mapping[str, Mapping[str, int]]
    unplaced: int
    zone_languages: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Slice:
    """Some phones of an area in order of id: (id, E.164). The next slice begins after `cursor`, unless `last`."""

    phones: Sequence[tuple[int, str]]
    excluded: Mapping[str, int]
    cursor: int
    last: bool


def slice_of(
    connection: Connection,
    area: Area,
    *,
    languages: tuple[str, ...] | None,
    not_languages: tuple[str, ...],
    lane: str,
    exercise: bool,
    after: int,
    limit: int,
) -> Slice:
    """The next phones of an area after the phone id `after`: at most `limit`, the excluded among them.

    `languages` None means all but `not_languages`. It may return fewer than `limit` and still not be the last.
    """
    wanted = [*_in_force(area, exercise), *_of_language(languages, not_languages)]
    found: list[tuple[int, str]] = []
    opted_out, window = 0, limit
    while True:
        room = limit - len(found) - opted_out
        end, last = _window(connection, after, window)
        rows = _candidates(connection, area, lane, wanted, after, end, room)
        reached = _reached(connection, area, after, rows)
        for number, phone, away in rows:
            if reached is not None and number not in reached:
                continue
            if away:
                opted_out += 1
            else:
                found.append((number, phone))
        if len(rows) == room:
            after, last = rows[-1].id, False
        else:
            after = end
        if last or len(found) + opted_out > limit // 2:
            return Slice(found, {OPTED_OUT: opted_out} if opted_out else {}, after, last)
        # Few of these were meant: more of the register is looked through at a time.
        window = min(2 * window, MOST_AT_ONCE)


def _window(connection: Connection, after: int, size: int) -> tuple[int, bool]:
    """Where the next `size` phones of the register end, and whether none are behind them.

    A query between two ids costs what lies between them. Without an end PostgreSQL joins all that is left of the register for each slice.
    """
    ids = select(phones.c.id).where(phones.c.id > after).order_by(phones.c.id).limit(size).subquery()
    end, number = connection.execute(select(func.max(ids.c.id), func.count())).one()
    return end or after, number < size


def count(connection: Connection, area: Area, *, languages: Sequence[str], lane: str, exercise: bool) -> Count:
    """Count whom an area reaches with an alert in `languages`, the first of which is the fallback."""
    held = register(connection, area.generation)
    away = held.away(connection, lane)
    totals = _Totals(held)
    for block in held.blocks():
        totals.add(block, area, away, exercise)
    of_text, excluded = (_by_language(held, number, languages) for number in (totals.there, totals.away))
    of_zone: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (zone, language), number in sorted(totals.by_zone().items()):
        of_zone[zone][language if language in languages else languages[0]] += number
    return Count(
        phones=of_text.total(),
        households=int(np.count_nonzero(totals.homes)),
        zones={zone: each.total() for zone, each in of_zone.items()},
        languages=dict(of_text),
        excluded={OPTED_OUT: excluded.total()} if excluded else {},
        excluded_by_language={language: {OPTED_OUT: number} for language, number in excluded.items()},
        unplaced=totals.unplaced,
        zone_languages={zone: dict(each) for zone, each in of_zone.items()},
    )


def expected(
    connection: Connection, groups: Sequence[Group], *, languages: Sequence[str], exercise: bool
) -> dict[str, list[int]]:
    """Language of a text → phones of each group, the excluded among them. `languages` as in `count`."""
    held = register(connection, groups[0].area.generation)
    totals = [np.zeros(len(held.languages), dtype=np.int64) for _ in groups]
    for block in held.blocks():
        for total, group in zip(totals, groups, strict=True):
            _add(total, block.language[block.told(group.area) & block.who(exercise)])
    found = [_by_language(held, total, languages) for total in totals]
    return {language: [each[language] for each in found] for language in languages}


class _Totals:
    """What has been counted of an area, block by block: phones by language, homes that have one of them, phones by zone and language."""

    def __init__(self, held: Register) -> None:
        self._held = held
        self.there, self.away = (np.zeros(len(held.languages), dtype=np.int64) for _ in range(2))
        self.homes: Flags = np.zeros(held.households, dtype=np.bool_)
        self.unplaced = 0
        self._pairs = np.zeros(len(held.zones) * len(held.languages), dtype=np.int64)

    def add(self, block: Block, area: Area, away: NDArray[np.int64], exercise: bool) -> None:
        """Count the phones of a block that the area reaches, those in `away` (ids in order) apart."""
        counts, members = block.who(exercise), block.reached(area)
        reached = block.told(area, members) & counts
        gone = reached & block.among(away)
        there = reached & ~gone
        _add(self.there, block.language[there])
        _add(self.away, block.language[gone])
        self.homes[block.household[there]] = True
        self.unplaced += int((counts & ~block.placed).sum())
        chosen = np.flatnonzero(members & there[block.member])
        phone, zone = block.member[chosen], block.zone[chosen].astype(np.int64)
        # A phone with several places in a zone is in it once; they stand side by side.
        once = np.concatenate(([True], (phone[1:] != phone[:-1]) | (zone[1:] != zone[:-1])))[: len(chosen)]
        _add(self._pairs, zone[once] * len(self._held.languages) + block.language[phone[once]])

    def by_zone(self) -> Mapping[tuple[str, str], int]:
        """(zone, language of the phone) → phones that are reached through the zone."""
        codes, languages = list(self._held.zones), self._held.languages
        found = {}
        for pair in np.flatnonzero(self._pairs).tolist():
            code, language = divmod(pair, len(languages))
            if codes[code] != NO_ZONE:
                found[codes[code], languages[language]] = int(self._pairs[pair])
        return found


def _add(total: NDArray[np.int64], numbers: NDArray[Any]) -> None:
    """Count how often each number occurs, onto what was counted before."""
    total += np.bincount(numbers, minlength=len(total))


def _by_language(held: Register, phones_of: NDArray[np.int64], languages: Sequence[str]) -> Counter[str]:
    """How many phones get a text in which language; `phones_of` counts them by their own."""
    found: Counter[str] = Counter()
    for number, language in zip(phones_of.tolist(), held.languages, strict=True):
        if number:
            found[language if language in languages else languages[0]] += number
    return found


def opted_out(connection: Connection, area: Area, *, lane: str, exercise: bool) -> int:
    """How many phones of an area are off the lane now: quick, because few people say stop."""
    # From the few to the many, by hand: joined, every phone of the register would be looked at.
    away = connection.scalars(select(opt_outs.c.phone).where(opt_outs.c.lane == lane)).all()
    found = 0
    for start in range(0, len(away), _FEW):
        some = phones.c.phone.in_(away[start : start + _FEW])
        mine = select(phones.c.id).where(some, *_in_force(area, exercise), _reach(area))
        rows = sorted(connection.execute(mine).all())
        reached = _reached(connection, area, 0, rows, place_zones.c.phone_id.in_([row.id for row in rows]))
        found += len(rows) if reached is None else len(reached)
    return found


def _in_force(area: Area, exercise: bool) -> list[ColumnElement[bool]]:
    counts = generations.visible(phones, area.generation)
    return [counts, phones.c.exercise] if exercise else [counts]


def _of_language(languages: tuple[str, ...] | None, others: tuple[str, ...]) -> list[ColumnElement[bool]]:
    if languages is not None:
        return [phones.c.language.in_(languages)]
    return [phones.c.language.not_in(others)] if others else []


def _with_opt_outs(lane: str) -> Any:
    return phones.outerjoin(opt_outs, and_(opt_outs.c.phone == phones.c.phone, opt_outs.c.lane == lane))


def _member(area: Area) -> ColumnElement[bool]:
    """Rows of place_zones through which a place is reached, or may be: then its point must be looked at."""
    # Hidden in a function, so that the database looks by phone and not once for every zone of the list.
    zone = func.coalesce(place_zones.c.zone, "")
    if area.everybody:
        return zone != NO_ZONE
    ways: list[ColumnElement[bool]] = [zone.in_(area.zones)]
    if area.touched:
        ways.append(and_(zone.in_(area.touched), ~place_zones.c.by_point))
    if area.shape:
        box = area.shape.bounds
        spot = places.alias("spot")
        within = spot.c.lat.between(box.south, box.north), spot.c.lon.between(box.west, box.east)
        near = exists().where(spot.c.id == place_zones.c.place_id, *within).correlate(place_zones)
        ways.append(and_(zone.in_(area.partial), place_zones.c.by_point, near))
    return or_(*ways)


def _reach(area: Area, *only: ColumnElement[bool]) -> ColumnElement[bool]:
    """Phones that an area reaches; `only` says again, of memberships, what is said of the phones."""
    if area.everybody:
        return true()
    mine = place_zones.c.phone_id == phones.c.id
    counts = generations.visible(place_zones, area.generation)
    here = exists().where(mine, counts, _member(area), *only).correlate(phones)
    return and_(here, ~_reach(area.before, *only)) if area.before else here


def _candidates(
    connection: Connection, area: Area, lane: str, wanted: list[ColumnElement[bool]], after: int, end: int, limit: int
) -> Sequence[Any]:
    """Phones of the area up to the id `end`, or of a drawn one those that have a place near: id, phone, opted_out."""
    query = select(phones.c.id, phones.c.phone, opt_outs.c.phone.is_not(None).label("opted_out"))
    query = query.select_from(_with_opt_outs(lane)).where(phones.c.id > after, phones.c.id <= end, *wanted)
    reach = _reach(area, place_zones.c.phone_id > after, place_zones.c.phone_id <= end)
    return connection.execute(query.where(reach).order_by(phones.c.id).limit(limit)).all()


def _reached(
    connection: Connection, area: Area, after: int, rows: Sequence[Any], *only: ColumnElement[bool]
) -> dict[int, set[str]] | None:
    """Of the candidates of a drawn area, the phones that are reached and through which zones; None: all of them are."""
    if not area.shape:
        return None
    if not rows:
        return {}
    z = place_zones
    query = select(z.c.phone_id, z.c.zone, z.c.by_point, places.c.lat, places.c.lon)
    query = query.select_from(z.join(places, places.c.id == z.c.place_id))
    query = query.where(z.c.phone_id > after, z.c.phone_id <= rows[-1].id, _member(area), *only)
    members = connection.execute(query.where(generations.visible(z, area.generation))).all()
    whole = set(area.zones)
    doubtful = [row for row in members if row.by_point and row.zone not in whole]
    lats = np.array([row.lat for row in doubtful], dtype=np.float64)
    lons = np.array([row.lon for row in doubtful], dtype=np.float64)
    inside = {id(row) for row, flag in zip(doubtful, area.shape.contains(lats, lons), strict=True) if flag}
    reached: dict[int, set[str]] = {}
    for row in members:
        if id(row) in inside or row.zone in whole or not row.by_point:
            reached.setdefault(row.phone_id, set()).add(row.zone)
    return reached

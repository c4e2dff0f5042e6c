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
from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, true

from broadcaster.store import generations
from broadcaster.store.areas import NO_ZONE, Area, Group, compile_area
from broadcaster.store.schema import opt_outs, phones, place_zones, places

__all__ = ["OPTED_OUT", "Area", "Count", "Slice", "compile_area", "count", "expected", "opted_out", "slice_of"]

OPTED_OUT = "opted out"
#: Phones looked at together when a drawn area is counted.
_PAGE = 10_000
#: Phones that are named one by one in a query.
_FEW = 1_000


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
    opted_out = 0
    while True:
        room = limit - len(found) - opted_out
        rows = _candidates(connection, area, lane, wanted, after, room)
        reached = _reached(connection, area, after, rows)
        for row in rows:
            if reached is not None and row.id not in reached:
                continue
            if row.opted_out:
                opted_out += 1
            else:
                found.append((row.id, row.phone))
        after = rows[-1].id if rows else after
        last = len(rows) < room
        if last or len(found) + opted_out > limit // 2:
            return Slice(found, {OPTED_OUT: opted_out} if opted_out else {}, after, last)


def count(connection: Connection, area: Area, *, languages: Sequence[str], lane: str, exercise: bool) -> Count:
    """Count whom an area reaches with an alert in `languages`, the first of which is the fallback."""
    tally = _count_drawn if area.shape else _count_zones
    found = tally(connection, area, lane, _in_force(area, exercise))
    of_text: Counter[str] = Counter()
    excluded: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (language, opted_out), number in found.groups.items():
        text = language if language in languages else languages[0]
        if opted_out:
            excluded[text][OPTED_OUT] += number
        else:
            of_text[text] += number
    total: Counter[str] = sum(excluded.values(), Counter())
    of_zone: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (zone, language), number in sorted(found.zones.items()):
        of_zone[zone][language if language in languages else languages[0]] += number
    return Count(
        phones=of_text.total(),
        households=found.households,
        zones={zone: each.total() for zone, each in of_zone.items()},
        languages=dict(of_text),
        excluded=dict(total),
        excluded_by_language={language: dict(each) for language, each in excluded.items()},
        unplaced=_unplaced(connection, _in_force(area, exercise)),
        zone_languages={zone: dict(each) for zone, each in of_zone.items()},
    )


def expected(
    connection: Connection, groups: Sequence[Group], counted: Count, *, languages: Sequence[str], exercise: bool
) -> dict[str, list[int]]:
    """Language of a text → phones of each group, the excluded among them; `counted` is the count of all groups together.

    `languages` as in `count`. Whom several groups reach counts in the first of them.
    """
    found = {
        language: [counted.languages.get(language, 0) + sum(counted.excluded_by_language.get(language, {}).values())]
        for language in languages
    }
    for group in groups[:-1]:
        of_text: Counter[str] = Counter()
        mine = (*_in_force(group.area, exercise), _reach(group.area))
        query = select(phones.c.language, func.count()).where(*mine).group_by(phones.c.language)
        for language, number in connection.execute(query):
            of_text[language if language in languages else languages[0]] += number
        for language, numbers in found.items():
            numbers.insert(-1, of_text[language])
            numbers[-1] -= of_text[language]
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


@dataclass(slots=True)
class _Tally:
    """Numbers of reached phones by (language of the phone, opted out), of households, and by (zone, language of the phone)."""

    groups: Counter[tuple[str, bool]]
    households: int
    zones: Mapping[tuple[str, str], int]


def _count_zones(connection: Connection, area: Area, lane: str, wanted: list[ColumnElement[bool]]) -> _Tally:
    """By three statements: an area of whole zones needs nobody's coordinates."""
    reached = and_(*wanted, _reach(area))
    opted_out = opt_outs.c.phone.is_not(None)
    groups = select(phones.c.language, opted_out, func.count()).select_from(_with_opt_outs(lane)).where(reached)
    # A phone without household is a household of its own; a phone number cannot be the name of one (it begins with +).
    household = case((phones.c.household == "", phones.c.phone), else_=phones.c.household)
    households = select(func.count(household.distinct())).select_from(_with_opt_outs(lane)).where(reached, ~opted_out)
    z = place_zones
    of_zone = select(z.c.zone, phones.c.language, func.count(phones.c.id.distinct())).group_by(
        z.c.zone, phones.c.language
    )
    of_zone = of_zone.select_from(_with_opt_outs(lane).join(z, z.c.phone_id == phones.c.id))
    of_zone = of_zone.where(*wanted, ~opted_out, generations.visible(z, area.generation), _member(area))
    return _Tally(
        Counter(
            {
                (row[0], bool(row[1])): row[2]
                for row in connection.execute(groups.group_by(phones.c.language, opted_out))
            }
        ),
        connection.scalar(households) or 0,
        {(row[0], row[1]): row[2] for row in connection.execute(of_zone)},
    )


def _count_drawn(connection: Connection, area: Area, lane: str, wanted: list[ColumnElement[bool]]) -> _Tally:
    """Page by page: whether a point is inside is not a question for SQL."""
    groups: Counter[tuple[str, bool]] = Counter()
    households: set[str] = set()
    of_zone: Counter[tuple[str, str]] = Counter()
    after = 0
    while rows := _candidates(connection, area, lane, wanted, after, _PAGE):
        reached = _reached(connection, area, after, rows) or {}
        for row in rows:
            if row.id not in reached:
                continue
            groups[row.language, bool(row.opted_out)] += 1
            if not row.opted_out:
                households.add(row.household or row.phone)
                of_zone.update((zone, row.language) for zone in reached[row.id] if zone)
        after = rows[-1].id
    return _Tally(groups, len(households), of_zone)


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


def _reach(area: Area) -> ColumnElement[bool]:
    if area.everybody:
        return true()
    mine = place_zones.c.phone_id == phones.c.id
    counts = generations.visible(place_zones, area.generation)
    here = exists().where(mine, counts, _member(area)).correlate(phones)
    return and_(here, ~_reach(area.before)) if area.before else here


def _candidates(
    connection: Connection, area: Area, lane: str, wanted: list[ColumnElement[bool]], after: int, limit: int
) -> Sequence[Any]:
    """Phones of the area, or of a drawn one those that have a place near: id, phone, language, household, opted_out."""
    columns = phones.c.id, phones.c.phone, phones.c.language, phones.c.household
    query = select(*columns, opt_outs.c.phone.is_not(None).label("opted_out")).select_from(_with_opt_outs(lane))
    query = query.where(phones.c.id > after, *wanted, _reach(area)).order_by(phones.c.id).limit(limit)
    return connection.execute(query).all()


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


def _unplaced(connection: Connection, wanted: list[ColumnElement[bool]]) -> int:
    nowhere = ~exists().where(place_zones.c.phone_id == phones.c.id).correlate(phones)
    return connection.scalar(select(func.count()).select_from(phones).where(*wanted, nowhere)) or 0

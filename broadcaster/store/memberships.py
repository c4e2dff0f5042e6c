"""Which places belong to which zones by their points, and what changes when zones are drawn anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection, bindparam, func, select, update

from broadcaster.store import geo
from broadcaster.store.areas import NO_ZONE
from broadcaster.store.bulk import insert_rows
from broadcaster.store.generations import visible
from broadcaster.store.schema import phones, place_zones, places

#: (phone id, place id, zone)
Member = tuple[int, int, str]
COLUMNS = ("phone_id", "zone", "place_id", "since_generation", "by_point")


@dataclass(frozen=True, slots=True)
class Pointed:
    """A place with a point, and the zones it belongs to."""

    phone_id: int
    place_id: int
    lat: float
    lon: float
    zones: set[str] = field(default_factory=set)


def zones_of(
    lats: Sequence[float], lons: Sequence[float], shapes: Mapping[str, geo.Shape]
) -> Sequence[tuple[str, ...]]:
    """For every point, in order, the areas in which it lies."""
    found: list[tuple[str, ...]] = [()] * len(lats)
    for zone, indexes in geo.members(shapes, np.array(lats, dtype=np.float64), np.array(lons, dtype=np.float64)):
        for index in indexes.tolist():
            found[index] += (zone,)
    return found


def points(connection: Connection, generation: int) -> int:
    """How many places with a point are in force."""
    query = select(func.count()).select_from(places.join(phones, phones.c.id == places.c.phone_id))
    return connection.scalar(query.where(visible(phones, generation), places.c.lat.is_not(None))) or 0


def page(connection: Connection, generation: int, after: int, size: int) -> tuple[list[Pointed], int]:
    """Places with a point of the next phones, about `size` of them, and the phone id at which they end."""
    query = select(places.c.phone_id, places.c.id, places.c.lat, places.c.lon)
    query = query.join(phones, phones.c.id == places.c.phone_id)
    query = query.where(phones.c.id > after, visible(phones, generation), places.c.lat.is_not(None))
    rows = connection.execute(query.order_by(places.c.phone_id, places.c.id).limit(size)).all()
    if not rows:
        return [], after
    end = rows[-1].phone_id
    # The last phone may have more places than fitted.
    rows = [row for row in rows if row.phone_id < end]
    rows += connection.execute(query.where(phones.c.id == end)).all()
    found = {row.id: Pointed(row.phone_id, row.id, row.lat, row.lon) for row in rows}
    z = place_zones
    members = select(z.c.place_id, z.c.zone).where(z.c.phone_id > after, z.c.phone_id <= end, z.c.by_point)
    for place_id, zone in connection.execute(members.where(visible(z, generation))):
        if place_id in found:
            found[place_id].zones.add(zone)
    return list(found.values()), end


def compare(page: Sequence[Pointed], shapes: Mapping[str, geo.Shape]) -> tuple[list[Member], list[Member]]:
    """What joins and what leaves when the zones in `shapes` are drawn as they are there; other zones stay."""
    joins: list[Member] = []
    leaves: list[Member] = []
    inside = zones_of([place.lat for place in page], [place.lon for place in page], shapes)
    for place, found in zip(page, inside, strict=True):
        now = (place.zones - shapes.keys() - {NO_ZONE} | set(found)) or {NO_ZONE}
        joins += [(place.phone_id, place.place_id, zone) for zone in sorted(now - place.zones)]
        leaves += [(place.phone_id, place.place_id, zone) for zone in sorted(place.zones - now)]
    return joins, leaves


def change(tx: Connection, joins: Sequence[Member], leaves: Sequence[Member], generation: int) -> None:
    """Let these memberships begin and end with `generation`."""
    z = place_zones
    insert_rows(tx, z, COLUMNS, [(phone, zone, place, generation, True) for phone, place, zone in joins])
    if leaves:
        mine = (
            z.c.phone_id == bindparam("of_phone"),
            z.c.place_id == bindparam("of_place"),
            z.c.zone == bindparam("old"),
        )
        end = update(z).where(*mine, z.c.gone_generation.is_(None), z.c.since_generation < generation)
        rows = [{"of_phone": phone, "of_place": place, "old": zone} for phone, place, zone in leaves]
        tx.execute(end.values(gone_generation=generation), rows)

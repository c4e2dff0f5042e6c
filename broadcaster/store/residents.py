"""The register of residents in the database: what is known of some phones, what changes, and everything in order."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, String, func, select, update

from broadcaster.store import geo, memberships
from broadcaster.store.areas import NO_ZONE
from broadcaster.store.bulk import insert_rows
from broadcaster.store.generations import Generation, current, visible
from broadcaster.store.memberships import zones_of
from broadcaster.store.records import packed, records
from broadcaster.store.resident_records import Place, Resident
from broadcaster.store.schema import phones, place_zones, places

_PHONE = (
    "id",
    "phone",
    "language",
    "basis",
    "consent_at",
    "household",
    "exercise",
    "source",
    "digest",
    "since_generation",
)
_PLACE = ("id", "phone_id", "name", "lat", "lon")


@dataclass(slots=True)
class Change:
    """What one slice of an import does: phones that are new or said anew, and the ids of rows that go."""

    put: list[Resident] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)


def digests(connection: Connection, numbers: Sequence[str], generation: int) -> dict[str, tuple[int, str]]:
    """Row id and digest of those of the phones that are known, by phone."""
    asked = records(connection.dialect.name, phone=String())["phone"]
    query = select(phones.c.phone, phones.c.id, phones.c.digest).where(
        phones.c.phone == asked, visible(phones, generation)
    )
    rows = connection.execute(query, packed([{"phone": number} for number in numbers]))
    return {phone: (number, digest) for phone, number, digest in rows}


def anybody(connection: Connection, generation: int) -> bool:
    """Whether any phone is in force."""
    return connection.scalar(select(phones.c.id).where(visible(phones, generation)).limit(1)) is not None


def known(connection: Connection, numbers: Sequence[str], generation: int) -> dict[str, tuple[int, Resident]]:
    """Row id and everything known of those of the phones that are known, by phone."""
    query = select(phones).where(phones.c.phone.in_(numbers), visible(phones, generation))
    return {resident.phone: (row_id, resident) for row_id, resident in _whole(connection, query, generation)}


def by_phone(connection: Connection, phone: str) -> Resident | None:
    """What is in force about one phone (E.164)."""
    found = known(connection, [phone], current(connection)).get(phone)
    return found[1] if found else None


def everyone(connection: Connection, generation: int, page: int = 2_000) -> Iterator[tuple[int, Resident]]:
    """All residents with their row ids in order of these, a page in memory at a time."""
    after = 0
    while True:
        query = select(phones).where(phones.c.id > after, visible(phones, generation))
        rows = _whole(connection, query.order_by(phones.c.id).limit(page), generation)
        yield from rows
        if len(rows) < page:
            return
        after = rows[-1][0]


def _whole(connection: Connection, query: Any, generation: int) -> list[tuple[int, Resident]]:
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    told: defaultdict[int, list[str]] = defaultdict(list)
    z = place_zones
    of_these = select(z.c.place_id, z.c.zone).where(z.c.phone_id.in_(ids), ~z.c.by_point, visible(z, generation))
    for place_id, zone in connection.execute(of_these.order_by(z.c.zone)):
        told[place_id].append(zone)
    at: defaultdict[int, list[Place]] = defaultdict(list)
    for row in connection.execute(select(places).where(places.c.phone_id.in_(ids)).order_by(places.c.id)):
        at[row.phone_id].append(Place(row.name, row.lat, row.lon, tuple(told[row.id])))
    return [
        (
            row.id,
            Resident(
                row.phone,
                row.language,
                row.basis,
                row.consent_at,
                row.household,
                row.exercise,
                row.source,
                tuple(at[row.id]),
            ),
        )
        for row in rows
    ]


def numbers_after(connection: Connection, generation: int, after: int, limit: int) -> Sequence[Any]:
    """The next (id, phone) in order of ids."""
    query = select(phones.c.id, phones.c.phone).where(phones.c.id > after, visible(phones, generation))
    return connection.execute(query.order_by(phones.c.id).limit(limit)).all()


def count(connection: Connection, generation: int) -> int:
    """How many phones are in force."""
    return connection.scalar(select(func.count()).select_from(phones).where(visible(phones, generation))) or 0


def let_go(tx: Connection, ids: Sequence[int], generation: int) -> None:
    """These rows do not count from `generation` on."""
    tx.execute(update(phones).where(phones.c.id.in_(ids)).values(gone_generation=generation))


@dataclass(frozen=True, slots=True)
class Rows:
    """A slice of an import, ready to be written: ids of rows that go, and rows that come.

    `generation` has its counters moved on; `outside` counts places whose point lies in no zone.
    """

    generation: Generation
    gone: Sequence[int]
    phones: Sequence[tuple[Any, ...]]
    places: Sequence[tuple[Any, ...]]
    members: Sequence[tuple[Any, ...]]
    outside: int


def prepare(change: Change, generation: Generation, zones: Mapping[str, geo.Shape]) -> Rows:
    """Work out what to write for a change, so that no transaction waits for it."""
    phone_id, place_id = generation.last_phone_id, generation.last_place_id
    phone_rows, place_rows, members = [], [], []
    pointed: list[tuple[int, int]] = []
    lats, lons = list[float](), list[float]()
    for resident in change.put:
        phone_id += 1
        *known, places_of = resident
        phone_rows.append((phone_id, *known, resident.digest(), generation.id))
        for name, lat, lon, told in places_of:
            place_id += 1
            place_rows.append((place_id, phone_id, name, lat, lon))
            if told:
                members += [(phone_id, zone, place_id, generation.id, False) for zone in told]
            if lat is not None and lon is not None:
                pointed.append((phone_id, place_id))
                lats.append(lat)
                lons.append(lon)
    outside = 0
    for (of, place), found in zip(pointed, zones_of(lats, lons, zones), strict=True):
        outside += not found
        members += [(of, zone, place, generation.id, True) for zone in found or (NO_ZONE,)]
    moved = replace(generation, last_phone_id=phone_id, last_place_id=place_id)
    return Rows(moved, change.gone, phone_rows, place_rows, members, outside)


def write(tx: Connection, rows: Rows) -> None:
    """Write what was prepared."""
    if rows.gone:
        let_go(tx, rows.gone, rows.generation.id)
    insert_rows(tx, phones, _PHONE, rows.phones)
    insert_rows(tx, places, _PLACE, rows.places)
    insert_rows(tx, place_zones, memberships.COLUMNS, rows.members)

"""The city's own list of households: read from CSV, kept beside the register, so that who has no number can be found."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Connection, delete, func, or_, select, update

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.store import geo
from broadcaster.store.bulk import insert_rows
from broadcaster.store.schema import address_lists, households

#: household as in the register's column of that name, place as words, and where: a point, else zones.
COLUMNS = ("household", "place", "lat", "lon", "zones")
#: Bytes of a list: some half a million households.
MAX_BYTES = 64 * 2**20
_ROW = ("list_id", *COLUMNS)


@dataclass(frozen=True, slots=True)
class Household:
    """One household. `lat` None: only its zones are known."""

    household: str
    place: str
    lat: float | None
    lon: float | None
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What a file held, and the lines that could not be used: (number, reason)."""

    households: tuple[Household, ...]
    refused: tuple[tuple[int, str], ...]


def read(data: bytes, name: str, zones: frozenset[str]) -> Read:
    """Read a CSV with the columns household, place, lat, lon, zones; comma, semicolon or tab. Invalid when it is none."""
    if len(data) > MAX_BYTES:
        raise Invalid([Problem(name, f"is larger than {MAX_BYTES // 2**20} MB", "Import it in parts of the city.")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    header = text.partition("\n")[0].strip()
    delimiter = max(",;\t", key=header.count)
    columns = [cell.strip().lower() for cell in header.split(delimiter)]
    unknown = [cell for cell in columns if cell not in COLUMNS]
    if unknown or not {"household", "place"} & set(columns) or len(set(columns)) != len(columns):
        said = f"there is no column {unknown[0][:40]!r}" if unknown else "the column household or place is missing"
        raise Invalid([Problem(f"{name}:1", said, f"The header is {','.join(COLUMNS)}.")])
    found, refused = [], []
    for number, line in enumerate(csv.DictReader(io.StringIO(text.replace("\0", "")), columns, delimiter=delimiter), 1):
        if number == 1:
            continue
        cells = {key: (line.get(key) or "").strip() for key in COLUMNS}
        if any(cells.values()):
            try:
                found.append(_household(cells, zones, delimiter))
            except ValueError as why:
                refused.append((number, str(why)))
    return Read(tuple(found), tuple(refused))


def _household(cells: dict[str, str], zones: frozenset[str], delimiter: str) -> Household:
    if not cells["household"] and not cells["place"]:
        raise ValueError("neither household nor place is filled in")
    if len(cells["household"]) > 64 or len(cells["place"]) > 120:
        raise ValueError("household has more than 64 letters, or place more than 120")
    codes = tuple(dict.fromkeys(cells["zones"].lower().split()))
    if missing := [code for code in codes if code not in zones]:
        raise ValueError(f"there is no zone {missing[0][:64]!r}")
    lat, lon = _point(cells, delimiter)
    if lat is None and not codes:
        raise ValueError("it says nowhere: give lat and lon, or zones")
    return Household(cells["household"], cells["place"], lat, lon, codes)


def _point(cells: dict[str, str], delimiter: str) -> tuple[float | None, float | None]:
    if not cells["lat"] and not cells["lon"]:
        return None, None
    marks = ("," if delimiter != "," else ".", ".")
    try:
        lat, lon = (float(cells[name].replace(*marks)) for name in ("lat", "lon"))
    except ValueError:
        raise ValueError("lat and lon are not degrees such as -27.4698 and 153.0251") from None
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise ValueError("lat and lon are not on Earth; lat is first, from -90 to 90")
    return lat, lon


def begin(tx: Connection, source: str, now: datetime) -> int:
    """A new list that is not in force yet."""
    values = {"source": source[:120], "rows": 0, "started_at": now}
    number = tx.scalar(address_lists.insert().values(**values).returning(address_lists.c.id))
    assert number is not None
    return int(number)


def add(tx: Connection, list_id: int, found: Sequence[Household]) -> None:
    """Some of its rows."""
    rows = [(list_id, each.household, each.place, each.lat, each.lon, list(each.zones)) for each in found]
    insert_rows(tx, households, _ROW, rows)


def put_in_force(tx: Connection, list_id: int, rows: int, now: datetime) -> None:
    """From now on this list counts."""
    tx.execute(update(address_lists).where(address_lists.c.id == list_id).values(rows=rows, in_force_at=now))


def forget_others(tx: Connection, list_id: int, most: int) -> bool:
    """Remove some rows of other lists; True while there are more."""
    old = select(households.c.id).where(households.c.list_id != list_id).limit(most)
    return tx.execute(delete(households).where(households.c.id.in_(old))).rowcount == most


def current(connection: Connection) -> int:
    """The list in force; 0 when there is none."""
    return connection.scalar(select(func.max(address_lists.c.id)).where(address_lists.c.in_force_at.is_not(None))) or 0


def count(connection: Connection) -> int:
    """How many households the list in force has."""
    mine = households.c.list_id == current(connection)
    return connection.scalar(select(func.count()).select_from(households).where(mine)) or 0


def within(connection: Connection, zone: str, shape: geo.Shape) -> list[Household]:
    """Households whose point lies in a zone, and those without a point that are said to be in it."""
    box = shape.bounds
    near = households.c.lat.between(box.south, box.north) & households.c.lon.between(box.west, box.east)
    query = select(*(households.c[name] for name in COLUMNS)).where(households.c.list_id == current(connection))
    rows = connection.execute(query.where(or_(households.c.lat.is_(None), near)).order_by(households.c.id)).all()
    pointed = [row for row in rows if row.lat is not None]
    lats = np.array([row.lat for row in pointed], dtype=np.float64)
    lons = np.array([row.lon for row in pointed], dtype=np.float64)
    inside = [row for row, flag in zip(pointed, shape.contains(lats, lons), strict=True) if flag]
    told = [row for row in rows if row.lat is None and zone in row.zones]
    return [Household(row.household, row.place, row.lat, row.lon, tuple(row.zones)) for row in (*inside, *told)]

"""The zones in force: their names for texts, their outlines for maps and CAP, and which of them an area touches."""

import difflib
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from broadcaster.domain.errors import Problem
from broadcaster.domain.profile import Words
from broadcaster.store import generations, geo
from broadcaster.store.schema import zones as table
from broadcaster.store.zone_files import Zone


def listing(connection: Connection, generation: int | None = None) -> list[Zone]:
    """All zones by code, as of `generation` (default: the one in force)."""
    return _read(connection, generation, None)


def some(connection: Connection, codes: Sequence[str], generation: int | None = None) -> dict[str, Zone]:
    """The zones of these codes that exist, by code, in the order given."""
    found = {zone.code: zone for zone in _read(connection, generation, codes)}
    return {code: found[code] for code in codes if code in found}


def _read(connection: Connection, generation: int | None, codes: Sequence[str] | None) -> list[Zone]:
    generation = generations.current(connection) if generation is None else generation
    query = select(table.c.code, table.c.names, table.c.geometry, table.c.population)
    query = query.where(generations.visible(table, generation)).order_by(table.c.code)
    if codes is not None:
        query = query.where(table.c.code.in_(codes))
    return [Zone(*row) for row in connection.execute(query)]


def names(connection: Connection) -> list[Words]:
    """What every zone in force is called, per language; without its outline, which takes longer to read than all the rest."""
    in_force = generations.visible(table, generations.current(connection))
    return [dict(row.names) for row in connection.execute(select(table.c.names).where(in_force))]


def count(connection: Connection) -> int:
    """How many zones are in force."""
    in_force = generations.visible(table, generations.current(connection))
    return connection.scalar(select(func.count()).select_from(table).where(in_force)) or 0


def unknown(codes: Iterable[str], zones: Sequence[Zone], place: str) -> list[Problem]:
    """A problem, with the nearest codes, for every code that is not a zone; `place` is where the codes stand."""
    known = {zone.code for zone in zones}
    words = {name.casefold(): zone.code for zone in zones for name in (zone.code, *zone.names.values())}
    problems = []
    for index, code in enumerate(codes):
        if code in known:
            continue
        near = difflib.get_close_matches(str(code).casefold(), words, n=3, cutoff=0.6)
        cure = f"Did you mean {' or '.join(dict.fromkeys(words[each] for each in near))}?" if near else ""
        if not zones:
            cure = "Import zones first: broadcaster zones import FILE.geojson"
        problems.append(Problem(f"{place}[{index}]", f"there is no zone {str(code)[:64]!r}.", cure))
    return problems


def outline(connection: Connection, codes: Sequence[str]) -> geo.Shape | None:
    """The zones of these codes as one area; None when there are none."""
    found = some(connection, codes)
    return geo.union(zone.shape for zone in found.values()) if found else None


def touched(connection: Connection, shape: geo.Shape) -> list[Zone]:
    """The zones that have a point in common with an area, by code."""
    return [zone for zone in listing(connection) if shape.meets(zone.shape)]


def put(tx: Connection, zones: Sequence[Zone], generation: int, now: datetime) -> None:
    """Let these zones replace those of the same codes from `generation` on."""
    if not zones:
        return
    codes = [zone.code for zone in zones]
    old = table.c.code.in_(codes), table.c.gone_generation.is_(None), table.c.since_generation < generation
    tx.execute(update(table).where(*old).values(gone_generation=generation))
    rows = [
        {
            "code": zone.code,
            "names": dict(zone.names),
            "geometry": dict(zone.geometry),
            "population": zone.population,
            "since_generation": generation,
            "gone_generation": None,
            "imported_at": now,
        }
        for zone in zones
    ]
    tx.execute(table.insert(), rows)

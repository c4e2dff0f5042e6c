"""Households in: the city's own list of addresses, all at one stroke, beside the register of phones."""

from dataclasses import dataclass
from datetime import datetime

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.rules import Actor
from broadcaster.services.pacing import Pace
from broadcaster.store import address_lists, journal, zones
from broadcaster.store.database import Database

#: Refused lines that a report lists.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class AddressReport:
    """What an import did. `refused` are (line, reason), the first fifty of `refused_lines`."""

    households: int
    refused_lines: int
    refused: tuple[tuple[int, str], ...]

    def summary(self) -> str:
        """One line for a person."""
        return f"{self.households} households in force; {self.refused_lines} lines were refused"


def import_addresses(db: Database, data: bytes, *, actor: Actor, now: datetime, name: str = "-") -> AddressReport:
    """Put a CSV of households in the place of the one in force, which counts until all is written.

    Invalid when it is no such file, or none of its lines can be used.
    """
    with db.read() as connection:
        known = frozenset(zone.code for zone in zones.listing(connection))
    read = address_lists.read(data, name, known)
    if not read.households:
        why = f"line {read.refused[0][0]}: {read.refused[0][1]}" if read.refused else "it has no lines"
        raise Invalid([Problem(name, f"no line can be used; {why}")])
    with db.write() as tx:
        list_id = address_lists.begin(tx, name, now)
    start, pace = 0, Pace()
    while start < len(read.households):
        size = pace.size
        with pace, db.write() as tx:
            address_lists.add(tx, list_id, read.households[start : start + size])
        start += size
    with db.write() as tx:
        address_lists.put_in_force(tx, list_id, len(read.households), now)
        body = {"households": len(read.households), "refused": len(read.refused)}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "households imported", now, body=body)
    more = True
    while more:
        with db.write() as tx:
            more = address_lists.forget_others(tx, list_id, 1_000)
    return AddressReport(len(read.households), len(read.refused), read.refused[:SHOWN])

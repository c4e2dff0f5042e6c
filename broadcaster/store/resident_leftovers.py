"""Clearing what former and failed generations left in the tables, some phones at a time."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, func, or_, select, update

from broadcaster.store.schema import phones, place_zones, places, zones


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What nobody can see any more: rows of the generations `abandoned`, and rows that went in `newest` or before."""

    abandoned: list[int]
    newest: int

    def __bool__(self) -> bool:
        return bool(self.abandoned or self.newest)

    def useless(self, table: Table) -> ColumnElement[bool]:
        """Rows to be removed."""
        return or_(table.c.since_generation.in_(self.abandoned), table.c.gone_generation <= self.newest)

    def marked(self, table: Table) -> ColumnElement[bool]:
        """Rows that a failed generation marked as gone; they never were."""
        return table.c.gone_generation.in_(self.abandoned)


def window(connection: Connection, after: int, size: int) -> int | None:
    """The id at which `size` phone rows after `after` end; None when there are none."""
    ids = select(phones.c.id).where(phones.c.id > after).order_by(phones.c.id).limit(size).subquery()
    end: int | None = connection.scalar(select(func.max(ids.c.id)))
    return end


def any_in(connection: Connection, leftovers: Leftovers, after: int, end: int) -> bool:
    """True when something must be done about phones with ids in (after, end]."""
    of_phones = phones.c.id > after, phones.c.id <= end
    of_members = place_zones.c.phone_id > after, place_zones.c.phone_id <= end
    found = [
        exists().where(*of_phones, or_(leftovers.useless(phones), leftovers.marked(phones))),
        exists().where(*of_members, or_(leftovers.useless(place_zones), leftovers.marked(place_zones))),
    ]
    return bool(connection.scalar(select(or_(*found))))


def clear(tx: Connection, leftovers: Leftovers, after: int, end: int) -> None:
    """Remove what is useless and bring back what was marked, of phones with ids in (after, end]."""
    mine = phones.c.id > after, phones.c.id <= end
    members = place_zones.c.phone_id > after, place_zones.c.phone_id <= end
    dead = select(phones.c.id).where(*mine, leftovers.useless(phones))
    lost = or_(place_zones.c.phone_id.in_(dead), leftovers.useless(place_zones))
    tx.execute(delete(place_zones).where(*members, lost))
    tx.execute(delete(places).where(places.c.phone_id.in_(dead)))
    tx.execute(delete(phones).where(*mine, leftovers.useless(phones)))
    tx.execute(update(phones).where(*mine, leftovers.marked(phones)).values(gone_generation=None))
    tx.execute(update(place_zones).where(*members, leftovers.marked(place_zones)).values(gone_generation=None))


def clear_zones(tx: Connection, leftovers: Leftovers) -> None:
    """The same for zones, of which there are few."""
    tx.execute(delete(zones).where(leftovers.useless(zones)))
    tx.execute(update(zones).where(leftovers.marked(zones)).values(gone_generation=None))

"""Generations of residents and zones: one import at a time, in force at one stroke, no trace if it fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select, update

from broadcaster.domain.errors import Conflict
from broadcaster.store.schema import db_now, resident_generations

#: A building generation that has not said anything for so many milliseconds of the database's clock is dead.
SILENCE = 60_000
#: How long rows of a former generation stay for those who hold on to it: no fan-out takes a day.
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Generation:
    """An import under way: its id, and the highest ids of phones and places that it has given out."""

    id: int
    last_phone_id: int
    last_place_id: int


def current(connection: Connection) -> int:
    """The generation in force; 0 before the first import."""
    in_force = resident_generations.c.state == "current"
    return connection.scalar(select(func.max(resident_generations.c.id)).where(in_force)) or 0


def visible(table: Table, generation: int) -> ColumnElement[bool]:
    """Rows of `table` (or an alias of it) that count in `generation`."""
    gone = table.c.gone_generation
    return and_(table.c.since_generation <= generation, or_(gone.is_(None), gone > generation))


def bury(tx: Connection) -> None:
    """Mark an import abandoned whose process has said nothing for a minute."""
    table = resident_generations
    silent = table.c.state == "building", table.c.alive_at <= db_now() - SILENCE
    tx.execute(update(table).where(*silent).values(state="abandoned"))


def begin(tx: Connection, mode: str, source: str, now: datetime) -> Generation:
    """Open the next generation. Conflict while another import is under way, or its remains were not cleared."""
    if tx.dialect.name == "postgresql":
        # Two imports that begin at once would not see each other's row; readers are not hindered.
        tx.exec_driver_sql("LOCK TABLE resident_generations IN SHARE ROW EXCLUSIVE MODE")
    table = resident_generations
    remains = and_(table.c.state == "abandoned", table.c.cleaned_at.is_(None))
    other = tx.scalar(select(table.c.mode).where(or_(table.c.state == "building", remains)))
    if other:
        raise Conflict(
            f"another import ({other}) is under way; wait until it ends (a dead one is cleared after a minute)"
        )
    phone, place = tx.execute(select(func.max(table.c.last_phone_id), func.max(table.c.last_place_id))).one()
    values: dict[str, Any] = {
        "state": "building",
        "mode": mode,
        "source": source[:120],
        "report": {},
        "started_at": now,
    }
    ids = {"last_phone_id": phone or 0, "last_place_id": place or 0}
    made = tx.execute(table.insert().values(alive_at=db_now(), **values, **ids).returning(table.c.id))
    return Generation(id=made.scalar_one(), **ids)


def renew(tx: Connection, generation: Generation) -> None:
    """First statement of every slice: say that this import lives, keep its counters. Conflict when it was given up."""
    table = resident_generations
    mine = update(table).where(table.c.id == generation.id, table.c.state == "building")
    ids = {"last_phone_id": generation.last_phone_id, "last_place_id": generation.last_place_id}
    if tx.execute(mine.values(alive_at=db_now(), **ids)).rowcount != 1:
        raise Conflict("this import was silent too long and has been given up; start it again")


def flip(tx: Connection, generation: Generation, report: Mapping[str, object], now: datetime) -> None:
    """Put the generation in force: the one statement by which all of an import counts at once."""
    renew(tx, generation)
    table = resident_generations
    tx.execute(update(table).where(table.c.state == "current").values(state="former"))
    mine = update(table).where(table.c.id == generation.id)
    tx.execute(mine.values(state="current", report=dict(report), finished_at=now))


def give_up(tx: Connection, generation: Generation) -> None:
    """Leave an import that cannot end well; the next one, or the sweep, clears what it left."""
    table = resident_generations
    mine = table.c.id == generation.id, table.c.state == "building"
    tx.execute(update(table).where(*mine).values(state="abandoned"))


def leftovers(connection: Connection, now: datetime) -> tuple[list[int], int]:
    """What may be cleared: ids of abandoned generations, and the newest one whose predecessors nobody can still see.

    Rows that went in that one or earlier are of no use to anybody; 0 when there are none.
    """
    table = resident_generations
    unclean = select(table.c.id).where(table.c.cleaned_at.is_(None))
    abandoned = connection.scalars(unclean.where(table.c.state == "abandoned").order_by(table.c.id)).all()
    finished = unclean.where(table.c.state.in_(("current", "former")), table.c.finished_at < now - KEPT)
    newest = connection.scalar(select(func.max(finished.subquery().c.id)))
    return list(abandoned), newest or 0


def mark_cleaned(tx: Connection, abandoned: list[int], newest: int, now: datetime) -> None:
    """Remember that the rows of `leftovers` are no more."""
    table = resident_generations
    done = or_(table.c.id.in_(abandoned), and_(table.c.id <= newest, table.c.state.in_(("current", "former"))))
    tx.execute(update(table).where(done, table.c.cleaned_at.is_(None)).values(cleaned_at=now))

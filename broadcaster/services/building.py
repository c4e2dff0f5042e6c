"""One generation of residents or zones under way: short slices, then in force at one stroke, or cleared away."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType

from sqlalchemy import Connection

from broadcaster.clock import uptime
from broadcaster.domain.rules import Actor
from broadcaster.services.pacing import Pace
from broadcaster.store import generations, journal, register_files, resident_leftovers
from broadcaster.store.database import Database
from broadcaster.store.resident_leftovers import Leftovers


class Building:
    """Use as a context: what is not finished at its end is given up and cleared, and the former generation stays."""

    def __init__(self, db: Database, mode: str, source: str, now: datetime) -> None:
        """Conflict while another import is under way. `now` is when this one began."""
        self._db, self._now = db, now
        self._finished = False
        clean_up(db, now)
        with db.write() as tx:
            self.base = generations.current(tx)
            self.generation = generations.begin(tx, mode, source, now)
        self._said = uptime()

    def __enter__(self) -> "Building":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._finished:
            return
        with self._db.write() as tx:
            generations.give_up(tx, self.generation)
        # A person who pressed Ctrl-C does not wait for this; the next import does it.
        if kind is None or issubclass(kind, Exception):
            clean_up(self._db, self._now)

    @contextmanager
    def slice(self) -> Iterator[Connection]:
        """One write transaction under this generation; Conflict, and nothing written, if it was given up meanwhile."""
        with self._db.write() as tx:
            generations.renew(tx, self.generation)
            before = self.generation
            yield tx
            if self.generation is not before:
                generations.renew(tx, self.generation)

    def _live(self) -> None:
        """Say now and then that this import lives, while it does something else than write."""
        if uptime() - self._said > generations.SILENCE / 1000 / 6:
            with self._db.write() as tx:
                generations.renew(tx, self.generation)
            self._said = uptime()

    def finish(self, actor: Actor, action: str, body: Mapping[str, object]) -> None:
        """Put the generation in force and write it into the journal, together; the register that is counted is ready by then."""
        with self._db.read() as connection:
            register_files.prepare(connection, self.generation.id, self._live)
        with self._db.write() as tx:
            generations.flip(tx, self.generation, body, self._now)
            entry = {"generation": self.generation.id, **body}
            journal.append(tx, journal.SYSTEM_CHAIN, actor, action, self._now, body=entry)
        self._finished = True


def clean_up(db: Database, now: datetime) -> int:
    """Remove what failed imports left, and what went out of force more than a day ago; returns how many slices it took.

    Safe at any time and beside any import; a sweeper may call it once an hour.
    """
    with db.write() as tx:
        generations.bury(tx)
    with db.read() as connection:
        leftovers = Leftovers(*generations.leftovers(connection, now))
    if not leftovers:
        return 0
    pace, after, slices = Pace(), 0, 0
    while True:
        with db.read() as connection:
            end = resident_leftovers.window(connection, after, pace.size)
            if end is None:
                break
            anything = resident_leftovers.any_in(connection, leftovers, after, end)
        if anything:
            with pace, db.write() as tx:
                resident_leftovers.clear(tx, leftovers, after, end)
            slices += 1
        after = end
    with db.write() as tx:
        resident_leftovers.clear_zones(tx, leftovers)
        generations.mark_cleaned(tx, leftovers.abandoned, leftovers.newest, now)
    return slices + 1

"""Where the lines of an import wait until all are read: a private file on disk that no name leads to.

It is sorted by phone, so that the several lines of one phone meet however far apart they stood, with memory that does
not grow with the file.
"""

import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from broadcaster.store.resident_files import Refused
from broadcaster.store.resident_records import Place, Resident


class Staging:
    """Holds the lines of one import. Closing it, or the end of the process, removes everything."""

    def __init__(self) -> None:
        # The empty name is SQLite's own word for a file that is deleted as soon as it is opened.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA cache_size=-32000")
        self._db.execute(
            "CREATE TABLE line (phone TEXT, number INTEGER, refused INTEGER, language TEXT, basis TEXT, consent REAL,"
            " household TEXT, exercise INTEGER, source TEXT, placed INTEGER, place TEXT, lat REAL, lon REAL,"
            " zones TEXT)"
        )
        self._db.execute("BEGIN")

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, lines: Iterable[tuple[int, Resident]], refused: Iterable[Refused] = ()) -> None:
        """Keep lines that were read, and the phones of those that were refused."""
        rows = [_row(number, resident) for number, resident in lines]
        rows += [(each.phone, each.line, 1, *[None] * 11) for each in refused if each.phone]
        self._db.executemany(f"INSERT INTO line VALUES ({','.join('?' * 14)})", rows)  # noqa: S608 - only marks

    def sort(self) -> int:
        """Make ready for reading; returns the number of phones with a line that can be used."""
        self._db.execute("CREATE INDEX IF NOT EXISTS line_phone ON line (phone, number)")
        found = self._db.execute("SELECT count(DISTINCT phone) FROM line WHERE NOT refused").fetchone()
        return int(found[0])

    def residents(self) -> Iterator[list[tuple[int, Resident]]]:
        """By phone, in order: the usable lines of each."""
        with closing(self._db.execute("SELECT * FROM line WHERE NOT refused ORDER BY phone, number")) as cursor:
            for _, group in itertools.groupby(cursor, key=lambda row: row[0]):
                yield [_line(row) for row in group]

    def absent(self, phones: Sequence[str]) -> tuple[set[str], set[str]]:
        """Of `phones`, those that no line names, and those that only refused lines name."""
        usable = "EXISTS (SELECT 1 FROM line WHERE phone = value AND NOT refused)"
        named = "EXISTS (SELECT 1 FROM line WHERE phone = value)"
        query = f"SELECT value, {named} FROM json_each(?) WHERE NOT {usable}"  # noqa: S608 - no value in it
        found = self._db.execute(query, (json.dumps(list(phones)),)).fetchall()
        return {phone for phone, refused in found if not refused}, {phone for phone, refused in found if refused}


def _row(number: int, resident: Resident) -> tuple[Any, ...]:
    place = resident.places[0] if resident.places else Place()
    consent = resident.consent_at.timestamp() if resident.consent_at else None
    known = (resident.language, resident.basis, consent, resident.household, resident.exercise, resident.source)
    where = (bool(resident.places), place.name, place.lat, place.lon, " ".join(place.zones))
    return (resident.phone, number, 0, *known, *where)


def _line(row: Sequence[Any]) -> tuple[int, Resident]:
    phone, number, _, language, basis, consent, household, exercise, source, placed, name, lat, lon, zones = row
    consent_at = None if consent is None else datetime.fromtimestamp(consent, UTC)
    places = (Place(name, lat, lon, tuple(zones.split())),) if placed else ()
    return number, Resident(phone, language, basis, consent_at, household, bool(exercise), source, places)

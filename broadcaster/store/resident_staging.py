"""Where the lines of an import wait until all are read: a private file on disk that no name leads to.

It is sorted by phone, so that the several lines of one phone meet however far apart they stood, with memory that does
not grow with the file.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from broadcaster.store.resident_files import Refused
from broadcaster.store.resident_records import Place, Resident

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Staging:
    """Holds the lines of one import. Closing it, or the end of the process, removes everything."""

    def __init__(self) -> None:
        # The empty name is SQLite's own word for a file that is deleted as soon as it is opened.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA cache_size=-16000")
        self._db.execute("CREATE TABLE line (phone TEXT, number INTEGER, refused INTEGER, said TEXT)")
        self._db.execute("BEGIN")

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, lines: Iterable[tuple[int, Resident]], refused: Iterable[Refused] = ()) -> None:
        """Keep lines that were read, and the phones of those that were refused."""
        rows: list[tuple[Any, ...]] = [(resident.phone, number, 0, _packed(resident)) for number, resident in lines]
        rows += [(each.phone, each.line, 1, None) for each in refused if each.phone]
        self._db.executemany("INSERT INTO line VALUES (?, ?, ?, ?)", rows)

    def sort(self) -> int:
        """Make ready for reading; returns the number of phones with a line that can be used."""
        self._db.execute("CREATE INDEX IF NOT EXISTS line_phone ON line (phone, number)")
        found = self._db.execute("SELECT count(DISTINCT phone) FROM line WHERE NOT refused").fetchone()
        return int(found[0])

    def residents(self) -> Iterator[list[tuple[int, Resident]]]:
        """By phone, in order: the usable lines of each."""
        lines = "SELECT phone, number, said FROM line WHERE NOT refused ORDER BY phone, number"
        with closing(self._db.execute(lines)) as cursor:
            group: list[tuple[int, Resident]] = []
            for phone, number, said in cursor:
                if group and group[0][1].phone != phone:
                    yield group
                    group = []
                group.append((number, _unpacked(phone, said)))
            if group:
                yield group

    def absent(self, phones: Sequence[str]) -> tuple[set[str], set[str]]:
        """Of `phones`, those that no line names, and those that only refused lines name."""
        usable = "EXISTS (SELECT 1 FROM line WHERE phone = value AND NOT refused)"
        named = "EXISTS (SELECT 1 FROM line WHERE phone = value)"
        query = f"SELECT value, {named} FROM json_each(?) WHERE NOT {usable}"  # noqa: S608 - no value in it
        found = self._db.execute(query, (json.dumps(list(phones)),)).fetchall()
        return {phone for phone, refused in found if not refused}, {phone for phone, refused in found if refused}


def _packed(resident: Resident) -> str:
    """All but the phone."""
    _, language, basis, consent_at, household, exercise, source, places = resident
    consent = consent_at.timestamp() if consent_at else None
    return _encode((language, basis, consent, household, exercise, source, places))


def _unpacked(phone: str, said: str) -> Resident:
    language, basis, consent, household, exercise, source, places = json.loads(said)
    consent_at = None if consent is None else datetime.fromtimestamp(consent, UTC)
    known = tuple([Place(name, lat, lon, tuple(zones)) for name, lat, lon, zones in places])
    return Resident(phone, language, basis, consent_at, household, exercise, source, known)

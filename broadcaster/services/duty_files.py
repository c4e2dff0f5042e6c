"""A roster from a file of another system: CSV, all of it or nothing, each complaint with its line."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.moment import read_moment
from broadcaster.domain.rules import Actor
from broadcaster.runtime import Runtime
from broadcaster.services import duty
from broadcaster.services.duty import Entry
from broadcaster.store import accounts

COLUMNS = ("email", "post", "from", "until", "backup")
#: Bytes, and lines: a roster of a year.
LARGEST, MOST = 200_000, 2_000


def import_roster(rt: Runtime, data: bytes, actor: Actor, now: datetime) -> int:
    """Add every line; returns how many. Columns: email, post, from, until, backup; local times. Invalid with `line N` as place."""
    entries, problems = [], []
    with rt.db.read() as connection:
        for number, row in _rows(data):
            try:
                entries.append(_entry(rt, connection, row, now))
            except Invalid as error:
                problems += [
                    Problem(f"line {number}, {each.place}", each.message, each.cure) for each in error.problems
                ]
    if problems:
        raise Invalid(problems)
    duty.add_all(rt, entries, actor, now)
    return len(entries)


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, values by column); Invalid for what is no such file."""
    if len(data) > LARGEST:
        raise Invalid([Problem("file", f"has more than {LARGEST:,} bytes", "Divide it.")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid([Problem("file", "is not UTF-8", "Save it as CSV in UTF-8.")]) from None
    if not text.strip():
        raise Invalid([Problem("file", "is empty", f"Its first line is: {','.join(COLUMNS)}.")])
    found = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ",")
    header = [each.strip().lower() for each in found.fieldnames or ()]
    if missing := [each for each in COLUMNS[:4] if each not in header]:
        raise Invalid([Problem("line 1", f"has no column {', '.join(missing)}", f"Columns: {','.join(COLUMNS)}.")])
    found.fieldnames = header
    rows = [(found.line_num, {key: (value or "").strip() for key, value in row.items() if key}) for row in found]
    if len(rows) > MOST:
        raise Invalid([Problem("file", f"has more than {MOST:,} lines", "Divide it.")])
    yield from rows


def _entry(rt: Runtime, connection: Connection, row: dict[str, str], now: datetime) -> Entry:
    problems, people = [], {}
    for place in ("email", "backup"):
        email = row.get(place, "")
        account = accounts.find(connection, email=email) if email else None
        if (email or place == "email") and account is None:
            problems.append(Problem(place, f"there is no user {email[:254]!r}"))
        people[place] = account.id if account else ""
    times = {}
    for place in ("from", "until"):
        try:
            times[place] = read_moment(row[place], ZoneInfo(rt.profile.timezone), now)
        except ValueError as error:
            problems.append(Problem(place, str(error)))
    if problems:
        raise Invalid(problems)
    entry = Entry(people["email"], row["post"], times["from"], times["until"], people["backup"])
    if problems := duty.problems_of(rt, connection, entry, now):
        raise Invalid(problems)
    return entry

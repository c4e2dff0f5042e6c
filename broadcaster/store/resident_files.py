"""Reading residents from CSV: line by line, so that a bad line is refused alone and memory stays flat.

The header is `phone,language,basis,consent_at,household,place,lat,lon,zones,exercise,source`; only `phone` is required.
Comma, semicolon or tab; UTF-8 or Windows-1252, with or without a byte order mark. A record is one line.
"""

import csv
import difflib
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, NamedTuple

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.store.phone_numbers import PhoneReader
from broadcaster.store.resident_records import BASES, Place, Resident

#: Bytes of one line.
MAX_LINE = 16_384
_FLAGS = {"": False, "no": False, "false": False, "0": False, "nei": False, "n": False} | dict.fromkeys(
    ("yes", "true", "1", "ja", "y", "j"), True
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}\Z", re.IGNORECASE)
#: An apostrophe that our own export, or a careful person, put before a cell that a spreadsheet would calculate.
_NEUTRALISED = re.compile(r"'(?=[=+\-@\t\r])")


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not imported, and why; `phone` only when it could be read, and never shown."""

    line: int
    reason: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What lines are read against: default region, languages (the first is the default), zone codes, and the time."""

    region: str
    languages: tuple[str, ...]
    zones: frozenset[str]
    now: datetime


class _Cells(NamedTuple):
    """The cells of one line; the field names are the columns."""

    phone: str
    language: str
    basis: str
    consent_at: str
    household: str
    place: str
    lat: str
    lon: str
    zones: str
    exercise: str
    source: str


COLUMNS = _Cells._fields
#: Letters that a free column holds, as in the database.
_WIDTHS = tuple((COLUMNS.index(name), width) for name, width in (("household", 64), ("place", 120), ("source", 120)))


class _Refuse(Exception):
    """Raised inside the reading of one line; its text is the reason."""


class ResidentFile:
    """One CSV stream: reads the header at once (Invalid when it cannot be one), lines as they are asked for."""

    def __init__(self, stream: BinaryIO, rules: Rules, name: str = "-") -> None:
        self._stream, self._rules, self._name = stream, rules, name
        self._phones = PhoneReader(rules.region)
        self._number = 0
        self._tomorrow = rules.now + timedelta(days=1)
        self._languages: dict[str, str] = {}
        self._zones: dict[str, tuple[str, ...]] = {"": ()}
        header = self._next_line()
        if header is None:
            raise Invalid([Problem(f"{name}:1", "the file is empty.", f"The header is {','.join(COLUMNS)}.")])
        self.delimiter = max(",;\t", key=header.count)
        self.columns = self._header(next(csv.reader([header], delimiter=self.delimiter), []))
        # A column that the file lacks is read from the empty cell that is put after the last one.
        where = {name: index for index, name in enumerate(self.columns)}
        self._pick = operator.itemgetter(*(where.get(name, len(self.columns)) for name in COLUMNS))

    def _header(self, cells: list[str]) -> tuple[str, ...]:
        names = tuple(cell.strip().lower() for cell in cells)
        problems = []
        for name in dict.fromkeys(names):
            place = f"{self._name}:{self._number}"
            if name not in COLUMNS:
                near = difflib.get_close_matches(name, COLUMNS, n=1)
                cure = f"Did you mean {near[0]}?" if near else f"Known columns: {', '.join(COLUMNS)}."
                problems.append(Problem(place, f"there is no column {name[:40]!r}.", cure))
            elif names.count(name) > 1:
                problems.append(Problem(place, f"the column {name} is there twice."))
        if "phone" not in names:
            problems.append(Problem(f"{self._name}:{self._number}", "the column phone is missing."))
        if problems:
            raise Invalid(problems)
        return names

    def _next_line(self) -> str | None:
        """The next line that is not empty, decoded; None at the end. A line that is too long comes out as NUL."""
        while raw := self._stream.readline(MAX_LINE + 1):
            self._number += 1
            if len(raw) > MAX_LINE:
                while raw and not raw.endswith(b"\n"):
                    raw = self._stream.readline(MAX_LINE)
                return "\0"
            if self._number == 1 and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise Invalid([Problem(f"{self._name}:1", "is UTF-16.", "Save it as CSV UTF-8.")])
            try:
                line = raw.decode("utf-8-sig" if self._number == 1 else "utf-8")
            except UnicodeDecodeError:
                # Letters of Windows-1252 are hardly ever UTF-8 too by chance, so each line tells by itself.
                line = raw.decode("cp1252", errors="replace")
            if not line.isspace():
                return line.rstrip("\r\n")
        return None

    def lines(self) -> Iterator[tuple[int, Resident] | Refused]:
        """Every line after the header with its number (the header is 1): a record of at most one place, or refused."""
        while (line := self._next_line()) is not None:
            phone = ""
            try:
                cells = self._cells(line)
                if not any(cells):
                    continue
                phone = self._phone(cells.phone)
                yield self._number, self._resident(phone, cells)
            except _Refuse as why:
                yield Refused(self._number, str(why), phone)

    def _cells(self, line: str) -> _Cells:
        # Nothing to unquote and nothing invisible, as most lines are: a cell ends where the delimiter stands.
        plain = line.isprintable() and '"' not in line and "'" not in line
        values = line.split(self.delimiter) if plain else self._quoted(line)
        width = len(self.columns)
        if len(values) != width:
            if any(values[width:]):
                raise _Refuse(f"the line has {len(values)} cells, the header {width}")
            values = values[:width] + [""] * (width - len(values))
        values.append("")
        picked = self._pick(values)
        return _Cells._make(map(str.strip, picked) if plain else [_clean(value) if value else "" for value in picked])

    def _quoted(self, line: str) -> list[str]:
        if "\0" in line:
            raise _Refuse(f"the line is longer than {MAX_LINE} bytes or holds a NUL")
        try:
            return next(csv.reader([line], delimiter=self.delimiter, strict=True))
        except csv.Error:
            raise _Refuse("a quotation mark is not closed in its line") from None

    def _phone(self, text: str) -> str:
        try:
            return self._phones.read(text)
        except ValueError as why:
            raise _Refuse(str(why)) from None

    def _resident(self, phone: str, cells: _Cells) -> Resident:
        basis = cells.basis.lower() or "register"
        if basis not in BASES:
            raise _Refuse(f"the basis is not one of {', '.join(BASES)}")
        for column, width in _WIDTHS:
            if len(cells[column]) > width:
                raise _Refuse(f"{COLUMNS[column]} has more than {width} letters")
        exercise = _FLAGS.get(cells.exercise.lower())
        if exercise is None:
            raise _Refuse("exercise is neither yes nor no")
        place = self._place(cells)
        return Resident(
            phone,
            self._language(cells.language),
            basis,
            self._consent_at(cells.consent_at, basis) if cells.consent_at else None,
            cells.household,
            exercise,
            cells.source,
            (place,) if place else (),
        )

    def _language(self, text: str) -> str:
        """As the profile writes it where it has that language, else the tag itself (such a phone gets the fallback)."""
        known = self._languages.get(text)
        if known is None:
            if text and not _LANGUAGE.match(text):
                raise _Refuse("the language is not a tag such as en, nb or ar")
            known = self._languages[text] = self._of_profile(text.lower())
        return known

    def _of_profile(self, tag: str) -> str:
        languages = {each.lower(): each for each in self._rules.languages}
        first = next(iter(languages.values()))
        # Both written forms of Norwegian read each other's texts better than a foreign language.
        norwegian = languages.get("nb") or languages.get("nn") if tag in ("no", "nn", "nb") else None
        return (languages.get(tag) or languages.get(tag.partition("-")[0]) or norwegian or tag) if tag else first

    def _consent_at(self, text: str, basis: str) -> datetime:
        if basis != "consent":
            raise _Refuse("consent_at is only for the basis consent")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise _Refuse("consent_at is not a date such as 2026-01-31 or 2026-01-31T12:00+01:00") from None
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if moment > self._tomorrow:
            raise _Refuse("consent_at is in the future")
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def _place(self, cells: _Cells) -> Place | None:
        name, lat, lon = cells.place, cells.lat, cells.lon
        zones = self._zone_codes(cells.zones)
        if not lat and not lon:
            return Place(name, None, None, zones) if name or zones else None
        if not lat or not lon:
            raise _Refuse("lat and lon go together; one is missing")
        if self.delimiter != ",":
            lat, lon = lat.replace(",", "."), lon.replace(",", ".")
        try:
            # Seven decimals are a centimetre.
            north, east = round(float(lat), 7), round(float(lon), 7)
        except ValueError:
            raise _Refuse("lat and lon are not degrees such as -27.4698 and 153.0251") from None
        if not (abs(north) <= 90 and abs(east) <= 180):
            raise _Refuse("lat and lon are not on Earth; lat is first, from -90 to 90")
        # The point knows better than the list of zones.
        return Place(name, north, east)

    def _zone_codes(self, text: str) -> tuple[str, ...]:
        known = self._zones.get(text)
        if known is None:
            codes = dict.fromkeys(text.lower().split())
            for code in codes:
                if code not in self._rules.zones:
                    near = difflib.get_close_matches(code, self._rules.zones, n=1)
                    raise _Refuse(f"there is no zone {code[:64]!r}" + (f"; did you mean {near[0]}?" if near else ""))
            known = self._zones[text] = tuple(sorted(codes))
        return known


def _clean(value: str) -> str:
    """Without what cannot be seen: spaces around, control characters, marks that turn the direction of writing."""
    value = value.strip()
    if value.startswith("'"):
        value = _NEUTRALISED.sub("", value, count=1)
    if not value.isprintable():
        value = "".join(each if each.isprintable() else " " if each.isspace() else "" for each in value).strip()
    return value

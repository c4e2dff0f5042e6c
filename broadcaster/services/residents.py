"""Residents in and out: a CSV is read, compared, written in short slices, and in force at one stroke or not at all."""

import csv
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.profile import Profile
from broadcaster.domain.rules import Actor
from broadcaster.services.building import Building
from broadcaster.services.pacing import Pace
from broadcaster.store import generations, residents, zones
from broadcaster.store.database import Database
from broadcaster.store.resident_files import COLUMNS, Refused, ResidentFile, Rules
from broadcaster.store.resident_records import Place, Resident, joined, merged
from broadcaster.store.resident_staging import Staging
from broadcaster.store.residents import Change

Mode = Literal["merge", "replace"]
#: progress(done, total); a total of 0 is not known yet.
Progress = Callable[[int, int], None]
#: Refused lines and remarks that a report holds one by one; the rest is counted.
LISTED = 1_000
_READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be said of a line of the file, without anything that stood in it."""

    line: int
    reason: str


@dataclass(slots=True)
class Report:
    """What an import did, or would do.

    `kept` are phones none of whose lines could be used: a replacement leaves them as they were. `outside` are places
    whose point lies in no zone: only drawn areas reach them. `remarks` are lines that were used, but not every word.
    """

    lines: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    kept: int = 0
    outside: int = 0
    refused_lines: int = 0
    refused: list[Remark] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def summary(self) -> str:
        """One line for a person: "12 new, 0 changed, 30 the same, 3 gone"."""
        said = [f"{self.new} new", f"{self.changed} changed", f"{self.same} the same", f"{self.gone} gone"]
        said += [f"{self.kept} kept because none of their lines could be used"] if self.kept else []
        said += [f"{self.outside} places outside every zone"] if self.outside else []
        said += [f"{self.refused_lines} lines refused"] if self.refused_lines else []
        return ", ".join(said)

    def counts(self) -> dict[str, int]:
        """The numbers alone, which is what the journal keeps."""
        names = ("lines", "new", "changed", "same", "gone", "kept", "outside", "refused_lines")
        return {name: getattr(self, name) for name in names}


def import_residents(
    db: Database,
    profile: Profile,
    stream: BinaryIO,
    mode: Mode,
    *,
    actor: Actor,
    now: datetime,
    progress: Progress = lambda done, total: None,
    confirm: Callable[[Report], bool] = lambda report: True,
) -> Report:
    """Import the CSV in `stream`; decision 020 says what merge and replace mean.

    Everything is compared and written before `confirm` sees the report; only if that is true does it come into force.
    Invalid when the header is wrong or no line can be used; Conflict while another import is under way. Whatever goes
    wrong, the former residents stay in force.
    """
    name = Path(str(getattr(stream, "name", "-"))).name
    with db.read() as connection:
        codes = frozenset(zone.code for zone in zones.listing(connection))
    file = ResidentFile(stream, Rules(profile.phone_region, profile.languages, codes, now), name)
    report = Report()
    with Staging() as staging:
        _read(file, staging, report, progress)
        total = staging.sort()
        if not total:
            first = f"; line {report.refused[0].line}: {report.refused[0].reason}" if report.refused else ""
            what = f"none of its {report.lines} lines can be used{first}."
            raise Invalid([Problem(name, what, "Nothing was changed.")])
        with Building(db, mode, name, now) as building:
            _put(db, building, staging, report, file.columns if mode == "merge" else None, progress)
            if mode == "replace":
                _drop(db, building, staging, report)
            if confirm(report):
                building.finish(actor, f"residents {mode}d", report.counts())
    return report


def _read(file: ResidentFile, staging: Staging, report: Report, progress: Progress) -> None:
    lines = file.lines()
    while chunk := list(itertools.islice(lines, _READ_AT_ONCE)):
        refused = [each for each in chunk if isinstance(each, Refused)]
        staging.add((each for each in chunk if not isinstance(each, Refused)), refused)
        report.lines += len(chunk)
        report.refused_lines += len(refused)
        report.refused += [Remark(each.line, each.reason) for each in refused[: LISTED - len(report.refused)]]
        progress(report.lines, 0)


def _put(
    db: Database,
    building: Building,
    staging: Staging,
    report: Report,
    columns: tuple[str, ...] | None,
    progress: Progress,
) -> None:
    """Write what is new or changed; `columns` of the file for a merge, None for a replacement."""
    with db.read() as connection:
        shapes = {zone.code: zone.shape for zone in zones.listing(connection)}
        base = building.base if residents.anybody(connection, building.base) else 0
    total = staging.sort()
    groups, done, pace = staging.residents(), 0, Pace()
    while chunk := [_join(group, report) for group in itertools.islice(groups, pace.size)]:
        change = _compare(db, base, chunk, report, frozenset(columns) if columns is not None else None)
        if change.put:
            rows = residents.prepare(change, building.generation, shapes)
            with pace, building.slice() as tx:
                residents.write(tx, rows)
                building.generation = rows.generation
            report.outside += rows.outside
        done += len(chunk)
        progress(done, total)


def _join(group: list[tuple[int, Resident]], report: Report) -> Resident:
    if len(group) == 1:
        return group[0][1]
    resident, differs = joined(row for _, row in group)
    if differs and len(report.remarks) < LISTED:
        said = f"differs from line {group[0][0]} of the same phone in {', '.join(sorted(differs))}; the first counts"
        report.remarks.append(Remark(group[-1][0], said))
    return resident


def _compare(db: Database, base: int, chunk: list[Resident], report: Report, columns: frozenset[str] | None) -> Change:
    """What must be written so that these phones are as the file says."""
    change = Change()
    numbers = [resident.phone for resident in chunk]
    with db.read() as connection:
        digests = residents.digests(connection, numbers, base) if base else {}
        known = residents.known(connection, list(digests), base) if columns is not None and digests else {}
    for said in chunk:
        if said.phone not in digests:
            report.new += 1
            change.put.append(said)
            continue
        row_id, digest = digests[said.phone]
        resident = said if columns is None else merged(known[said.phone][1], said, columns)
        if resident.digest() == digest:
            report.same += 1
        else:
            report.changed += 1
            change.put.append(resident)
            change.gone.append(row_id)
    return change


def _drop(db: Database, building: Building, staging: Staging, report: Report) -> None:
    """Let the phones go that the file does not name."""
    after, pace = 0, Pace()
    while True:
        with db.read() as connection:
            page = residents.numbers_after(connection, building.base, after, pace.size)
        if not page:
            return
        unnamed, refused = staging.absent([row.phone for row in page])
        gone = [row.id for row in page if row.phone in unnamed]
        if gone:
            with pace, building.slice() as tx:
                residents.let_go(tx, gone, building.generation.id)
        report.gone += len(gone)
        report.kept += len(refused)
        after = page[-1].id


def export_residents(db: Database) -> Iterator[str]:
    """The register as CSV that can be imported again, in pieces; a phone with several places has several lines."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    with db.read() as connection:
        for number, (_, resident) in enumerate(residents.everyone(connection, generations.current(connection))):
            writer.writerows(_cells(resident, place) for place in resident.places or (Place(),))
            if number % 1_000 == 0:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
    yield buffer.getvalue()


def _cells(resident: Resident, place: Place) -> list[str]:
    consent = resident.consent_at.isoformat() if resident.consent_at else ""
    # Phones, latitudes and longitudes are written by us and are only digits, so their signs can stay.
    return [
        resident.phone,
        _harmless(resident.language),
        resident.basis,
        consent,
        _harmless(resident.household),
        _harmless(place.name),
        "" if place.lat is None else f"{place.lat:.7f}".rstrip("0").rstrip("."),
        "" if place.lon is None else f"{place.lon:.7f}".rstrip("0").rstrip("."),
        _harmless(" ".join(place.zones)),
        "yes" if resident.exercise else "no",
        _harmless(resident.source),
    ]


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula; the import takes the apostrophe off again."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text

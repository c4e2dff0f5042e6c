"""Residents in: what an import changes, what it leaves, and what is left when it does not end."""

import csv
import io
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from sqlalchemy import select, text, update

from broadcaster.domain.errors import Conflict, Invalid
from broadcaster.domain.profile import Profile
from broadcaster.services.building import Building, clean_up
from broadcaster.services.pacing import Pace
from broadcaster.services.residents import Report, export_residents, import_residents
from broadcaster.services.zones import import_zones
from broadcaster.store import generations, journal, residents
from broadcaster.store.database import Database
from broadcaster.store.resident_records import Place, Resident
from broadcaster.store.residents import Change
from broadcaster.store.schema import db_now, phones, place_zones, places, resident_generations
from broadcaster.store.schema import journal as journal_table
from tests.residents.city import ADA, NOW, SQUARES, collection

Import = Callable[..., Report]
ONE, TWO, THREE = "+61491570156", "+61491570157", "+61491570158"


@pytest.fixture
def bring(db: Database, brisbane: Profile) -> Import:
    """bring(lines, mode): import a CSV given as text."""

    def run(lines: str, mode: Literal["merge", "replace"] = "replace", **options: object) -> Report:
        stream = io.BytesIO(lines.encode())
        return import_residents(db, brisbane, stream, mode, actor=ADA, now=NOW, **options)  # type: ignore[arg-type]

    return run


def known(db: Database) -> dict[str, Resident]:
    with db.read() as connection:
        return {
            resident.phone: resident for _, resident in residents.everyone(connection, generations.current(connection))
        }


def test_missing_columns_take_their_default(db: Database, bring: Import) -> None:
    bring(f"phone\n{ONE}\n")
    assert known(db)[ONE] == Resident(phone=ONE, language="en", basis="register")


def test_every_column_is_kept(db: Database, bring: Import) -> None:
    bring(
        "phone,language,basis,consent_at,household,place,lat,lon,zones,exercise,source\n"
        f"{ONE},nb,consent,2026-01-31T12:00+01:00,h1,home,,,rocklea annerley,yes,sign-up\n"
    )
    assert known(db)[ONE] == Resident(
        phone=ONE,
        language="nb",
        basis="consent",
        consent_at=datetime(2026, 1, 31, 11, tzinfo=UTC),
        household="h1",
        exercise=True,
        source="sign-up",
        places=(Place("home", None, None, ("annerley", "rocklea")),),
    )


def test_several_lines_of_a_phone_are_places_however_far_apart(db: Database, bring: Import) -> None:
    others = "".join(f"+6149157{number:04d},home,,,\n" for number in range(200, 260))
    report = bring(f"phone,place,lat,lon,zones\n{ONE},home,,,rocklea\n{others}{ONE},farm,-27.505,153.025,\n")
    assert report.new == 61
    assert [place.name for place in known(db)[ONE].places] == ["home", "farm"]


def test_the_first_line_speaks_for_the_phone_and_a_later_one_that_differs_is_remarked(
    db: Database, bring: Import
) -> None:
    report = bring(f"phone,language,place\n{ONE},nb,home\n{ONE},en,farm\n")
    assert known(db)[ONE].language == "nb"
    assert [(each.line, "language" in each.reason) for each in report.remarks] == [(3, True)]


def test_a_report_says_what_changed(db: Database, bring: Import) -> None:
    bring(f"phone,language\n{ONE},en\n{TWO},en\n{THREE},en\n")
    report = bring(f"phone,language\n{ONE},en\n{TWO},nb\n+61491570159,en\n")
    assert (report.new, report.changed, report.same, report.gone) == (1, 1, 1, 1)
    assert "1 new" in report.summary()
    assert "1 gone" in report.summary()
    assert set(known(db)) == {ONE, TWO, "+61491570159"}


def test_the_same_file_again_changes_no_row(db: Database, bring: Import) -> None:
    lines = f"phone,place,lat,lon\n{ONE},home,-27.503,153.002\n{TWO},home,-27.503,153.002\n"
    bring(lines)
    with db.read() as connection:
        before = connection.execute(select(phones).order_by(phones.c.id)).all()
    assert bring(lines).same == 2
    with db.read() as connection:
        assert connection.execute(select(phones).order_by(phones.c.id)).all() == before


def test_a_merge_leaves_everybody_else_and_adds_places_by_name(db: Database, bring: Import) -> None:
    bring(
        f"phone,language,household,place,zones\n{ONE},nb,h1,home,rocklea\n{ONE},nb,h1,farm,oxley\n{TWO},en,h2,home,oxley\n"
    )
    report = bring(f"phone,place,zones\n{ONE},home,annerley\n{ONE},boat,creek\n{THREE},home,oxley\n", "merge")
    assert (report.new, report.changed, report.gone) == (1, 1, 0)
    one = known(db)[ONE]
    assert (one.language, one.household) == ("nb", "h1")
    assert {place.name: place.zones for place in one.places} == {
        "home": ("annerley",),
        "farm": ("oxley",),
        "boat": ("creek",),
    }
    assert set(known(db)) == {ONE, TWO, THREE}


def test_a_refused_line_is_reported_with_its_number_and_never_with_its_phone(
    db: Database, bring: Import, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    report = bring(f"phone,language\n{ONE},en\n0000,en\n+4479460000001234,en\n{TWO},english please\n\n{THREE},en\n")
    assert [each.line for each in report.refused] == [3, 4, 5]
    said = " ".join(each.reason for each in report.refused) + report.summary() + caplog.text
    assert not any(digits in said for digits in ("7946", "491570", "0000"))
    assert report.refused_lines == 3


def test_a_replacement_keeps_phones_whose_every_line_was_refused(db: Database, bring: Import) -> None:
    bring(f"phone,zones\n{ONE},rocklea\n{TWO},rocklea\n{THREE},rocklea\n")
    report = bring(f"phone,zones\n{ONE},rocklea\n{TWO},rocklee\n")
    assert (report.kept, report.gone) == (1, 1)
    assert set(known(db)) == {ONE, TWO}


def test_a_file_of_which_nothing_can_be_used_does_not_empty_the_register(db: Database, bring: Import) -> None:
    bring(f"phone\n{ONE}\n")
    for lines in ("phone\n", "phone\nnobody\n"):
        with pytest.raises(Invalid):
            bring(lines)
    assert set(known(db)) == {ONE}


@pytest.mark.parametrize(
    ("header", "said"),
    [("phone,langauge", "language"), ("language,zones", "phone is missing"), ("phone,phone", "twice"), ("", "empty")],
)
def test_a_header_that_is_not_ours_is_refused_as_a_whole(bring: Import, header: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        bring(f"{header}\n" if header else "")


def test_who_declines_after_seeing_the_report_changes_nothing(db: Database, bring: Import) -> None:
    bring(f"phone\n{ONE}\n{TWO}\n")
    seen: list[Report] = []

    def decline(report: Report) -> bool:
        seen.append(report)
        return False

    bring(f"phone\n{THREE}\n", confirm=decline)
    assert seen[0].summary().startswith("1 new, 0 changed, 0 the same, 2 gone")
    assert set(known(db)) == {ONE, TWO}
    with db.read() as connection:
        assert len(connection.execute(select(phones)).all()) == 2


def test_progress_counts_lines_and_then_phones(bring: Import) -> None:
    seen: list[tuple[int, int]] = []
    bring(f"phone\n{ONE}\n{TWO}\n", progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (2, 0)
    assert seen[-1] == (2, 2)


def test_an_import_is_journaled_with_counts_only(db: Database, bring: Import) -> None:
    bring(f"phone\n{ONE}\n")
    with db.read() as connection:
        entry = connection.execute(
            select(journal_table)
            .where(journal_table.c.chain == journal.SYSTEM_CHAIN)
            .order_by(journal_table.c.seq.desc())
        ).first()
    assert entry is not None
    assert (entry.action, entry.actor, entry.body["new"]) == ("residents replaced", "ada", 1)
    assert ONE not in str(entry)


def died(db: Database, lines: int = 3) -> Building:
    """An import whose process was killed after its first slice: new rows written, an old one marked as gone."""
    building = Building(db, "replace", "killed.csv", NOW)
    put = [Resident(f"+6149157100{number}", "en", places=(Place("", -27.503, 153.002),)) for number in range(lines)]
    with db.read() as connection:
        gone = [row.id for row in residents.numbers_after(connection, building.base, 0, 1)]
    rows = residents.prepare(Change(put, gone), building.generation, {})
    with building.slice() as tx:
        residents.write(tx, rows)
        building.generation = rows.generation
    return building


def silent_for_a_minute(db: Database) -> None:
    with db.write() as tx:
        tx.execute(update(resident_generations).values(alive_at=db_now() - 61_000))


def test_a_crash_in_the_middle_leaves_the_former_residents_in_force(db: Database, bring: Import) -> None:
    bring(f"phone\n{ONE}\n{TWO}\n")
    died(db)
    assert set(known(db)) == {ONE, TWO}


def test_the_next_import_clears_what_a_crash_left(db: Database, bring: Import) -> None:
    bring(f"phone\n{ONE}\n{TWO}\n")
    died(db)
    with pytest.raises(Conflict, match="under way"):
        bring(f"phone\n{ONE}\n{TWO}\n{THREE}\n")
    silent_for_a_minute(db)
    report = bring(f"phone\n{ONE}\n{TWO}\n{THREE}\n")
    assert (report.new, report.same) == (1, 2)
    assert set(known(db)) == {ONE, TWO, THREE}
    with db.read() as connection:
        assert len(connection.execute(select(phones)).all()) == 3
        assert connection.execute(select(places)).all() == []
        assert connection.execute(select(place_zones)).all() == []


def test_an_import_that_was_given_up_while_it_slept_writes_no_more(db: Database, bring: Import) -> None:
    sleeper = died(db)
    silent_for_a_minute(db)
    bring(f"phone\n{ONE}\n")
    with pytest.raises(Conflict, match="given up"), sleeper.slice():
        pytest.fail("it went on")
    with pytest.raises(Conflict, match="given up"):
        sleeper.finish(ADA, "residents replaced", {})
    assert set(known(db)) == {ONE}


def test_ids_are_never_given_out_twice(db: Database, bring: Import) -> None:
    bring(f"phone\n{ONE}\n")
    died(db, lines=5)
    silent_for_a_minute(db)
    bring(f"phone\n{TWO}\n")
    with db.read() as connection:
        assert connection.scalar(select(phones.c.id).where(phones.c.phone == TWO)) == 7


def test_an_error_in_the_middle_clears_up_after_itself(db: Database, bring: Import) -> None:
    def fail(done: int, total: int) -> None:
        if total:
            raise OSError("the terminal is gone")

    with pytest.raises(OSError, match="terminal"):
        bring(f"phone\n{ONE}\n", progress=fail)
    with db.read() as connection:
        assert connection.execute(select(phones)).all() == []
    assert bring(f"phone\n{ONE}\n").new == 1


def test_former_rows_stay_for_a_day_and_then_go(db: Database, bring: Import) -> None:
    bring(f"phone\n{ONE}\n{TWO}\n")
    bring(f"phone\n{ONE}\n")
    assert clean_up(db, NOW + timedelta(hours=23)) == 0
    assert clean_up(db, NOW + timedelta(hours=25)) > 0
    with db.read() as connection:
        assert connection.scalars(select(phones.c.phone)).all() == [ONE]
    assert clean_up(db, NOW + timedelta(hours=26)) == 0


def test_two_imports_at_once_are_one_import_and_one_conflict(db: Database, brisbane: Profile) -> None:
    outcomes: list[object] = []
    gate = threading.Barrier(2)

    def run(phone: str) -> None:
        try:
            import_residents(
                db,
                brisbane,
                io.BytesIO(f"phone\n{phone}\n".encode()),
                "replace",
                actor=ADA,
                now=NOW,
                confirm=lambda report: bool(gate.wait(20)) or True,
            )
            outcomes.append(phone)
        except Conflict as conflict:
            gate.wait(20)
            outcomes.append(conflict)

    threads = [threading.Thread(target=run, args=(phone,)) for phone in (ONE, TWO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    winner = [each for each in outcomes if isinstance(each, str)]
    assert len(outcomes) == 2
    assert list(known(db)) == winner
    assert len(winner) == 1


def test_points_find_their_zone_and_a_point_outside_is_counted(db: Database, bring: Import) -> None:
    report = bring(f"phone,lat,lon\n{ONE},-27.503,153.002\n{TWO},-27.6,153.1\n{THREE},-27.505,153.010\n")
    assert report.outside == 1
    with db.read() as connection:
        joined = select(phones.c.phone, place_zones.c.zone).join(place_zones, place_zones.c.phone_id == phones.c.id)
        found = connection.execute(joined.order_by(phones.c.phone, place_zones.c.zone)).all()
    # The third lies on the border of Annerley and Rocklea, and in the creek: it belongs to all of them.
    assert [tuple(row) for row in found] == [
        (ONE, "annerley"),
        (TWO, ""),
        (THREE, "annerley"),
        (THREE, "creek"),
        (THREE, "rocklea"),
    ]


def test_an_export_can_be_imported_again_and_changes_nothing(db: Database, bring: Import) -> None:
    bring(
        "phone,language,basis,consent_at,household,place,lat,lon,zones,exercise,source\n"
        f'{ONE},nb,consent,2026-01-31,"=HYPERLINK(""x"")","home, sweet",-27.503,153.002,,yes,@sum\n'
        f"{ONE},nb,consent,2026-01-31,=1,farm,,,creek oxley,yes,@sum\n"
        f"{TWO},vi,vital,,+1,-place,,,,no,'quoted\n"
    )
    before = known(db)
    out = "".join(export_residents(db))
    for row in csv.DictReader(io.StringIO(out)):
        assert not any(row[name][:1] in tuple("=+-@\t\r") for name in ("household", "place", "source", "zones"))
        assert row["phone"].startswith("+61")
    assert bring(out).same == 2
    assert known(db) == before


def test_norwegian_numbers_import_though_they_begin_with_a_plus(db: Database, brisbane: Profile) -> None:
    profile = replace(brisbane, phone_region="NO")
    lines = "phone\n+47 406 12 345\n'+4740612346\n40612347\n0047 40612348\n4740612349\n"
    report = import_residents(db, profile, io.BytesIO(lines.encode()), "replace", actor=ADA, now=NOW)
    assert report.refused == []
    assert sorted(known(db)) == [f"+474061234{digit}" for digit in range(5, 10)]


def test_redrawn_zones_move_places_at_one_stroke(db: Database, brisbane: Profile, bring: Import) -> None:
    bring(f"phone,lat,lon,zones\n{ONE},-27.503,153.002,\n{TWO},-27.6,153.1,\n{THREE},,,oxley\n")
    moved = SQUARES | {"annerley": (-27.605, 153.095)}
    with db.read() as connection:
        before = generations.current(connection)
    report = import_zones(db, brisbane, collection(moved), actor=ADA, now=NOW)
    assert (report.new, report.changed, report.same, report.moved) == (0, 1, 3, 2)
    with db.read() as connection:
        assert zones_of(connection, before) == {ONE: {"annerley"}, TWO: {""}, THREE: {"oxley"}}
        now = generations.current(connection)
        assert zones_of(connection, now) == {ONE: {""}, TWO: {"annerley"}, THREE: {"oxley"}}
    import_zones(db, brisbane, collection(SQUARES), actor=ADA, now=NOW)
    with db.read() as connection:
        assert zones_of(connection, now + 1) == {ONE: {"annerley"}, TWO: {""}, THREE: {"oxley"}}


def zones_of(connection: object, generation: int) -> dict[str, set[str]]:
    query = select(phones.c.phone, place_zones.c.zone).join(place_zones, place_zones.c.phone_id == phones.c.id)
    rows = connection.execute(query.where(generations.visible(place_zones, generation)))  # type: ignore[attr-defined]
    found: dict[str, set[str]] = {}
    for phone, zone in rows:
        found.setdefault(phone, set()).add(zone)
    return found


def test_the_zones_of_a_place_survive_a_crash_of_a_redrawing(db: Database, brisbane: Profile, bring: Import) -> None:
    bring(f"phone,lat,lon\n{ONE},-27.503,153.002\n")
    with db.write() as tx:
        generation = generations.begin(tx, "zones", "killed", NOW)
        tx.execute(update(place_zones).values(gone_generation=generation.id))
        tx.execute(
            text(
                "INSERT INTO place_zones (phone_id, zone, place_id, since_generation, by_point)"
                f" VALUES (1, 'oxley', 1, {generation.id}, true)"
            )
        )
    silent_for_a_minute(db)
    clean_up(db, NOW)
    with db.read() as connection:
        rows = connection.execute(select(place_zones.c.zone, place_zones.c.gone_generation)).all()
    assert [tuple(row) for row in rows] == [("annerley", None)]


def test_slices_shrink_when_a_transaction_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter((0.0, 0.6, 1.0, 1.001))
    monkeypatch.setattr("broadcaster.services.pacing.uptime", lambda: next(moments))
    pace = Pace(1_000)
    with pace:
        pass
    assert pace.size == 250
    with pace:
        pass
    assert pace.size == 500

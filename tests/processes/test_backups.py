"""Copies of the database and the way back: whole, unreadable to others, and nobody is alerted twice."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from bench.postgres import Postgres
from broadcaster import clock
from broadcaster.domain.errors import Conflict, Invalid, NotReady
from broadcaster.domain.rules import Actor, Role
from broadcaster.processes import part
from broadcaster.runtime import Runtime, build
from broadcaster.services import backups, broadcasting, migrating, recovering, restoring
from broadcaster.settings import Settings
from broadcaster.store.database import Database
from broadcaster.store.schema import batches, deliveries, installation, journal, metadata, sessions
from channels.sandbox.server import Sandbox
from channels.sandbox.sinch_rules import FAKE_API_TOKEN, FAKE_SERVICE_PLAN_ID
from tests.engine import city

pytestmark = pytest.mark.engine
ROOT = Actor("os:root", "root (by CLI)", Role.ADMIN, person=False)


@pytest.fixture
def rt(runtime: Runtime) -> Runtime:
    """An installation whose database was made by the revisions, as every real one is."""
    with runtime.db.write() as tx:
        metadata.drop_all(tx)
    migrating.upgrade(runtime.db)
    return runtime


def rows(db: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the database holds."""
    with db.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


def made(rt: Runtime, path: Path) -> Path:
    assert backups.backup(rt, path, clock.utc_now())
    return path


def test_what_comes_back_is_what_was_copied(rt: Runtime, folder: Path) -> None:
    city.settle(rt, 30)
    alert_id = city.sent(rt, city.holding())
    city.finish(rt, alert_id)
    before = rows(rt.db)
    copy = made(rt, folder / "copy.backup")
    with rt.db.write() as tx:
        tx.execute(text("DELETE FROM attempts"))
        tx.execute(text("DELETE FROM deliveries"))

    found = restoring.restore(rt, copy, ROOT, clock.utc_now())

    after = rows(rt.db)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"installation", "publications", "journal", "leaders"}
    assert (found.held, found.undecided, found.epoch) == (0, (), 2)
    with rt.db.read() as connection:
        assert connection.scalar(select(journal.c.action).order_by(journal.c.id.desc()).limit(1)) == "restore"
    migrating.must_be_current(rt.db)


def test_back_up_send_restore_release_and_nobody_gets_two(rt: Runtime, sandbox: Sandbox, folder: Path) -> None:
    """The copy was made before the first text left, all went out, then the disk died. Some seconds: sends and lookups."""
    phones = city.settle(rt, 40)
    alert_id = city.sent(rt, city.holding(channels=("website", "sms")))
    broadcasting.materialise(rt, alert_id)
    copy = made(rt, folder / "copy.backup")
    city.finish(rt, alert_id)
    assert set(city.texts_per_phone(sandbox)) == set(phones)

    found = restoring.restore(rt, copy, ROOT, clock.utc_now())
    assert found.held >= 1
    city.round_of_work(rt)
    with rt.db.read() as connection:
        held = Counter(connection.scalars(select(batches.c.state).where(batches.c.channel == "sms")))
    assert held == {"held": found.held}

    assert recovering.release(rt, ROOT, clock.utc_now()) == found.held
    city.finish(rt, alert_id, 30)
    assert set(city.texts_per_phone(sandbox).values()) == {1}
    assert sum(city.counts(rt, alert_id)["sms"].values()) == 40


@pytest.fixture
def two_carriers(settings: Settings, sandbox: Sandbox) -> Iterator[Runtime]:
    """The same installation with a second carrier of texts."""
    second = {
        "sinch_service_plan_id": FAKE_SERVICE_PLAN_ID,
        "sinch_api_token": SecretStr(FAKE_API_TOKEN),
        "sinch_from": "+61491570158=5000",
        "sinch_api_url": sandbox.sinch_url,
    }
    rt = build(settings.model_copy(update={"live": settings.live.model_copy(update=second)}), city.QUICK)
    yield rt
    rt.close()


def test_after_a_restore_every_carrier_is_asked(
    rt: Runtime, two_carriers: Runtime, sandbox: Sandbox, folder: Path
) -> None:
    """The copy knows nothing of a carrier; since then some texts went by each. Some seconds: sends and lookups."""
    rt = two_carriers
    phones = city.settle(rt, 20)
    alert_id = city.sent(rt, city.holding(channels=("website", "sms")))
    broadcasting.materialise(rt, alert_id)
    copy = made(rt, folder / "copy.backup")
    sandbox.control("twilio").fault("POST /2010", "401", count=None)
    city.work_until(rt, lambda: sandbox.sent("sinch"))
    city.finish(rt, alert_id)

    restoring.restore(rt, copy, ROOT, clock.utc_now())
    sandbox.control("twilio").faults([])
    rt = replace(rt, _epoch=None)  # as a process started since: the same row has another token
    assert recovering.release(rt, ROOT, clock.utc_now()) >= 1
    city.finish(rt, alert_id, 30)
    everywhere = [str(each["to"]) for carrier in ("twilio", "sinch") for each in sandbox.sent(carrier)]
    assert Counter(everywhere) == Counter(phones)
    with rt.db.read() as connection:
        carriers = set(connection.scalars(select(deliveries.c.provider).where(deliveries.c.channel == "sms")))
    assert carriers == {"sinch"}


def test_an_audience_that_was_half_made_is_made_and_held(rt: Runtime, sandbox: Sandbox, folder: Path) -> None:
    city.settle(rt, 10)
    alert_id = city.submitted(rt, city.holding(channels=("website", "sms")))
    city.approve(rt, alert_id)
    copy = made(rt, folder / "copy.backup")
    found = restoring.restore(rt, copy, ROOT, clock.utc_now())
    assert found.held >= 1
    city.round_of_work(rt)
    assert not city.texts_per_phone(sandbox)
    assert sum(city.counts(rt, alert_id)["sms"].values()) == 10


def test_a_restore_names_what_waited_for_approval_and_ends_every_log_in(rt: Runtime, folder: Path) -> None:
    city.settle(rt, 3)
    alert_id = city.submitted(rt, city.holding())
    copy = made(rt, folder / "copy.backup")
    found = restoring.restore(rt, copy, ROOT, clock.utc_now())
    with rt.db.read() as connection:
        identifier = connection.scalar(text("SELECT identifier FROM alerts WHERE id = :id"), {"id": alert_id})
        assert connection.execute(select(sessions)).all() == []
    assert found.undecided == (identifier,)


def test_a_copy_goes_to_the_other_kind_of_database(rt: Runtime, folder: Path, postgres_server: Postgres) -> None:
    city.settle(rt, 5)
    city.finish(rt, city.sent(rt, city.holding()))
    copy = made(rt, folder / "copy.backup")
    before = rows(rt.db)
    if rt.db.sqlite:
        other = Database(postgres_server.url("postgres"))
        with other.write() as tx:
            metadata.drop_all(tx)
            tx.execute(text("DROP TABLE IF EXISTS alembic_version"))
    else:
        other = Database(f"sqlite:///{folder / 'other.db'}")
    there = replace(rt, db=other)

    restoring.restore(there, copy, ROOT, clock.utc_now())

    after = rows(other)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"installation", "publications", "journal", "leaders"}
    # What is written next gets a number of its own.
    alert_id = city.sent(there, city.holding(incident="another"))
    assert alert_id
    other.engine.dispose()


def test_a_copy_says_nothing_to_whoever_finds_it(rt: Runtime, folder: Path) -> None:
    phones = city.settle(rt, 5)
    copy = made(rt, folder / "copy.backup")
    content = copy.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not any(phone.encode() in content or phone[3:].encode() in content for phone in phones)
    assert b"SQLite" not in content


@pytest.mark.parametrize("harm", ["flip", "cut", "swap", "another key", "not one"])
def test_a_damaged_copy_changes_nothing(rt: Runtime, folder: Path, harm: str) -> None:
    city.settle(rt, 5)
    copy = made(rt, folder / "copy.backup")
    content = bytearray(copy.read_bytes())
    there = rt
    match harm:
        case "flip":
            content[len(content) // 2] ^= 1
        case "cut":
            del content[-1:]
        case "swap":
            content[30], content[31] = content[31], content[30]
            content[30] ^= 1
        case "another key":
            there = replace(
                rt, settings=rt.settings.model_copy(update={"secret_key": type(rt.settings.secret_key)("x" * 40)})
            )
        case _:
            content = bytearray(b"PK")
    copy.write_bytes(content)
    before = rows(rt.db)
    with pytest.raises(Invalid, match=r"copy\.backup"):
        restoring.restore(there, copy, ROOT, clock.utc_now())
    assert rows(rt.db) == before


def test_a_restore_that_was_interrupted_lets_nothing_start(rt: Runtime) -> None:
    with rt.db.write() as tx:
        recovering.interrupt(tx)
    with pytest.raises(NotReady, match="restore"):
        migrating.must_be_current(rt.db)


def test_a_restore_is_refused_while_parts_run(rt: Runtime, folder: Path) -> None:
    with part.running(folder), pytest.raises(Conflict, match="still run"), part.alone(folder):
        pytest.fail("went on")
    with rt.db.write() as tx:
        tx.execute(text("INSERT INTO leaders (name, owner, until) VALUES ('sweep', 'somebody', 99999999999999)"))
    with pytest.raises(Conflict, match="sweeper"):
        restoring.must_be_idle(rt)


def test_a_backup_is_made_every_quarter_of_an_hour_and_old_ones_go(rt: Runtime, folder: Path) -> None:
    kept = folder / "backups"
    here = replace(rt, settings=rt.settings.model_copy(update={"backup_dir": kept}))
    noon = clock.utc_now().replace(microsecond=0)
    first = backups.keep(here, noon)
    assert first
    assert first.parent == kept
    assert backups.keep(here, noon + timedelta(minutes=14)) is None
    assert backups.keep(here, noon + timedelta(minutes=16))
    with rt.db.read() as connection:
        assert connection.scalar(select(installation.c.backup_at)) == noon + timedelta(minutes=16)
    assert sorted(kept.iterdir())[0] == first


def test_of_earlier_days_the_first_copy_is_kept_for_a_month(folder: Path) -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    times = [now - timedelta(minutes=15 * number) for number in range(40 * 96)]
    found = [folder / f"{time:broadcaster-%Y%m%dT%H%M%SZ.backup}" for time in sorted(times)]
    stays = sorted(set(found) - set(backups.surplus(found, now)))
    assert len([path for path in stays if path.name >= f"{now - timedelta(days=1):broadcaster-%Y%m%dT%H%M%SZ}"]) == 97
    assert len(stays) == 97 + 29
    assert not backups.surplus([folder / "broadcaster-by-hand.backup"], now)


def test_a_disk_that_takes_no_backup_is_told_in_one_line(rt: Runtime, folder: Path) -> None:
    with pytest.raises(NotReady, match="cannot be written"):
        backups.backup(rt, folder / "missing" / "copy.backup", clock.utc_now())
    shutil.rmtree(folder / "missing", ignore_errors=True)

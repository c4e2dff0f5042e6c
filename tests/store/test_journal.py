"""The journal: one chain per incident, each entry bound to the one before; changed, cut or forged entries show."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, update

from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import journal as journal_service
from broadcaster.store import journal as journal_store
from broadcaster.store.schema import journal

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
ADA = Actor("ada", "Ada", Role.ADMIN)
pytestmark = pytest.mark.engine


def write(rt: Runtime, count: int, chain: str = "flood") -> None:
    for number in range(count):
        with rt.db.write() as tx:
            journal_store.append(tx, chain, ADA, "write", NOW, grounds="gauge", body={"number": number})


def test_a_whole_journal_verifies_and_names_its_heads(runtime: Runtime) -> None:
    write(runtime, 5)
    write(runtime, 2, "fire")
    verdict = journal_service.verify(runtime)
    assert (verdict.entries, verdict.breaks, set(verdict.heads)) == (7, (), {"flood", "fire"})
    assert [entry["seq"] for entry in journal_service.export(runtime, "flood")] == [1, 2, 3, 4, 5]


def test_a_changed_a_missing_and_a_forged_entry_show(runtime: Runtime) -> None:
    for chain in ("changed", "missing", "forged"):
        write(runtime, 4, chain)
    mine = journal.c.seq == 2
    with runtime.db.write() as tx:
        tx.execute(update(journal).where(mine, journal.c.chain == "changed").values(grounds="rumour"))
        tx.execute(delete(journal).where(mine, journal.c.chain == "missing"))
        tx.execute(update(journal).where(mine, journal.c.chain == "forged").values(grounds="x", hash="0" * 64))
    found = {each.chain: (each.seq, each.why) for each in journal_service.verify(runtime).breaks}
    assert found == {
        "changed": (2, "its content was changed"),
        "missing": (3, "entry 2 is missing"),
        "forged": (2, "its content was changed"),
    }


def test_many_writers_make_one_chain(runtime: Runtime) -> None:
    writers = [threading.Thread(target=write, args=(runtime, 10)) for _ in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    verdict = journal_service.verify(runtime)
    assert (verdict.entries, verdict.breaks) == (40, ())


def test_erasing_a_person_destroys_the_key_and_the_chain_still_verifies(runtime: Runtime) -> None:
    with runtime.db.write() as tx:
        sealed = journal_service.seal(tx, "resident-7", "+61491570006", NOW)
        journal_store.append(tx, "flood", ADA, "answer", NOW, body={"phone": sealed})
    assert "61491570006" not in str(list(journal_service.export(runtime)))
    with runtime.db.read() as connection:
        assert journal_service.unseal(connection, "resident-7", sealed) == "+61491570006"
    assert journal_service.erase(runtime, "resident-7", ADA, "asked to be forgotten", NOW)
    assert not journal_service.erase(runtime, "resident-7", ADA, "again", NOW)
    with runtime.db.read() as connection:
        assert journal_service.unseal(connection, "resident-7", sealed) is None
    assert journal_service.verify(runtime).breaks == ()

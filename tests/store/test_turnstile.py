"""Writers of SQLite take turns, in processes and threads alike."""

import multiprocessing
import threading
import time
from pathlib import Path

import pytest

from broadcaster.store.database import Database
from broadcaster.store.schema import leaders
from broadcaster.store.turnstile import Turnstile


def raise_by_one(path: str, times: int) -> None:
    """Read, add one and write back, each in one transaction: any overlap loses a count."""
    db = Database(f"sqlite:///{path}")
    for _ in range(times):
        with db.write() as tx:
            now = tx.scalar(leaders.select().with_only_columns(leaders.c.owner))
            tx.execute(leaders.update().values(owner=str(int(now or 0) + 1)))
    db.dispose()


def test_counts_of_many_processes_add_up(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    db = Database(f"sqlite:///{path}")
    db.create()
    with db.write() as tx:
        tx.execute(leaders.insert().values(name="n", owner="0", until=0))
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=raise_by_one, args=(str(path), 50)) for _ in range(3)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert [each.exitcode for each in writers] == [0, 0, 0]
    with db.read() as connection:
        assert connection.scalar(leaders.select().with_only_columns(leaders.c.owner)) == "150"
    db.dispose()


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    turnstile, inside, most = Turnstile(tmp_path / "b.db"), [0], [0]

    def work() -> None:
        for _ in range(50):
            with turnstile.turn():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == [1]


def test_a_write_inside_a_write_is_an_error_not_a_standstill(tmp_path: Path) -> None:
    turnstile = Turnstile(tmp_path / "b.db")
    with turnstile.turn(), pytest.raises(RuntimeError, match="inside a write"), turnstile.turn():
        pass
    with turnstile.turn():
        pass


def test_a_transaction_that_fails_leaves_no_trace_and_the_gate_open(database: Database) -> None:
    def fail() -> None:
        with database.write() as tx:
            tx.execute(leaders.insert().values(name="n", owner="x", until=0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.write() as tx:
        assert tx.execute(leaders.select()).all() == []


def test_errors_of_the_database_do_not_quote_what_was_stored(database: Database) -> None:
    with database.write() as tx:
        tx.execute(leaders.insert().values(name="+4799999999", owner="x", until=0))
    with pytest.raises(Exception, match="leaders") as raised, database.write() as tx:
        tx.execute(leaders.insert().values(name="+4799999999", owner="secret words", until=0))
    assert "secret words" not in str(raised.value)


def test_who_is_in_a_hurry_passes_those_who_wait(tmp_path: Path) -> None:
    turnstile, order = Turnstile(tmp_path / "b.db"), list[str]()

    def write(name: str, hurry: bool) -> None:
        with turnstile.turn(hurry):
            order.append(name)
            time.sleep(0.01)

    with turnstile.turn():
        waiting = [threading.Thread(target=write, args=("bulk", False)) for _ in range(8)]
        for each in waiting:
            each.start()
        time.sleep(0.1)
        stop = threading.Thread(target=write, args=("stop", True))
        stop.start()
        time.sleep(0.1)
    for each in (*waiting, stop):
        each.join()
    # One was at the lock already, and who passes the gate next may be woken together with us.
    assert order.index("stop") <= 3
    assert len(order) == 9

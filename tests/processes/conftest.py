"""A real Valkey for the tests of queue and processes, on a unix socket in a short folder, gone afterwards."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadcaster.processes.valkey import Embedded

Until = Callable[..., None]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a unix socket."""
    path = Path(tempfile.mkdtemp(prefix="bc-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def valkey(folder: Path) -> Iterator[Embedded]:
    """A running embedded server."""
    with Embedded(folder) as server:
        yield server


@pytest.fixture
def until() -> Until:
    """until(condition, seconds=20): polls until it holds, else fails."""

    def wait(condition: Callable[[], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"did not come true within {seconds:g} s")
            time.sleep(0.02)

    return wait

"""One sandbox for all channel tests, as new for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import channels.weighing  # noqa: F401 - makes twitter-text importable, for the sandbox too
from channels.sandbox.server import Sandbox
from tests.channels.places import Place


@pytest.fixture(scope="session")
def providers() -> Iterator[Sandbox]:
    with Sandbox(speed=20) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(providers: Sandbox) -> Iterator[Sandbox]:
    yield providers
    providers.reset()


@pytest.fixture
def place(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Place:
    return Place(request.param, sandbox, tmp_path)

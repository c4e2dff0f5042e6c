"""A channel with its provider, named by the test's parameter."""

from pathlib import Path

import pytest

from channels.sandbox.server import Sandbox
from tests.channels.places import Place


@pytest.fixture
def place(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Place:
    """Each channel on the sandbox, the website on a folder of its own."""
    return Place.named(request.param, sandbox, tmp_path)

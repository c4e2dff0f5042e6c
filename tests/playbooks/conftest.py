"""An installation with playbooks of its own and a few residents."""

from pathlib import Path

import pytest

from broadcaster.runtime import Runtime
from tests.engine.city import settle
from tests.playbooks.shelf import own_folder


@pytest.fixture
def creek(runtime: Runtime, tmp_path: Path) -> Runtime:
    """Three people live in Rocklea; the shelf holds one playbook."""
    own_folder(runtime, tmp_path)
    settle(runtime, 3)
    return runtime

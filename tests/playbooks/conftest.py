"""An installation with playbooks of its own and a few residents."""

from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.runtime import Runtime
from tests.engine.city import settle
from tests.playbooks.shelf import LEASE, own_folder


@pytest.fixture
def creek(runtime: Runtime, tmp_path: Path) -> Runtime:
    """Three people live in Rocklea; the shelf holds one playbook. A lease holds however slow the machine is."""
    runtime.timing = replace(runtime.timing, lease=LEASE)
    own_folder(runtime, tmp_path)
    settle(runtime, 3)
    return runtime

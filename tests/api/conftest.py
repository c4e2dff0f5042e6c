"""An installation on both databases with the real web, a few residents in Rocklea, and a system with every scope."""

from pathlib import Path

import pytest
from flask import Flask

from broadcaster.runtime import Runtime
from broadcaster.web.app import create_app
from tests.api.caller import EVERYTHING, Caller, caller
from tests.engine.city import settle
from tests.playbooks.shelf import own_folder


@pytest.fixture
def city(runtime: Runtime, tmp_path: Path) -> Runtime:
    """Three people live in Rocklea, two more take part in exercises; the shelf holds the creek's playbook."""
    own_folder(runtime, tmp_path)
    settle(runtime, 3)
    settle(runtime, 2, exercise=True, first=100)
    return runtime


@pytest.fixture
def app(city: Runtime) -> Flask:
    """The whole web, as create_app makes it."""
    return create_app(city)


@pytest.fixture
def system(city: Runtime, app: Flask) -> Caller:
    """A system that may do all that a key may."""
    return caller(city, app, *EVERYTHING)

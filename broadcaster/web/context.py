"""What a request needs at hand: the runtime, the time, and who is asking."""

from collections.abc import Callable
from datetime import datetime
from typing import cast

from flask import Flask, current_app

from broadcaster.runtime import Runtime

_RUNTIME = "broadcaster"
_CLOCK = "broadcaster.clock"


def bind(app: Flask, rt: Runtime, tell: Callable[[], datetime]) -> None:
    """Give an app its runtime and its clock."""
    app.extensions[_RUNTIME], app.extensions[_CLOCK] = rt, tell


def runtime() -> Runtime:
    """The parts of the service that this app was made for."""
    return cast(Runtime, current_app.extensions[_RUNTIME])


def clock() -> Callable[[], datetime]:
    """What tells the time here; for work that goes on after the request."""
    return cast(Callable[[], datetime], current_app.extensions[_CLOCK])


def now() -> datetime:
    """Aware UTC; the one time that a view passes on to whatever it calls."""
    return clock()()

"""What runs now, as every page says it at its top: exercises, and the real event that ended them. From the rows, never from the page."""

from typing import Any

import structlog
from flask import g
from sqlalchemy.exc import SQLAlchemyError

from broadcaster.store import exercises
from broadcaster.web.context import runtime
from broadcaster.web.language import gettext as _

log = structlog.get_logger("web")


def mode() -> dict[str, Any]:
    """`exercises` that run and the `real` event, if one was declared whose incident is open. Empty while the database is away."""
    if "mode" not in g:
        try:
            with runtime().db.read() as connection:
                g.mode = {"exercises": exercises.running(connection), "real": exercises.real_event(connection)}
        except SQLAlchemyError as error:
            # The page that says that something is wrong must still come.
            log.warning("mode unknown", error=type(error).__name__)
            g.mode = {"exercises": (), "real": None}
    found: dict[str, Any] = g.mode
    return found


def stop_word(live: bool) -> str:
    """What is typed to stop an alert: another word in an exercise, so that hands learn which is which."""
    return _("STOP") if live else _("END EXERCISE")


def is_stop_word(typed: str, live: bool) -> bool:
    """True for the word in the reader's language or in English, in any case."""
    return typed.strip().casefold() in {stop_word(live).casefold(), "stop" if live else "end exercise"}


def drill_word() -> str:
    """What is typed to approve an exercise; a live alert asks for the password instead."""
    return _("EXERCISE")


def is_drill_word(typed: str) -> bool:
    """As `is_stop_word`."""
    return typed.strip().casefold() in {drill_word().casefold(), "exercise"}

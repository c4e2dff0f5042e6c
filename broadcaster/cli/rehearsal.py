"""An installation as if it were set up, for looking at words: every channel has an account, and the city its zones."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from broadcaster.cli.frame import operator
from broadcaster.runtime import Runtime
from broadcaster.services import migrating, zones
from broadcaster.settings import Providers
from broadcaster.store import zones as zone_store
from broadcaster.store.database import Database

#: What a sender looks like; nothing is ever sent with it.
_SENDER = "+61491570006"


@contextmanager
def rehearsal(rt: Runtime, now: datetime) -> Iterator[Runtime]:
    """`rt` with made-up credentials where there are none, and the profile's own zones where none were imported."""
    settings = rt.settings.model_copy(
        update={"live": _filled(rt.settings.live), "exercise": _filled(rt.settings.exercise)}
    )
    file = rt.folder / "profiles" / rt.profile.zones_file
    with rt.db.read() as connection:
        has_zones = zone_store.count(connection) > 0
    if has_zones or not rt.profile.zones_file or not file.is_file():
        yield replace(rt, settings=settings)
        return
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'rehearsal.db'}")
        migrating.upgrade(db)
        zones.import_zones(db, rt.profile, file.read_bytes(), actor=operator(), now=now, name=file.name)
        yield replace(rt, settings=settings, db=db)
        db.engine.dispose()


def _filled(given: Providers) -> Providers:
    made_up = {
        name: SecretStr("x") if isinstance(field.get_default(), SecretStr) else "x"
        for name, field in Providers.model_fields.items()
        if not name.endswith(("_url", "_version", "_from_info"))
    }
    lacking = {name: value for name, value in made_up.items() if not _text(given, name)}
    if "twilio_from" in lacking:
        lacking["twilio_from"] = _SENDER
    return given.model_copy(update=lacking)


def _text(given: Providers, name: str) -> str:
    value = getattr(given, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

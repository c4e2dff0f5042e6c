"""A city that can be sent alerts to, and a count at its providers of who got what. The installation may be of any shape."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from broadcaster import clock
from broadcaster.demo.count import Expected, Tally, audience, count, of_alert
from broadcaster.demo.residents import invented_csv
from broadcaster.demo.stage import HOST
from broadcaster.domain.alert import Selector
from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime, build
from broadcaster.services import migrating
from broadcaster.services.accounts import add_user
from broadcaster.services.residents import import_residents
from broadcaster.services.zones import import_zones
from broadcaster.settings import Settings
from broadcaster.store import alerts as alert_store
from broadcaster.store.database import Database
from broadcaster.store.zone_files import read_zones
from channels.sandbox.server import Sandbox
from tests.residents.city import SQUARES, collection, square

SITE = "https://bcc.example"
T = TypeVar("T")


class Town:
    """Four zones, `people` invented residents, Ada and Ben, in an empty database that gets its tables here."""

    def __init__(self, settings: Settings, sandbox: Sandbox, people: int, seed: int) -> None:
        self.settings, self.sandbox = settings, sandbox
        self.db = Database(settings.database)
        rt: Runtime = build(settings)
        migrating.upgrade(rt.db)
        now = clock.utc_now()
        zones = collection(SQUARES)
        outlines = {code: [[(lat, lon) for lon, lat in square(*corner)]] for code, corner in SQUARES.items()}
        import_zones(rt.db, rt.profile, zones, actor=HOST, now=now, name="zones.geojson")
        where = read_zones(zones, "zones.geojson", rt.profile.fallback)
        register = invented_csv(where, people, rt.profile.languages, seed)
        import_residents(rt.db, rt.profile, BytesIO(register), "replace", actor=HOST, now=now)
        add_user(rt, "ada@city.example", Role.AUTHOR, HOST, now, "Ada")
        add_user(rt, "ben@city.example", Role.APPROVER, HOST, now, "Ben")
        rt.close()
        self.everybody = audience(register, outlines, Selector(zones=tuple(SQUARES)))

    def close(self) -> None:
        """Give back connections."""
        self.db.engine.dispose()

    def ask(self, question: Callable[[Connection], T], patience: float = 120.0) -> T:
        """Look into the database, again and again while it does not answer."""
        deadline = time.monotonic() + patience
        while True:
            try:
                with self.db.read() as connection:
                    return question(connection)
            except SQLAlchemyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def row(self, alert_id: str) -> alert_store.AlertRow:
        """The alert as it stands."""
        return self.ask(lambda connection: alert_store.get(connection, alert_id))

    def taken(self) -> int:
        """Texts that the provider has taken, of all alerts."""
        return int(self.sandbox.control("twilio").stats()["recorded"])

    def expected(self, alert_id: str) -> Expected:
        """What this alert should leave at the providers, worked out from the register's own file."""
        alert = self.row(alert_id)
        texts = self.ask(lambda connection: [*alert_store.texts(connection, alert_id).values()])
        tags = dict.fromkeys(each.language for each in texts)
        pages = [f"{SITE}/{tag}/alerts/{alert.identifier}.html" for tag in tags]
        posts = {
            name: [part for each in texts if each.channel == name for part in each.parts] for name in ("x", "facebook")
        }
        return Expected(SITE, (f"{SITE}/a/{alert.token}/", *pages), self.everybody, posts)

    def sent(self) -> Mapping[str, list[dict[str, Any]]]:
        """All providers' own lists."""
        return {name: self.sandbox.sent(name) for name in self.sandbox.urls}

    def tally(self, alert_id: str) -> Tally:
        """Lost and doubled texts and posts of an alert that was sent to the end."""
        return count(self.expected(alert_id), self.sent())

    def cut_short(self, alert_id: str) -> tuple[Tally, datetime | None]:
        """Of an alert that was stopped: what went out twice or to nobody of ours, and when the provider took the last call."""
        expected, records = self.expected(alert_id), self.sent()
        mine = {name: of_alert(found, expected) for name, found in records.items()}
        texts = Counter(record["to"] for record in mine["twilio"])
        doubled = sum(times - (phone in self.everybody) for phone, times in texts.items())
        doubled += sum(
            times - 1
            for name in ("x", "facebook")
            for times in Counter(record["text"] for record in mine[name]).values()
        )
        moments = [datetime.fromisoformat(record["at"]) for found in mine.values() for record in found]
        return Tally(0, doubled), max(moments, default=None)

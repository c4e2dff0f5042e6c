"""Where it happens: an installation of its own with sandbox providers, a city that lives in it, and a count of who got what."""

import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import SecretStr
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from broadcaster import clock
from broadcaster.demo.count import Expected, Tally, audience, count, of_alert
from broadcaster.demo.residents import invented_csv
from broadcaster.demo.stage import account, exercise_account
from broadcaster.domain.alert import Selector
from broadcaster.domain.rules import Role
from broadcaster.processes.environment import changes
from broadcaster.runtime import FOLDER, Runtime, build
from broadcaster.services import migrating
from broadcaster.services.accounts import add_user
from broadcaster.services.residents import import_residents
from broadcaster.services.zones import import_zones
from broadcaster.settings import Settings
from broadcaster.store import alerts as alert_store
from broadcaster.store.database import Database
from broadcaster.store.zone_files import read_zones
from channels.sandbox.server import Sandbox
from tests.chaos.plan import Plan, Scale
from tests.chaos.relay import Relay
from tests.engine.city import ROOT as HOST
from tests.processes.installed import PATIENCE, Run
from tests.residents.city import SQUARES, collection, square

SITE = "https://bcc.example"
T = TypeVar("T")


class Ground:
    """`with Ground(plan, scale, database_url) as ground:` — everything is up, nothing has been sent; at the end nothing runs.

    An empty `database_url` means SQLite. `module` is the command line that is started (broadcaster, or tests.chaos.quick).
    """

    def __init__(self, plan: Plan, scale: Scale, database_url: str, module: str) -> None:
        self.plan, self.scale, self._url, self._module = plan, scale, database_url, module
        self._held = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="bc-ch-"))
        self.alerts = 0

    def __enter__(self) -> Self:
        with ExitStack() as held:
            self.sandbox = held.enter_context(Sandbox(adopt=True))
            self.relay = held.enter_context(Relay(self.folder / "webhooks.sock"))
            self.settings = self._settings()
            self.db = Database(self.settings.database)
            held.callback(self.db.engine.dispose)
            self._settle()
            held.callback(self._end)
            self.start()
            self._held = held.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._held.close()

    def forget(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _settings(self) -> Settings:
        urls = self.sandbox.urls
        live, exercise = account(urls), exercise_account(urls)
        secret = os.urandom(32).hex()
        return Settings(
            var_dir=self.folder,
            database_url=SecretStr(self._url),
            secret_key=SecretStr(secret),
            public_url=self.relay.url,
            status_url=SITE,
            sms_rate=self.scale.rate,
            live=live,
            exercise=exercise,
        )

    def _settle(self) -> None:
        """Tables, four zones, invented residents, Ada and Ben."""
        rt: Runtime = build(self.settings)
        migrating.upgrade(rt.db)
        now = clock.utc_now()
        zones = collection(SQUARES)
        outlines = {code: [[(lat, lon) for lon, lat in square(*corner)]] for code, corner in SQUARES.items()}
        import_zones(rt.db, rt.profile, zones, actor=HOST, now=now, name="zones.geojson")
        where = read_zones(zones, "zones.geojson", rt.profile.fallback)
        register = invented_csv(where, self.scale.people, rt.profile.languages, self.plan.seed)
        import_residents(rt.db, rt.profile, BytesIO(register), "replace", actor=HOST, now=now)
        add_user(rt, "ada@city.example", Role.AUTHOR, HOST, now, "Ada")
        add_user(rt, "ben@city.example", Role.APPROVER, HOST, now, "Ben")
        rt.close()
        self.everybody = audience(register, outlines, Selector(zones=tuple(SQUARES)))

    # -- the installation

    def start(self) -> None:
        """Start it, or start it again after all of it has died. AssertionError with its own words when it does not come up."""
        wanted = {name: value for name, value in changes(Settings(), self.settings).items() if value is not None}
        workers = ("--urgent", str(self.plan.urgent), "--bulk", str(self.plan.bulk))
        self.run = Run(self.folder, *workers, settings=wanted, module=self._module)
        deadline = time.monotonic() + PATIENCE
        while not self.run.url:
            assert self.run.process.poll() is None, self.run.errors.read_text()
            assert time.monotonic() < deadline, f"not ready: {self.run.errors.read_text()}"
            time.sleep(0.1)

    def stop(self) -> None:
        """Let it end in order."""
        self.run.process.terminate()
        self.run.process.wait(PATIENCE)

    def _end(self) -> None:
        """End whatever runs, at once; the kernel ends the children."""
        self.run.process.kill()
        self.run.process.wait()
        deadline = time.monotonic() + 30
        while self.run.family() and time.monotonic() < deadline:
            for pid in self.run.family():
                try_kill(pid)
            time.sleep(0.1)

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

    # -- alerts

    def send(self) -> str:
        """An alert to everybody on all channels, over the command line; returns its id."""
        self.alerts += 1
        path = self.folder / f"alert{self.alerts}.yaml"
        text = (FOLDER / "templates/alerts/holding/example.en.yaml").read_text()
        text = text.replace("incident: flood", f"incident: flood-{self.alerts}")
        text = text.replace("zones: [rocklea, oxley]", f"zones: [{', '.join(SQUARES)}]")
        # X refuses the words of an earlier post, also those of a thread's second part.
        text = text.replace("Crews are", f"Crew {self.alerts} is").replace("+35m", f"+{35 + 20 * self.alerts}m")
        path.write_text(f"{text}channels: [website, sms, x, facebook]\n")
        people = ("--author", "ada@city.example", "--approver", "ben@city.example")
        answer: dict[str, Any] = json.loads(self.run.say("alert", "send", path, *people, "--json"))
        return str(answer["id"])

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


def try_kill(pid: int, number: int = 9) -> bool:
    """Send a signal; False when the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True

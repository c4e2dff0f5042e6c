"""Where it happens: a real `broadcaster run` in a folder of its own, with sandbox providers and a town that lives in it."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr

from broadcaster import clock
from broadcaster.demo.stage import account, exercise_account
from broadcaster.processes.environment import changes
from broadcaster.runtime import FOLDER, build
from broadcaster.services import broadcasting
from broadcaster.settings import Settings
from broadcaster.store import documents
from channels.sandbox.server import Sandbox
from tests.chaos.plan import Plan, Scale
from tests.chaos.relay import Relay
from tests.chaos.town import SITE, Town
from tests.engine.city import ADA, sent
from tests.processes.installed import PATIENCE, Run
from tests.residents.city import SQUARES


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
            self.town = Town(self.settings, self.sandbox, self.scale.people, self.plan.seed)
            held.callback(self.town.close)
            self.rt = build(self.settings)
            held.callback(self.rt.close)
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

    # -- alerts, by the real command line in the long form; a command takes seconds to start, which the short form has not

    def send(self) -> str:
        """An alert to everybody on all channels; returns its id."""
        self.alerts += 1
        path = self.folder / f"alert{self.alerts}.yaml"
        text = (FOLDER / "templates/alerts/holding/example.en.yaml").read_text()
        text = text.replace("incident: flood", f"incident: flood-{self.alerts}")
        text = text.replace("zones: [rocklea, oxley]", f"zones: [{', '.join(SQUARES)}]")
        # X refuses the words of an earlier post, and within a minute the second parts of threads would not differ.
        text = text.replace("Crews are", f"Crew {self.alerts} is").replace("+35m", f"+{35 + 20 * self.alerts}m")
        path.write_text(f"{text}channels: [website, sms, x, facebook]\n")
        if not self.scale.whole:
            return sent(self.rt, documents.read_alert_file(path.read_text(), UTC, clock.utc_now()))
        people = ("--author", "ada@city.example", "--approver", "ben@city.example")
        answer: dict[str, Any] = json.loads(self.run.say("alert", "send", path, *people, "--json"))
        return str(answer["id"])

    def stop_sending(self, alert_id: str) -> Callable[[], str | None]:
        """Begin to stop an alert; what is returned says None while that goes on, then why it was refused, or nothing."""
        if not self.scale.whole:
            pool = ThreadPoolExecutor(1)
            task = pool.submit(broadcasting.stop, self.rt, alert_id, ADA, "chaos", clock.utc_now())
            pool.shutdown(wait=False)
            return lambda: None if not task.done() else str(task.exception() or "")
        command = self.run.command("alert", "stop", alert_id)
        return lambda: (
            None if command.poll() is None else command.communicate()[1].strip() if command.returncode else ""
        )


def try_kill(pid: int, number: int = 9) -> bool:
    """Send a signal; False when the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True

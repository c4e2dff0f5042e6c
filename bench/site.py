"""An installation to measure: its own folder, database, Valkey and settings, and the product's real processes, all ended with it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import SecretStr

from bench import machine
from bench.postgres import Postgres
from bench.provider import Provider
from bench.residents import ZONES, write_residents
from broadcaster import clock
from broadcaster.demo.stage import account
from broadcaster.domain.rules import Actor, Role
from broadcaster.processes import environment, tied
from broadcaster.processes.valkey import Embedded
from broadcaster.runtime import FOLDER, Runtime, build
from broadcaster.services import migrating
from broadcaster.services.zones import import_zones
from broadcaster.settings import PREFIX, Providers, Settings
from broadcaster.store.queue import LANES
from broadcaster.store.zone_files import read_zones

Kind = Literal["sqlite", "postgresql"]
ROOT = Actor("bench", "the benchmark", Role.ADMIN, person=False)
#: Whose number the texts come from, at a rate that never holds anybody up. From ACMA's numbers for fiction.
SENDER = "+61491579455"
UNLIMITED = 1_000_000.0
BROADCASTER = (sys.executable, "-m", "broadcaster")


@dataclass(frozen=True, slots=True)
class Imported:
    """What the import of a register took: phones, lines, seconds from start to end of the command, and its most memory."""

    phones: int
    lines: int
    seconds: float
    peak_mb: float


class Site:
    """`with Site("sqlite", provider) as site: site.settle(20_000); site.start(sweep=1, urgent=1, bulk=2)`.

    `rate` is what the sender may send, texts a second. Addresses of providers other than Twilio's are nobody's unless `posts`
    names them (provider → URL). `profile` is the city whose settings hold; the zones and residents are always the same.
    """

    def __init__(
        self,
        database: Kind,
        provider: Provider,
        rate: float = UNLIMITED,
        posts: dict[str, str] | None = None,
        profile: str = "brisbane",
    ) -> None:
        self.database, self.provider, self._profile = database, provider, profile
        self._rate, self._posts = rate, posts or {}
        self._held = ExitStack()
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        with ExitStack() as held:
            self.folder = Path(tempfile.mkdtemp(prefix="bc-bench-"))
            held.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.valkey = held.enter_context(Embedded(self.folder))
            self.postgres = held.enter_context(Postgres()) if self.database == "postgresql" else None
            self.settings = self._settings()
            self.rt: Runtime = build(self.settings)
            held.callback(self.rt.close)
            migrating.upgrade(self.rt.db)
            held.callback(self.end)
            self._held = held.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._held.close()

    def _settings(self) -> Settings:
        return Settings(
            profile=FOLDER / "profiles" / f"{self._profile}.yaml",
            database_url=SecretStr(self.postgres.create("broadcaster") if self.postgres else ""),
            redis_url=SecretStr(self.valkey.url),
            secret_key=SecretStr("a-key-of-a-benchmark-that-is-long-enough-012345"),
            public_url="https://alerts.bcc.example",
            var_dir=self.folder,
            live=self._live(),
        )

    def _live(self) -> Providers:
        """The demo's accounts, but one carrier of texts alone: what is measured shall not move to another."""
        urls = dict.fromkeys(("x", "facebook", "sinch"), "http://127.0.0.1:9")
        whole = account(urls | self._posts | {"twilio": self.provider.url}).model_dump()
        ours = {name: value for name, value in whole.items() if not name.startswith("sinch_")}
        return Providers.model_validate(ours | {"twilio_from": f"{SENDER}={self._rate:.0f}"})

    def settle(self, phones: int) -> Imported:
        """Bring in the city's zones and so many residents, with the command that an operator would use."""
        path, zones = self.folder / "residents.csv", ZONES.read_bytes()
        import_zones(self.rt.db, self.rt.profile, zones, actor=ROOT, now=clock.utc_now(), name=ZONES.name)
        with path.open("w", encoding="utf-8") as file:
            write_residents(file, phones, read_zones(zones, ZONES.name, self.rt.profile.fallback))
        with path.open("rb") as stream:
            lines = sum(1 for _ in stream) - 1
        _, seconds, peak = self.run("residents", "import", str(path), "--replace")
        path.unlink()
        return Imported(phones, lines, seconds, peak)

    def run(self, *words: str) -> tuple[str, float, float]:
        """Do a command as an operator would: what it printed, seconds from start to end, and its most memory, MB.

        RuntimeError when it fails.
        """
        began, peak = time.monotonic(), 0.0
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.Popen([*BROADCASTER, *words], cwd=FOLDER, env=self._variables(), stdout=said)
            while done.poll() is None:
                # Asked for while it runs: what wait4 tells afterwards counts our own memory, of which it was a copy before exec.
                peak = max(peak, machine.peak_mb(done.pid))
                time.sleep(0.05)
            if done.returncode:
                raise RuntimeError(f"{' '.join(words[:2])} ended with {done.returncode}")
            said.seek(0)
            return said.read(), round(time.monotonic() - began, 2), round(peak, 1)

    def _variables(self) -> dict[str, str]:
        """The environment of our processes: nothing of the operator's settings, all of ours."""
        given = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        wanted = environment.changes(Settings(), self.settings)
        return given | {name: value for name, value in wanted.items() if value is not None}

    def start(self, **parts: int) -> None:
        """Start so many processes of each part, `start(sweep=1, urgent=1, bulk=2)`; returns when all workers listen."""
        for part, number in parts.items():
            words = {
                "web": ["web", "--bind", f"unix:{self.folder / 'web.sock'}"],
                "webhooks": ["web", "--only", "webhooks", "--bind", f"unix:{self.folder / 'webhooks.sock'}"],
                "sweep": ["sweep"],
            }
            command = tied.command(*BROADCASTER, *words.get(part, ["worker", "--lane", part]))
            for _ in range(number):
                with (self.folder / f"{part}.log").open("ab") as log:
                    process = subprocess.Popen(
                        command, cwd=FOLDER, env=self._variables(), stdout=log, stderr=subprocess.STDOUT
                    )
                self._running.append((part, process))
        wanted = {lane: sum(name == lane for name, _ in self._running) for lane in LANES}

        def listening() -> bool:
            alive = self.rt.queue.workers() or {}
            return all(alive.get(lane, 0) >= number for lane, number in wanted.items())

        self.wait(listening, 60, "workers")

    def wait(self, condition: Callable[[], object], seconds: float, what: str, pause: float = 0.02) -> None:
        """Return when it holds; TimeoutError after `seconds`, RuntimeError when a process of ours has ended by itself."""
        deadline = time.monotonic() + seconds
        while not condition():
            for name, process in self._running:
                if process.poll() is not None:
                    log = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
                    raise RuntimeError(f"{name} has ended ({process.returncode}): {log[-2000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {seconds:g} s")
            time.sleep(pause)

    def end(self, part: str = "") -> None:
        """End the processes of one part, or of all."""
        mine = [(name, process) for name, process in self._running if part in ("", name)]
        for _, process in mine:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for name, process in mine:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._running.remove((name, process))

    def pids(self) -> Iterator[tuple[str, int]]:
        """(kind, process) of everything that works for this installation, the provider and we ourselves included."""
        yield from ((name, process.pid) for name, process in self._running)
        yield "valkey", self.valkey.pid
        if self.postgres is not None:
            yield "postgres", self.postgres.pid
        yield from (("provider", pid) for pid in self.provider.pids)

    def cpu(self) -> dict[str, float]:
        """Kind of process → processor seconds so far."""
        found: dict[str, float] = {}
        for kind, pid in self.pids():
            found[kind] = found.get(kind, 0.0) + machine.cpu_seconds(pid)
        return found

    def others(self) -> machine.Others:
        """Begin to watch how much of the processor is not ours."""
        return machine.Others(*([self.postgres.pid] if self.postgres else []))

    def peaks(self) -> dict[str, float]:
        """Kind of process → the most memory that one of them ever held, MB."""
        found: dict[str, float] = {}
        for kind, pid in self.pids():
            found[kind] = max(found.get(kind, 0.0), round(machine.peak_mb(pid), 1))
        return found

    @contextlib.contextmanager
    def paused(self, pid: int) -> Iterator[None]:
        """Stop a process in its tracks for a while (SIGSTOP), as when it hangs."""
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

"""Workers, sweepers and callbacks on three hosts. One loses its line to the providers, another all its lines, in the middle of a send;

both come back when the others have done their work.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from pydantic import SecretStr

from broadcaster.demo.stage import account, exercise_account
from broadcaster.domain.alert import Selector
from broadcaster.processes import tied
from broadcaster.processes.environment import changes
from broadcaster.runtime import build
from broadcaster.settings import Settings
from broadcaster.store.queue import LANES, Queue
from channels.sandbox.server import Sandbox
from tests.chaos.acts import PATIENCE, RESOLVES
from tests.chaos.estate import Estate, unknown
from tests.chaos.relay import Relay
from tests.chaos.town import SITE, Town
from tests.engine.city import holding, sent
from tests.hosts.middle import postgresql, valkey
from tests.hosts.network import Network
from tests.processes.installed import ROOT
from tests.residents.city import SQUARES

PEOPLE, RATE = 2400, 30.0
#: The provider's lag, in seconds.
LAG = 5.0
#: How long a host is away: longer than lease, grace and lookups, so that others have sent again what cannot be found.
AWAY = 70.0
#: The second host is lost so long after the first.
APART = 20.0
#: After the end, how long the kernel might still try to hand over what was in its hands when the line was cut.
ECHO = 60.0
#: A cut-off host's lease runs out after 30 s; its transaction, if it was in one, is ended by the database after 60 s.
RESUMES = 95.0
CALLBACKS = 8001


class Hosts:
    """The installation's parts on their hosts, all with the same settings."""

    def __init__(self, network: Network, settings: Settings, folder: Path) -> None:
        self.network, self._folder = network, folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BROADCASTER_")}
        wanted = {name: value for name, value in changes(Settings(), settings).items() if value is not None}
        self._environment = kept | wanted
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Callbacks on the first, workers of both lanes and a sweeper on each."""
        first = self.network.hosts[0]
        self._start(
            first, "web", "--only", "webhooks", "--bind", f"{self.network.address('outside', first)}:{CALLBACKS}"
        )
        for host in self.network.hosts:
            for words in (("sweep",), ("worker", "--lane", "urgent"), ("worker", "--lane", "bulk")):
                self._start(host, *words)

    def _start(self, host: str, *words: str) -> None:
        program = self.network.on(host, sys.executable, "-m", "broadcaster", *words)
        with (self._folder / f"{host}-{'-'.join(words[:3]).replace('--', '')}.log").open("wb") as output:
            process = subprocess.Popen(
                tied.command(*program), cwd=ROOT, env=self._environment, stdout=output, stderr=subprocess.STDOUT
            )
        self._running.append(process)

    def stop(self) -> None:
        """End all parts at once."""
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait()


def play(network: Network) -> int:
    """The exit code: 0 when everybody got the alert once, and the others went on in time."""
    began = time.monotonic()

    def say(what: str) -> None:
        sys.stdout.write(f"[hosts] {time.monotonic() - began:6.1f} s  {what}\n")
        sys.stdout.flush()

    folder = Path(tempfile.mkdtemp(prefix="bc-hosts-"))
    with ExitStack() as held_open:
        sandbox = held_open.enter_context(Sandbox(adopt=True))
        relays = {
            name: held_open.enter_context(Relay(port, network.address("outside"))).url
            for name, port in sandbox.ports.items()
        }
        settings = Settings(
            var_dir=folder,
            database_url=SecretStr(held_open.enter_context(postgresql(network.address("inside")))),
            redis_url=SecretStr(held_open.enter_context(valkey(network.address("inside"), folder))),
            secret_key=SecretStr(os.urandom(32).hex()),
            public_url=f"http://{network.address('outside', network.hosts[0])}:{CALLBACKS}",
            status_url=SITE,
            sms_rate=RATE,
            live=account(relays),
            exercise=exercise_account(relays),
        )
        town = Town(settings, sandbox, PEOPLE, 1)
        held_open.callback(town.close)
        hosts = Hosts(network, settings, folder)
        held_open.callback(hosts.stop)
        hosts.start()
        problems = _cut_and_mend(network, town, say)
    for problem in problems:
        say(f"PROBLEM: {problem}; logs are in {folder}")
    if not problems:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if problems else 0


def _cut_and_mend(network: Network, town: Town, say: Callable[[str], None]) -> list[str]:
    queue = Queue(town.settings.redis)
    _until(lambda: all((queue.workers() or {}).get(lane) == len(network.hosts) for lane in LANES), 120, "all workers")
    queue.close()
    town.sandbox.control("twilio").lag(LAG)
    rt = build(town.settings)
    alert_id = sent(rt, holding(area=Selector(zones=tuple(SQUARES))))
    rt.close()
    say(f"{len(network.hosts)} hosts up, an alert sent to {len(town.everybody):,} phones")
    mute = Loss(network, town, say, ("outside",), network.hosts[1:])
    _until(lambda: mute.over() or mute.age() > APART, PATIENCE, "the second cut")
    gone = Loss(network, town, say, (), [host for host in network.hosts[1:] if host != mute.host])
    _until(lambda: all([mute.over(), gone.over()]), PATIENCE, "what the hosts had")
    _until(lambda: town.row(alert_id).completed_at is not None, PATIENCE, "the end of sending")
    say("every delivery is final")
    _until(lambda: gone.age() > AWAY + ECHO, PATIENCE, "the echo")
    tally = town.tally(alert_id)
    say(f"lost {tally.lost}, doubled {tally.doubled}")
    found = [each for loss in (mute, gone) for each in loss.complaints()]
    if tally.lost or tally.doubled:
        found.append(f"lost {tally.lost}, doubled {tally.doubled}")
    return found


class Loss:
    """A host that is cut off now, in the middle of its work, for AWAY seconds."""

    def __init__(
        self, network: Network, town: Town, say: Callable[[str], None], lines: Sequence[str], hosts: Sequence[str]
    ) -> None:
        """The first of `hosts` that has texts on their way loses `lines`, or all."""
        self._network, self._say = network, say
        provider = town.sandbox.control("twilio")
        provider.fault("POST /2010", "latency", None, 1.0)
        _until(lambda: bool(self._busy(town, hosts)), PATIENCE, "a host in the middle of calls")
        self.host = self._busy(town, hosts)
        network.cut(self.host, *lines)
        self._left, self._cut, self._away = Estate(town, f"-{self.host}-"), time.monotonic(), True
        provider.faults([])
        say(f"{self.host} loses its line {', '.join(lines) or 'to everything'}; it holds {self._left}")

    @staticmethod
    def _busy(town: Town, hosts: Sequence[str]) -> str:
        return next((host for host in hosts if len(unknown(town, f"-{host}-")) > 5), "")

    def age(self) -> float:
        """Seconds since the cut."""
        return time.monotonic() - self._cut

    def over(self) -> bool:
        """True when the host is back and everything that it had is settled."""
        settled = self._left.settled()
        if self._away and self.age() > AWAY:
            self._network.mend(self.host)
            self._away = False
            self._say(f"{self.host} is back after {self.age():.0f} s")
        return settled and not self._away

    def complaints(self) -> list[str]:
        """What took too long."""
        resumed, resolved = self._left.resumed or 0.0, self._left.resolved or 0.0
        self._say(f"{self.host}: resumed by others after {resumed} s, nothing unknown after {resolved} s")
        late = resumed > RESUMES or resolved > RESOLVES
        return [f"what {self.host} had lay still for {resumed} s, or was unknown for {resolved} s"] if late else []


def _until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(0.05)

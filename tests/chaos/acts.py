"""One run in three acts: an alert through a storm, one that is stopped, and one that goes out twice as far as the database knows."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from broadcaster.domain.lifecycle import AlertState
from broadcaster.store.schema import alerts, deliveries
from tests.chaos.clocks import Astray, library
from tests.chaos.estate import Estate, held, unknown
from tests.chaos.ground import Ground, try_kill
from tests.chaos.plan import SENDS, Blow
from tests.chaos.storm import Say, Storm

#: How long an alert may take to be sent and known to the end, in seconds, once the storm is over.
PATIENCE = 600.0
#: DESIGN: no new provider call starts later than this after the stop's commit, in seconds.
STOP_HOLDS = 2.0
#: Issue 3, part 6, in seconds.
RESUMES, RESOLVES = 60.0, 120.0


@dataclass(slots=True)
class Outcome:
    """What came of one run. Times in seconds; None where the run had no such act."""

    seed: int
    database: str
    kills: int = 0
    pauses: int = 0
    faults: int = 0
    blows: dict[str, int] = field(default_factory=dict)
    alerts: int = 0
    lost: int = 0
    doubled: int = 0
    #: The provider's last call of the stopped alert, after the stop's commit (below 0: before it).
    after_stop: float | None = None
    #: From the death of all bulk workers until another has each of their batches, and until no row is unknown.
    resumed: float | None = None
    resolved: float | None = None
    #: How far off the clock of a worker was that had to refuse; None: nobody's.
    astray: float | None = None
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    folder: str = ""

    def document(self) -> dict[str, Any]:
        return asdict(self)


class Play:
    """`Play(ground, storm, say, outcome)`; each act adds to the outcome."""

    def __init__(self, ground: Ground, storm: Storm, say: Say, outcome: Outcome) -> None:
        self.ground, self.storm, self.say, self.outcome = ground, storm, say, outcome
        self._finished: list[str] = []
        self._stopped: tuple[str, Commit] | None = None

    # -- act one

    def weather(self) -> None:
        """An alert to everybody while all blows of the plan fall; another one as long as there are blows left.

        Where the database has a clock of its own, a worker whose clock is wrong is there too.
        """
        astray = self._astray()
        self.storm.add(blow for blow in self.ground.plan.storm if blow.at < 0)
        sent = [self._send()]
        self.storm.add(blow for blow in self.ground.plan.storm if blow.at >= 0)
        while not self.storm.go_on(lambda: self.storm.over, 0.0):
            if self._sent(sent[-1]):
                self.storm.wake()
                sent.append(self._send())
            self.storm.go_on(lambda: self.storm.over or self._sent(sent[-1]), PATIENCE)
        self.storm.wake()
        # What has not fallen by now: else a breaker that lets one text through at a time would take minutes to use it up.
        for provider in SENDS:
            self.ground.sandbox.control(provider).faults([])
        for alert_id in sent:
            self._to_the_end(alert_id)
        self._finished += sent
        if astray is not None:
            astray.stop()
            self.outcome.astray = astray.seconds
            for complaint in astray.complaints(self.ground.sandbox):
                self._complain(complaint)

    def _astray(self) -> Astray | None:
        seconds = self.ground.plan.astray
        if not self.ground.scale.whole or self.ground.town.db.sqlite or not library():
            return None
        self.say(f"one more bulk worker, whose clock is {seconds:+.1f} s off")
        return Astray(self.ground.settings, seconds)

    # -- act two

    def stopped(self) -> None:
        """An alert that is stopped in the middle, while workers sleep and die around it."""
        ground, storm = self.ground, self.storm
        before = ground.town.taken()
        alert_id = self._send()
        part = ground.plan.stop_at * len(ground.town.everybody)
        if not storm.go_on(lambda: ground.town.taken() - before >= part, PATIENCE, 0.05):
            self._complain("the alert to be stopped was not sent as far as that")
        storm.add(_shifted(blow) for blow in ground.plan.stop_storm)
        commit = Commit(ground, alert_id)
        storm.go_on(lambda: False, 1.0, 0.02)
        answer = ground.stop_sending(alert_id)
        if not storm.go_on(lambda: answer() is not None and storm.over, PATIENCE, 0.02):
            self._complain("the stop took too long")
        elif refused := answer():
            self._complain(f"the stop was refused: {refused}")
        storm.wake()
        self._to_the_end(alert_id)
        self._stopped = (alert_id, commit)

    # -- act three

    def restored(self) -> None:
        """A copy is made in the middle, all bulk workers die, all goes out; then the disk is lost and the copy put back."""
        ground = self.ground
        before = ground.town.taken()
        alert_id = self._send()
        part = ground.plan.backup_at * len(ground.town.everybody)
        self.storm.go_on(lambda: ground.town.taken() - before >= part, PATIENCE, 0.05)
        copy = ground.folder / "copy.backup"
        ground.run.say("db", "backup", copy)
        self._deaths()
        self._to_the_end(alert_id)
        self.say("putting back the copy that was made in the middle")
        ground.stop()
        ground.town.close()
        ground.rt.close()
        ground.run.say("db", "restore", copy, "--yes")
        ground.start()
        ground.run.say("db", "release")
        self._to_the_end(alert_id)
        self._finished.append(alert_id)

    def _deaths(self) -> None:
        """Kill every bulk worker in the middle of calls, and measure how long their work lies still."""
        ground = self.ground
        provider = ground.sandbox.control("twilio")
        provider.faults([])
        # Else a receipt would say at once what became of them.
        provider.fault("", "callbacks_lost", None)
        provider.fault("POST /2010", "latency", 60, min(2.0, ground.scale.call / 2))
        self.storm.go_on(lambda: bool(held(ground.town)) and len(unknown(ground.town)) > 20, 60.0, 0.02)
        for pid in self.storm.victims("bulk"):
            try_kill(pid)
            self.outcome.kills += 1
        left = Estate(ground.town)
        time.sleep(1.0)
        provider.faults([])
        self.say(f"all bulk workers killed; they held {left}")
        if not self.storm.go_on(left.settled, PATIENCE, 0.1):
            self._complain("what the dead left behind was not taken up")
        self.outcome.resumed, self.outcome.resolved = left.resumed, left.resolved
        self.say(f"resumed after {left.resumed} s, nothing is unknown any more after {left.resolved} s")

    # -- the end

    def reckon(self) -> None:
        """Wait for what may still be on its way when everything seems to be over, then count at the providers."""
        self.storm.go_on(lambda: False, self.ground.scale.echo)
        for alert_id in self._finished:
            tally = self.ground.town.tally(alert_id)
            self.outcome.lost += tally.lost
            self.outcome.doubled += tally.doubled
        if self._stopped is not None:
            self._reckon_stop(*self._stopped)
        self.say(f"lost {self.outcome.lost}, doubled {self.outcome.doubled}")

    def _reckon_stop(self, alert_id: str, commit: "Commit") -> None:
        tally, last = self.ground.town.cut_short(alert_id)
        self.outcome.doubled += tally.doubled
        moment = commit.moment()
        if moment is None or last is None:
            self._complain("the stop was never seen, or nothing was sent before it")
            return
        self.outcome.after_stop = round((last - moment).total_seconds(), 3)
        self.say(f"the last call of the stopped alert came {self.outcome.after_stop:+.2f} s after the stop's commit")

    # -- what the acts share

    def _send(self) -> str:
        alert_id = self.ground.send()
        self.outcome.alerts += 1
        self.say(f"alert {self.outcome.alerts} sent to {len(self.ground.town.everybody):,} phones")
        return alert_id

    def _sent(self, alert_id: str) -> bool:
        return self.ground.town.row(alert_id).state is not AlertState.BROADCASTING

    def _to_the_end(self, alert_id: str) -> None:
        said = time.monotonic()

        def final() -> bool:
            nonlocal said
            if time.monotonic() - said > 30:
                said = time.monotonic()
                self.say(f"{self._left(alert_id)} deliveries are not final yet")
            return self.ground.town.row(alert_id).completed_at is not None

        if not self.storm.go_on(final, PATIENCE, 0.5):
            self._complain(f"{self._left(alert_id)} deliveries were not final in time")

    def _left(self, alert_id: str) -> int:
        query = select(deliveries.c.id).where(deliveries.c.alert_id == alert_id, deliveries.c.final_at.is_(None))
        return len(self.ground.town.ask(lambda connection: connection.execute(query).all()))

    def _complain(self, what: str) -> None:
        self.outcome.problems.append(what)
        self.say(f"PROBLEM: {what}")


def _shifted(blow: Blow) -> Blow:
    """Counted from the moment of the stop, which is given a second after the first of them."""
    return Blow(max(0.0, blow.at + 1.0), blow.what, blow.whom, blow.seconds, blow.fault, blow.times)


class Commit:
    """Watches from outside for the commit of a stop. SQLite keeps no time of commits, so it is asked again and again."""

    def __init__(self, ground: Ground, alert_id: str) -> None:
        self._ground, self._query = ground, select(alerts.c.stop_at).where(alerts.c.id == alert_id)
        self._before: datetime | None = None
        self._seen = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="commit", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        ask: Callable[[], Any] = lambda: self._ground.town.ask(lambda connection: connection.scalar(self._query))  # noqa: E731
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            asked = datetime.now(UTC)
            if ask() is not None:
                self._seen.set()
                return
            self._before = asked
            time.sleep(0.01)

    def moment(self) -> datetime | None:
        """The latest moment at which it had not been committed yet, so that lateness is never told too small; None: never seen."""
        return self._before if self._seen.wait(5) else None

"""Fan-out through the whole product: an alert is approved, and real workers hand a text for each resident to a loopback provider.

`python -m bench.fanout --database sqlite --recipients 20000 --workers 2 [--json FILE]`. Every intent and every outcome is
committed; the provider calls nothing back. A rate counts from the approval to the commit after the last answer.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench import alerts, machine, peers, sending
from bench.frame import Goal, Options, Report
from bench.peers import Pace
from bench.provider import Manner, provider
from bench.site import Imported, Kind, Site
from broadcaster.store import alerts as alert_store
from broadcaster.store import progress
from broadcaster.store.schema import audience_plans, deliveries

CHANNELS = ("website", "sms")
RECIPIENTS, FULL_RECIPIENTS, WORKERS = 20_000, 100_000, 2
#: Peer → how many times its rate ours shall be.
PEER_GOALS = {peers.LIMIT: 0.5, "Celery -c 2": 20, "Dramatiq 2 x 8": 12, "RQ job per recipient, Worker": 500}


@dataclass(frozen=True, slots=True)
class Round:
    """One alert to everybody. Times in seconds from the approval; `cpu_us` is processor time per recipient, by kind of process."""

    phones: int
    taken: int
    seconds: float
    approve: float
    made: float
    first: float
    last: float
    states: dict[str, int]
    cpu_us: dict[str, float]

    @property
    def per_second(self) -> float:
        """Recipients a second, from the approval to the last outcome's commit."""
        return self.phones / self.seconds

    @property
    def sending(self) -> float:
        """Recipients a second, from the first acceptance to the last."""
        return self.phones / max(0.001, self.last - self.first)

    @property
    def exact(self) -> bool:
        """True when the provider took one text for each delivery, and every outcome is recorded as taken.

        There are some more deliveries than phones in the audience: the staff's own.
        """
        recorded = sum(self.states.get(each, 0) for each in ("accepted", "delivered"))
        return self.phones <= self.taken == recorded == sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Measured:
    """Some rounds under the same conditions."""

    database: Kind
    workers: int
    recipients: int
    imported: Imported
    rounds: list[Round]
    peak_mb: dict[str, float] = field(default_factory=dict)

    @property
    def median(self) -> Round:
        """The round whose rate is the median's."""
        ordered = sorted(self.rounds, key=lambda each: each.per_second)
        return ordered[len(ordered) // 2]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **asdict(self),
            "median": asdict(self.median),
            "per_second": round(statistics.median(each.per_second for each in self.rounds)),
            "sending_per_second": round(statistics.median(each.sending for each in self.rounds)),
        }


def fan_out(site: Site) -> Round:
    """Send one alert to everybody and wait until all of it is handed over and written down."""
    alert_id = alerts.submitted(site, alerts.draft(CHANNELS))
    phones = alerts.phones_of(site, alert_id)
    taken, spent = site.provider.taken(), site.cpu()
    approve = alerts.approve(site, alert_id)
    site.wait(lambda: _sent_at(site, alert_id) is not None, 60 + phones / 150, "the fan-out", pause=0.05)
    cost = {kind: seconds - spent.get(kind, 0.0) for kind, seconds in site.cpu().items()}
    time.sleep(0.2)  # the provider counts a little late
    return _read(site, alert_id, phones, site.provider.taken() - taken, approve, cost)


def _sent_at(site: Site, alert_id: str) -> datetime | None:
    with site.rt.db.read() as connection:
        return alert_store.get(connection, alert_id).sent_all_at


def _read(site: Site, alert_id: str, phones: int, taken: int, approve: float, cost: dict[str, float]) -> Round:
    texts = (deliveries.c.alert_id == alert_id, deliveries.c.channel == "sms")
    with site.rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
        made = connection.scalar(
            select(func.max(audience_plans.c.done_at)).where(audience_plans.c.alert_id == alert_id)
        )
        first, last = connection.execute(
            select(func.min(deliveries.c.accepted_at), func.max(deliveries.c.accepted_at)).where(*texts)
        ).one()
        states = progress.by_channel(connection, alert_id)["sms"]
    began = alert.approved_at
    assert began is not None
    assert alert.sent_all_at is not None
    assert made is not None

    def after(moment: datetime) -> float:
        return round((moment - began).total_seconds(), 3)

    return Round(
        phones=phones,
        taken=taken,
        seconds=after(alert.sent_all_at),
        approve=round(approve, 4),
        made=after(made),
        first=after(first),
        last=after(last),
        states=states,
        cpu_us={kind: round(seconds / phones * 1e6, 1) for kind, seconds in cost.items()},
    )


def measure(
    database: Kind,
    recipients: int,
    workers: int = 2,
    rounds: int = 3,
    manner: Manner | None = None,
    say: Callable[[str], None] = print,
) -> Measured:
    """`rounds` alerts, one after the other, to `recipients` phones of one new installation."""
    with provider(manner=manner) as served, Site(database, served) as site:
        say(f"fan-out: {recipients:,} residents into {database} …")
        took = site.settle(recipients)
        for part, number in (("sweep", 1), ("urgent", 1), ("bulk", workers)):
            site.start(part, number)
        found = []
        for number in range(1, rounds + 1):
            found.append(fan_out(site))
            say(f"  {number} of {rounds}: {line(found[-1])}")
        return Measured(database, workers, recipients, took, found, site.peaks())


def line(one: Round) -> str:
    """A round in one line."""
    return (
        f"{one.per_second:,.0f}/s in all, {one.sending:,.0f}/s while sending; deliveries made after {one.made:.2f} s, first taken"
        f" {one.first:.2f} s, all {one.seconds:.2f} s; approve {one.approve * 1000:.0f} ms"
        + ("" if one.exact else f"; NOT EXACT: {one.phones} phones, {one.taken} taken, {one.states}")
    )


def table(measured: Measured) -> str:
    """What each kind of process cost, and held."""
    cost = measured.median.cpu_us
    rows = [f"{'process':<12}{'CPU us per recipient':>22}{'peak MB':>10}"]
    rows += [f"{kind:<12}{cost.get(kind, 0.0):>22.1f}{peak:>10.0f}" for kind, peak in sorted(measured.peak_mb.items())]
    return "\n".join([*rows, f"{'all':<12}{sum(cost.values()):>22.1f}"])


def run(options: Options) -> Report:
    """Both databases and the peers, all in the same run."""
    size = FULL_RECIPIENTS if options.full else RECIPIENTS
    found = {each: measure(each, size, WORKERS, options.rounds, say=options.say) for each in options.databases}
    options.say("the peers, which get fewer texts: it is the rate that counts …")
    beside = peers.measure(options.rounds, options.say)
    figures: dict[str, Any] = {
        "databases": {name: one.plain() for name, one in found.items()},
        "peers": [asdict(each) for each in beside],
        "provider_per_second": capacity(options),
    }
    return Report(list(_goals(found, beside)), figures)


def capacity(options: Options) -> int:
    """What the provider itself answers a second, so that nobody takes its limit for ours."""
    with provider() as served:
        found = sending.capacity(served)
        by = "wrk" if found else "libcurl, as wrk is not installed"
        told = found or round(peers.limit(served, 1).per_second)
    options.say(f"  the provider itself answers {told:,}/s ({by})")
    return told


def _goals(found: dict[Kind, Measured], beside: list[Pace]) -> Iterator[Goal]:
    rates = {name: statistics.median(each.per_second for each in one.rounds) for name, one in found.items()}
    for name, rate in rates.items():
        exact = "one text each" if all(each.exact for each in found[name].rounds) else "LOST OR DOUBLED"
        note = f"{found[name].recipients:,} recipients, {WORKERS} workers, {exact}"
        yield Goal(f"Fan-out, {name}", round(rate), 10_000, "/s", note=note)
    # Held against the slower of our databases.
    least = min(rates.values())
    pace = {each.name: each.per_second for each in beside}
    for peer, times in PEER_GOALS.items():
        yield Goal(f"Fan-out by that of {peer}", round(least / pace[peer], 2), times, " x", note=f"{pace[peer]:,.1f}/s")


def main() -> None:
    """Our own engine alone; the peers are in `python -m bench.peers`, both in `make bench`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2, help="bulk workers")
    parser.add_argument("--rounds", type=int, default=3, help="alerts, of which the median counts")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that the provider takes to answer")
    parser.add_argument("--hang", type=int, default=0, help="every so manieth text is never answered")
    parser.add_argument("--json", default="", help="a file for the figures, or - for the screen")
    given = parser.parse_args()
    print(machine.words())
    manner = Manner(latency=given.latency, hang=given.hang)
    measured = measure(given.database, given.recipients, given.workers, given.rounds, manner)
    print(table(measured))
    if given.json == "-":
        print(json.dumps(measured.plain(), indent=1))
    elif given.json:
        Path(given.json).write_text(json.dumps(measured.plain(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""One alert to everybody through the whole product: what it took from the approval to the last outcome, and what that cost.

Every intent and every outcome is committed; the provider calls nothing back.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bench import alerts
from bench.provider import Manner, provider
from bench.site import Imported, Kind, Site
from broadcaster.store import alerts as alert_store
from broadcaster.store import progress
from broadcaster.store.schema import audience_plans, batches, deliveries

CHANNELS = ("website", "sms")
#: Processes that are not the product's: the provider is ours to measure with.
OTHERS = ("provider",)


@dataclass(frozen=True, slots=True)
class Round:
    """One alert to everybody. Times in seconds from the approval; `cpu_us` is processor time per recipient, by kind of process.

    `others` is the share of the processor that was not ours meanwhile.
    """

    phones: int
    taken: int
    seconds: float
    approve: float
    made: float
    first: float
    last: float
    states: dict[str, int]
    cpu_us: dict[str, float]
    others: float

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
    taken, spent, others = site.provider.taken(), site.cpu(), site.others()
    approve = alerts.approve(site, alert_id)
    try:
        site.wait(lambda: _sent_at(site, alert_id) is not None, 120 + phones / 50, "the fan-out", pause=0.05)
    except TimeoutError as error:
        raise TimeoutError(f"{error}: {_stuck(site, alert_id)}") from error
    share = others.share()
    cost = {kind: seconds - spent.get(kind, 0.0) for kind, seconds in site.cpu().items()}
    time.sleep(0.2)  # the provider counts a little late
    return _read(site, alert_id, phones, site.provider.taken() - taken, approve, cost, share)


def _sent_at(site: Site, alert_id: str) -> datetime | None:
    with site.rt.db.read() as connection:
        return alert_store.get(connection, alert_id).sent_all_at


def _stuck(site: Site, alert_id: str) -> str:
    """How far an alert came, and what its batches say of themselves."""
    with site.rt.db.read() as connection:
        states = progress.by_channel(connection, alert_id)
        said = connection.execute(
            select(batches.c.state, batches.c.reason, func.count().label("number"))
            .where(batches.c.alert_id == alert_id)
            .group_by(batches.c.state, batches.c.reason)
        )
        return f"{states}; batches: " + ", ".join(f"{each.number} {each.state} {each.reason}".strip() for each in said)


def _read(
    site: Site, alert_id: str, phones: int, taken: int, approve: float, cost: dict[str, float], share: float
) -> Round:
    texts = (deliveries.c.alert_id == alert_id, deliveries.c.channel == "sms")
    with site.rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
        made = connection.scalar(
            select(func.max(audience_plans.c.done_at)).where(audience_plans.c.alert_id == alert_id)
        )
        first, last = connection.execute(
            select(func.min(deliveries.c.accepted_at), func.max(deliveries.c.accepted_at)).where(*texts)
        ).one()
        counted = select(deliveries.c.state, func.count().label("number")).where(*texts).group_by(deliveries.c.state)
        states = {row.state: row.number for row in connection.execute(counted)}
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
        others=share,
    )


@contextmanager
def running(
    database: Kind, recipients: int, workers: int = 2, manner: Manner | None = None, say: Callable[[str], None] = print
) -> Iterator[tuple[Site, Imported]]:
    """A new installation with so many residents and bulk workers, ready to send."""
    with provider(manner=manner) as served, Site(database, served) as site:
        say(f"fan-out: {recipients:,} residents into {database} …")
        imported = site.settle(recipients)
        site.start(sweep=1, urgent=1, bulk=workers)
        yield site, imported


def measure(
    database: Kind, recipients: int, workers: int = 2, rounds: int = 3, say: Callable[[str], None] = print
) -> Measured:
    """`rounds` alerts, one after the other, to `recipients` phones of one new installation."""
    with running(database, recipients, workers, say=say) as (site, imported):
        found = []
        for number in range(1, rounds + 1):
            found.append(fan_out(site))
            say(f"  {number} of {rounds}: {line(found[-1])}")
        return Measured(database, workers, recipients, imported, found, site.peaks())


def cost(measured: Measured) -> float:
    """Microseconds of processor time per recipient, of all processes of the product: the median round."""
    return statistics.median(
        sum(spent for kind, spent in each.cpu_us.items() if kind not in OTHERS) for each in measured.rounds
    )


def line(one: Round) -> str:
    """A round in one line."""
    return (
        f"{one.per_second:,.0f}/s in all, {one.sending:,.0f}/s while sending; deliveries made after {one.made:.2f} s, first taken"
        f" {one.first:.2f} s, all {one.seconds:.2f} s; approve {one.approve * 1000:.0f} ms; others took {one.others:.0%}"
        + ("" if one.exact else f"; NOT EXACT: {one.phones} phones, {one.taken} taken, {one.states}")
    )


def table(measured: Measured) -> str:
    """What each kind of process cost, and held."""
    cost = measured.median.cpu_us
    rows = [f"{'process':<12}{'CPU us per recipient':>22}{'peak MB':>10}"]
    rows += [f"{kind:<12}{cost.get(kind, 0.0):>22.1f}{peak:>10.0f}" for kind, peak in sorted(measured.peak_mb.items())]
    return "\n".join([*rows, f"{'all':<12}{sum(cost.values()):>22.1f}"])

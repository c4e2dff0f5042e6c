"""Fan-out through a provider that answers after 200 ms and never answers one text in a hundred: `python -m bench.slow`.

What was never answered may have gone out, so it is looked up a minute later before anybody repeats it. The rate therefore counts
until 97 of 100 are answered and written down: that is how fast the rest is, in spite of the hanging ones.
"""

import time
from dataclasses import dataclass

from sqlalchemy import select

from bench import alerts, frame
from bench.frame import Goal, Options, Report
from bench.provider import Manner, provider
from bench.site import Kind, Site
from broadcaster import clock
from broadcaster.services import broadcasting
from broadcaster.store import alerts as alert_store
from broadcaster.store.schema import deliveries

RECIPIENTS, FULL_RECIPIENTS, WORKERS = 20_000, 100_000, 2
MANNER = Manner(latency=0.2, hang=100)
SHARE = 0.97


@dataclass(frozen=True, slots=True)
class Slow:
    """Texts a second until 97 % were answered, the seconds that took, and how many are answered by now."""

    database: Kind
    recipients: int
    per_second: float
    seconds: float
    accepted: int


def measure(database: Kind, recipients: int, workers: int = WORKERS) -> Slow:
    """One alert to everybody, stopped when most have it."""
    with provider(manner=MANNER) as served, Site(database, served) as site:
        site.settle(recipients)
        site.start(sweep=1, urgent=1, bulk=workers)
        alert_id = alerts.submitted(site, alerts.draft(("website", "sms")))
        alerts.approve(site, alert_id)
        enough = round(recipients * SHARE)
        # Of those taken one in a hundred has no answer.
        site.wait(lambda: served.taken() * 0.99 >= enough + 100, 120 + recipients / 50, "97 % of the texts")
        time.sleep(1.5)
        broadcasting.stop(site.rt, alert_id, alerts.BEN, "measured", clock.utc_now())
        with site.rt.db.read() as connection:
            began = alert_store.get(connection, alert_id).approved_at
            mine = (
                deliveries.c.alert_id == alert_id,
                deliveries.c.channel == "sms",
                deliveries.c.accepted_at.is_not(None),
            )
            moments = sorted(each for each in connection.scalars(select(deliveries.c.accepted_at).where(*mine)) if each)
        assert began is not None
        reached = moments[min(enough, len(moments)) - 1]
        seconds = (reached - began).total_seconds()
        return Slow(
            database, recipients, round(min(enough, len(moments)) / seconds, 1), round(seconds, 2), len(moments)
        )


def run(options: Options) -> Report:
    """Each database asked for; the quick run takes the first."""
    report = Report()
    for database in options.some:
        recipients = FULL_RECIPIENTS if options.full else RECIPIENTS
        options.say(f"slow: {recipients:,} texts, answers after 200 ms, 1 % never, {database} …")
        found = measure(database, recipients)
        options.say(f"  {found.per_second:,.0f}/s")
        note = f"{recipients:,} recipients, until 97 % were answered"
        words = f"Fan-out, answers after 200 ms and 1 % never, {database}"
        report.goals.append(Goal(words, round(found.per_second), 3_000, "/s", note=note))
        report.figures[database] = {
            "recipients": found.recipients,
            "per_second": found.per_second,
            "seconds": found.seconds,
            "accepted": found.accepted,
        }
    return report


if __name__ == "__main__":
    frame.command(run, __doc__)

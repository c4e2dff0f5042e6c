"""How much of a set rate is used, and how often the provider has to say "too many" all the same: `python -m bench.rates`.

The provider enforces the rate as a token bucket that holds one second's worth; two workers share the sender.
"""

from dataclasses import asdict, dataclass

from bench import engine, frame
from bench.frame import Goal, Options, Report
from bench.provider import Manner, provider
from bench.site import Kind, Site

RATES = (30, 300, 3_000)
#: Seconds for which each rate is kept up, and in the full run.
SECONDS, FULL_SECONDS = 12, 60
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Used:
    """One rate: how much of it was used between the first and the last text (1 is all), and the refusals."""

    rate: int
    phones: int
    used: float
    refused: int
    exact: bool


def measure(database: Kind, rate: int, seconds: int) -> Used:
    """Send at a rate for about so many seconds."""
    with provider(manner=Manner(rate=rate)) as served, Site(database, served, rate=rate) as site:
        # Not so few that they would go on the urgent lane as a small send.
        site.settle(max(240, rate * seconds))
        site.start(sweep=1, urgent=1, bulk=WORKERS)
        done = engine.fan_out(site)
        pace = (done.taken - 1) / max(0.001, served.span())
        return Used(rate, done.phones, round(pace / rate, 4), served.refused(), done.exact)


def run(options: Options) -> Report:
    """Every rate on the first database asked for: what limits here is not the database."""
    database, seconds = options.databases[0], FULL_SECONDS if options.full else SECONDS
    found = []
    for rate in RATES:
        options.say(f"rates: {rate:,} texts/s for {seconds} s on {database} …")
        found.append(measure(database, rate, seconds))
        options.say(f"  {found[-1].used:.1%} used, {found[-1].refused} refused")
    goals = [Goal(f"A set rate of {each.rate:,}/s is used", round(each.used * 100, 1), 98, " %") for each in found]
    goals.append(Goal("429s that are our own fault", sum(each.refused for each in found), 0, at_most=True))
    return Report(goals, {"rates": [asdict(each) for each in found], "database": database})


if __name__ == "__main__":
    frame.command(run, __doc__)

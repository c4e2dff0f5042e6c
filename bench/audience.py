"""How long it takes to know whom an area reaches and to write a delivery for each, and to bring them in: `python -m bench.audience`.

In the quick run the register is smaller; the figures are then held against the same share of the goal, and say so.
"""

import statistics

from sqlalchemy import func, select

from bench import alerts, frame
from bench.frame import Goal, Options, Report
from bench.provider import provider
from bench.site import Kind, Site
from broadcaster import clock
from broadcaster.domain.alert import Selector
from broadcaster.services import broadcasting
from broadcaster.store import areas, audience
from broadcaster.store.schema import deliveries

PHONES, FULL_PHONES = 100_000, 1_000_000
#: A shape with eleven corners over about a third of the city's people, none of its sides along a zone's.
POLYGON = (
    *((-27.468, 152.972), (-27.471, 153.004), (-27.482, 153.023), (-27.503, 153.026), (-27.517, 153.011)),
    *((-27.526, 152.996), (-27.531, 152.979), (-27.519, 152.968), (-27.504, 152.964), (-27.492, 152.970)),
    *((-27.479, 152.961), (-27.468, 152.972)),
)
#: Seconds that each may take for a million.
SELECT, MAKE, IMPORT = 1.0, 15.0, 60.0


def select_polygon(site: Site, rounds: int) -> tuple[int, float]:
    """(phones in the polygon, seconds to count them): the median of some looks."""
    found = []
    for _ in range(max(3, rounds)):
        began = clock.uptime()
        with site.rt.db.read() as connection:
            area = areas.compile_area(connection, Selector(polygon=POLYGON))
            reached = audience.count(connection, area, languages=("en",), lane="life-safety", exercise=False)
        found.append(clock.uptime() - began)
    return reached.phones, round(statistics.median(found), 3)


def materialise(site: Site) -> tuple[int, float]:
    """(deliveries, seconds to make them) for an alert to everybody. Nobody sends meanwhile."""
    alert_id = alerts.submitted(site, alerts.draft(("website", "sms")))
    alerts.approve(site, alert_id)
    began = clock.uptime()
    broadcasting.materialise(site.rt, alert_id)
    took = clock.uptime() - began
    with site.rt.db.read() as connection:
        texts = (deliveries.c.alert_id == alert_id, deliveries.c.channel == "sms")
        made = connection.scalar(select(func.count()).select_from(deliveries).where(*texts)) or 0
    broadcasting.stop(site.rt, alert_id, alerts.BEN, "measured", clock.utc_now())
    return made, round(took, 2)


def run(options: Options) -> Report:
    """Each database asked for."""
    report = Report()
    for database in options.databases:
        _measure(database, options, report)
    return report


def _measure(database: Kind, options: Options, report: Report) -> None:
    phones = FULL_PHONES if options.full else PHONES
    with provider() as served, Site(database, served) as site:
        options.say(f"audience: {phones:,} residents into {database} …")
        imported = site.settle(phones)
        options.say(f"  {imported.lines:,} lines in {imported.seconds:.1f} s, at most {imported.peak_mb:.0f} MB")
        inside, seconds = select_polygon(site, options.rounds)
        options.say(f"  {inside:,} of them are in the polygon: {seconds:.3f} s")
        made, took = materialise(site)
        options.say(f"  {made:,} deliveries made in {took:.1f} s")
    share = phones / FULL_PHONES
    of = "" if options.full else f", {share:g} of a million"
    report.goals += [
        Goal(
            f"Residents in a polygon{of}, {database}",
            seconds,
            round(SELECT * share, 2),
            " s",
            True,
            f"{inside:,} inside",
        ),
        Goal(f"Deliveries made{of}, {database}", took, round(MAKE * share, 2), " s", True, f"{made:,} deliveries"),
        Goal(
            f"Residents imported{of}, {database}",
            imported.seconds,
            round(IMPORT * share, 2),
            " s",
            True,
            f"{imported.lines:,} lines, {imported.peak_mb:.0f} MB",
        ),
    ]
    report.figures[database] = {
        "import": {"lines": imported.lines, "seconds": imported.seconds, "peak_mb": imported.peak_mb},
        "polygon": {"inside": inside, "seconds": seconds},
        "materialise": {"deliveries": made, "seconds": took},
    }


if __name__ == "__main__":
    frame.command(run, __doc__)

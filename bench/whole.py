"""The whole way by the command line: residents in, an alert to all of them, and every delivery final: `python -m bench.whole`.

The provider calls nothing back, so what became of the texts is read from its list, which begins 45 s after they were taken.
"""

import json
from typing import Any

from bench import alerts, engine, frame
from bench.frame import Goal, Options, Report
from bench.growth import MOST_MB
from bench.provider import Manner, provider
from bench.site import Kind, Site
from broadcaster.domain.lifecycle import FINAL_DELIVERY

PHONES, FULL_PHONES = 20_000, 1_000_000
ADA, BEN = "ada@bench.example", "ben@bench.example"


def _send(site: Site) -> tuple[dict[str, Any], float]:
    """`broadcaster alert send … --wait --json`: what it printed, and seconds until all was final."""
    for email, role in ((ADA, "author"), (BEN, "approver")):
        site.run("user", "add", email, "--role", role)
    file = site.folder / "alert.json"
    file.write_text(json.dumps(alerts.by_hand()), encoding="utf-8")
    said, seconds, _ = site.run("alert", "send", str(file), "--author", ADA, "--approver", BEN, "--wait", "--json")
    found: dict[str, Any] = json.loads(said)
    return found, seconds


def run(options: Options) -> Report:
    """Each database asked for; of the quick run the first."""
    report = Report()
    for database in options.some:
        _measure(database, options, report)
    return report


def _measure(database: Kind, options: Options, report: Report) -> None:
    phones = FULL_PHONES if options.full else PHONES
    with provider(manner=Manner(lists=True)) as served, Site(database, served) as site:
        options.say(f"whole: {phones:,} residents into {database} …")
        imported = site.settle(phones)
        options.say(f"  {imported.lines:,} lines in {imported.seconds:.1f} s, at most {imported.peak_mb:.0f} MB")
        site.start(sweep=1, urgent=1, bulk=2)
        found, seconds = _send(site)
        # The staff's own texts are counted beside the deliveries.
        peaks, taken = site.peaks(), site.provider.taken() - len(site.rt.profile.staff_phones)
    texts: dict[str, int] = found["deliveries"]["sms"]
    final = sum(number for state, number in texts.items() if state in FINAL_DELIVERY)
    options.say(f"  {found['state']} after {seconds:.1f} s: {texts}; the provider took {taken:,}; MB {peaks}")
    open_ = sum(texts.values()) - final
    most = max(imported.peak_mb, *(held for kind, held in peaks.items() if kind not in engine.OTHERS))
    report.goals += [
        Goal(f"Not final at the end, {database}", open_, 0, at_most=True, note=f"{final:,} final in {seconds:.0f} s"),
        Goal(f"Texts more or fewer than deliveries, {database}", abs(taken - sum(texts.values())), 0, at_most=True),
        Goal(f"Most memory of one process, {database}", most, MOST_MB, " MB", at_most=True),
    ]
    report.figures[database] = {"import_seconds": imported.seconds, "seconds": seconds, "sms": texts, "peak_mb": peaks}


if __name__ == "__main__":
    frame.command(run, __doc__)

"""Whether a recipient costs the same in a large send as in a small one, and how much memory it takes: `python -m bench.growth`.

Cost is processor time per recipient over all processes of the product; the provider's own is left out. It is steadier than the
rate on a machine that others use as well.
"""

from bench import engine, frame
from bench.engine import Measured
from bench.frame import Goal, Options, Report
from bench.site import Kind

SIZES, FULL_SIZES = (5_000, 50_000), (10_000, 1_000_000)
MOST_MB = 200


def peak(measured: Measured) -> float:
    """The most that one process of the product held, the import of residents included, MB."""
    held = [most for kind, most in measured.peak_mb.items() if kind not in engine.OTHERS]
    return max(*held, measured.imported.peak_mb)


def run(options: Options) -> Report:
    """A small and a large send on each database; in the quick run on the first."""
    report = Report()
    for database in options.some:
        _measure(database, options, report)
    return report


def _measure(database: Kind, options: Options, report: Report) -> None:
    small, large = (
        engine.measure(database, size, rounds=options.rounds if size <= 100_000 else 1, say=options.say)
        for size in (FULL_SIZES if options.full else SIZES)
    )
    more = (engine.cost(large) / engine.cost(small) - 1) * 100
    note = f"{small.recipients:,}: {engine.cost(small):.0f} us, {large.recipients:,}: {engine.cost(large):.0f} us"
    rate = large.plain()["per_second"]
    report.goals += [
        Goal(f"Fan-out of {large.recipients:,}, {database}", rate, 10_000, "/s"),
        Goal(f"A recipient of a large send costs more, {database}", round(more, 1), 15, " %", at_most=True, note=note),
        Goal(
            f"Most memory of one process, {database}",
            max(peak(small), peak(large)),
            MOST_MB,
            " MB",
            at_most=True,
            note=f"up to {large.recipients:,} recipients",
        ),
    ]
    report.figures[database] = {
        size: measured.plain() | {"cost_us": engine.cost(measured)}
        for size, measured in (("small", small), ("large", large))
    }


if __name__ == "__main__":
    frame.command(run, __doc__)

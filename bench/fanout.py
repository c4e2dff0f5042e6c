"""Fan-out through the whole product beside its peers: `python -m bench.fanout [--database sqlite] [--recipients 20000] [--alone]`.

Each round sends one alert with us on each database and then lets every peer send, so that all meet the same busy machine. A
ratio is the median of the rounds' own.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from bench import engine, frame, machine, peers, sending
from bench.engine import Measured, Round
from bench.frame import Goal, Options, Report
from bench.peers import PEERS, Pace
from bench.provider import provider
from bench.site import Kind

RECIPIENTS, FULL_RECIPIENTS, WORKERS = 20_000, 100_000, 2
#: Peer → how many times its rate ours shall be.
PEER_GOALS = {peers.LIMIT: 0.5, "Celery -c 2": 20, "Dramatiq 2 x 8": 12, "RQ job per recipient, Worker": 500}


def run(options: Options) -> Report:
    """Both databases and the peers, round by round."""
    size = FULL_RECIPIENTS if options.full else RECIPIENTS
    ours: dict[Kind, list[Round]] = {each: [] for each in options.databases}
    theirs: list[list[Pace]] = []
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="bc-peer-")))
        served = held.enter_context(provider())
        told = capacity(options)
        sites = {
            each: held.enter_context(engine.running(each, size, WORKERS, say=options.say)) for each in options.databases
        }
        for number in range(1, options.rounds + 1):
            options.say(f"  round {number} of {options.rounds}")
            for database, (site, _) in sites.items():
                ours[database].append(engine.fan_out(site))
                options.say(f"    {database}: {engine.line(ours[database][-1])}")
            theirs.append([*(peers.run(each, served, folder) for each in PEERS), peers.limit(served)])
            for pace in theirs[-1]:
                options.say(f"    {peers.line(pace)}")
        found = [
            Measured(database, WORKERS, size, sites[database][1], rounds, sites[database][0].peaks())
            for database, rounds in ours.items()
        ]
    for each in found:
        options.say(f"\n{each.database}\n{engine.table(each)}")
    figures = {
        "databases": {each.database: each.plain() for each in found},
        "peers": [asdict(peers.median(list(each))) for each in zip(*theirs, strict=True)],
        "provider_per_second": told,
    }
    return Report(list(_goals(found, theirs)), figures)


def capacity(options: Options) -> int:
    """What the provider itself answers a second, so that nobody takes its limit for ours."""
    with provider() as served:
        found = sending.capacity(served)
        by = "wrk" if found else "libcurl, as wrk is not installed"
        told = found or round(peers.limit(served).per_second)
    options.say(f"the provider itself answers {told:,}/s ({by})")
    return told


def _goals(found: list[Measured], theirs: list[list[Pace]]) -> Iterator[Goal]:
    for each in found:
        exact = "one text each" if all(one.exact for one in each.rounds) else "LOST OR DOUBLED"
        others = statistics.median(one.others for one in each.rounds)
        note = f"{each.recipients:,} recipients, {WORKERS} workers, {exact}; others took {others:.0%} of the processor"
        yield Goal(f"Fan-out, {each.database}", each.plain()["per_second"], 10_000, "/s", note=note)
    # Held against the slower of our databases.
    least = [min(one.per_second for one in rounds) for rounds in zip(*(each.rounds for each in found), strict=True)]
    most = max(engine.cost(each) for each in found)
    for peer, times in PEER_GOALS.items():
        paces = [next(pace.per_second for pace in each if pace.name == peer) for each in theirs]
        ratio = statistics.median(ours / pace for ours, pace in zip(least, paces, strict=True))
        spent = statistics.median(next(pace.cpu_us for pace in each if pace.name == peer) for each in theirs)
        note = f"{statistics.median(paces):,.1f}/s; by processor time {spent / most:,.2f} x"
        yield Goal(f"Fan-out by the rate of {peer}", round(ratio, 2), times, " x", note=note)


def main() -> None:
    """As every benchmark; with --recipients or --alone our own engine without the peers."""
    parser = frame.parser(__doc__)
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--recipients", type=int, default=0, help="so many residents; without the peers")
    parser.add_argument("--workers", type=int, default=WORKERS, help="bulk workers, with --alone or --recipients")
    given = parser.parse_args()
    if not given.alone and not given.recipients:
        frame.command(run, __doc__)
        return
    frame.tidy_when_ended()
    print(machine.words())
    options = replace(frame.options(given), databases=(given.database or "sqlite",))
    (database,) = options.databases
    size = given.recipients or (FULL_RECIPIENTS if given.full else RECIPIENTS)
    measured = engine.measure(database, size, given.workers, given.rounds)
    print(engine.table(measured))
    frame.write(measured.plain(), given.json)


if __name__ == "__main__":
    main()

"""How long people wait: the first post after an approval, approve's own answer, and a stop, idle and while a large send runs.

`python -m bench.latency`. The posts go to the sandbox's X and Facebook; a post counts when its acceptance is committed, which is
a little after it could be seen.
"""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator

from bench import alerts, frame
from bench.frame import Goal, Options, Report, spread
from bench.provider import provider
from bench.site import Kind, Site
from broadcaster import clock
from broadcaster.processes import tied
from broadcaster.services import broadcasting
from broadcaster.store import alerts as alert_store
from broadcaster.store import progress
from broadcaster.store.plans import open_plan

POSTS = ("website", "x", "facebook")
EVERYBODY = ("website", "sms")
PHONES, FULL_PHONES = 20_000, 1_000_000
SAMPLES, FULL_SAMPLES = 25, 100
STOPS = 100
#: The product's own default: `broadcaster run` starts so many workers.
URGENT, BULK = 3, 1
Waits = dict[str, list[float]]


@contextlib.contextmanager
def sandbox() -> Iterator[dict[str, str]]:
    """X and Facebook as a process of their own: provider → URL."""
    command = tied.command(sys.executable, "-m", "broadcaster", "sandbox", "--json", "--callbacks", "off")
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        urls = json.loads(process.stdout.readline())
        yield {name: url for name, url in urls.items() if name != "twilio"}
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


def first_posts(site: Site, samples: int) -> Waits:
    """Seconds from approval to the first post on each channel, one alert after the other."""
    found: Waits = {"approve": [], **{channel: [] for channel in POSTS}}
    for _ in range(samples):
        alert_id = alerts.submitted(site, alerts.draft(POSTS, alerts.SMALL))
        found["approve"].append(alerts.approve(site, alert_id))

        def posted(alert_id: str = alert_id) -> bool:
            with site.rt.db.read() as connection:
                return len(progress.first_accepted(connection, alert_id)) == len(POSTS)

        site.wait(posted, 120, "a first post")
        with site.rt.db.read() as connection:
            began = alert_store.get(connection, alert_id).approved_at
            for channel, moment in progress.first_accepted(connection, alert_id).items():
                assert began is not None
                found[channel].append((moment - began).total_seconds())
        alerts.expire(site, alert_id)
    return found


@contextlib.contextmanager
def large_send(site: Site) -> Iterator[None]:
    """Texts go out to everybody for as long as the block lasts: whenever one alert is through its half, the next is approved."""
    ended, failed = threading.Event(), list[BaseException]()

    def go_on() -> None:
        try:
            while not ended.is_set():
                alert_id = alerts.submitted(site, alerts.draft(EVERYBODY))
                half = site.provider.taken() + alerts.phones_of(site, alert_id) // 2
                alerts.approve(site, alert_id)
                while site.provider.taken() < half and not ended.wait(0.05):
                    pass
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    thread = threading.Thread(target=go_on, name="large send")
    before = site.provider.taken()
    thread.start()
    try:
        site.wait(lambda: failed or site.provider.taken() > before, 120, "the large send")
        yield
    finally:
        ended.set()
        thread.join()
    if failed:
        raise failed[0]


def approvals(site: Site, count: int = 3) -> list[float]:
    """Seconds that approving an alert to everybody takes; each is stopped at once."""
    found = []
    for _ in range(count):
        alert_id = alerts.submitted(site, alerts.draft(EVERYBODY))
        found.append(alerts.approve(site, alert_id))
        broadcasting.stop(site.rt, alert_id, alerts.BEN, "measured", clock.utc_now())
    return found


def stops(site: Site, phones: int) -> list[float]:
    """Seconds until each of 100 stops is committed while four workers send.

    The large alerts are made into deliveries first; then no worker of the urgent lane is left, so that the alerts to be stopped wait.
    """
    site.start(urgent=1)
    for _ in range(max(1, 100_000 // phones)):
        alert_id = alerts.submitted(site, alerts.draft(EVERYBODY))
        alerts.approve(site, alert_id)
        site.wait(lambda alert_id=alert_id: _made(site, alert_id), 300, "the deliveries")  # type: ignore[misc]
    site.end("urgent")
    waiting = [alerts.submitted(site, alerts.draft(("website", "x"), alerts.SMALL)) for _ in range(STOPS)]
    for each in waiting:
        alerts.approve(site, each)
    site.start(bulk=4)
    before = site.provider.taken()
    site.wait(lambda: site.provider.taken() > before, 60, "the fan-out")
    found = []
    for each in waiting:
        began = clock.uptime()
        broadcasting.stop(site.rt, each, alerts.BEN, "measured", clock.utc_now())
        found.append(clock.uptime() - began)
    return found


def _made(site: Site, alert_id: str) -> bool:
    with site.rt.db.read() as connection:
        return open_plan(connection, alert_id) is None


def measure(database: Kind, options: Options) -> dict[str, Waits]:
    """What people wait for -> seconds, in one installation on one database."""
    phones, samples = (FULL_PHONES, FULL_SAMPLES) if options.full else (PHONES, SAMPLES)
    found: dict[str, Waits] = {}
    with sandbox() as urls, provider() as served, Site(database, served, posts=urls) as site:
        options.say(f"latency: {phones:,} residents into {database} …")
        site.settle(phones)
        found["approve everybody"] = {"approve": approvals(site)}
        with site.paused(site.valkey.pid):
            found["approve everybody, Valkey hung"] = {"approve": approvals(site, 1)}
        site.start(sweep=1, urgent=URGENT, bulk=BULK)
        found["idle"] = first_posts(site, samples)
        _tell(options, "idle", found["idle"])
        with large_send(site):
            found["while a large send runs"] = first_posts(site, samples)
        _tell(options, "while a large send runs", found["while a large send runs"])
        site.end("urgent")
        site.end("bulk")
        found["stops while four workers send"] = {"stop": stops(site, phones)}
        _tell(options, "stops while four workers send", found["stops while four workers send"])
    return found


def _tell(options: Options, when: str, waits: Waits) -> None:
    words = (
        f"{name} p50 {spread(values)['p50']:.3f} p99 {spread(values)['p99']:.3f} s" for name, values in waits.items()
    )
    options.say(f"  {when}: {', '.join(words)}")


def run(options: Options) -> Report:
    """Each database asked for; the quick run takes the first."""
    report = Report()
    for database in options.some:
        found = measure(database, options)
        phones = FULL_PHONES if options.full else PHONES
        report.goals += _goals(database, phones, found)
        report.figures[database] = {
            when: {name: spread(values) for name, values in waits.items()} for when, waits in found.items()
        }
    return report


def _goals(database: Kind, phones: int, found: dict[str, Waits]) -> Iterator[Goal]:
    for when in ("idle", "while a large send runs"):
        waits = {channel: spread(found[when][channel])["p99"] for channel in POSTS}
        note = ", ".join(f"{channel} {value:.2f} s" for channel, value in waits.items())
        words = f"Approval to first post on every channel, p99, {when}, {database}"
        yield Goal(words, max(waits.values()), 1.0, " s", at_most=True, note=note)
    size = f"for {phones:,} residents"
    slowest = max(found["approve everybody"]["approve"]) * 1000
    yield Goal(f"Approve answers, {database}", round(slowest, 1), 300, " ms", at_most=True, note=size)
    hung = max(found["approve everybody, Valkey hung"]["approve"])
    yield Goal(f"Approve answers, Valkey hung, {database}", round(hung, 3), 1.0, " s", at_most=True, note=size)
    stop = spread(found["stops while four workers send"]["stop"])
    yield Goal(
        f"A stop is committed while four workers send, p99, {database}",
        round(stop["p99"] * 1000, 1),
        100,
        " ms",
        at_most=True,
        note=f"p50 {stop['p50'] * 1000:.0f} ms, {stop['count']} stops",
    )


if __name__ == "__main__":
    frame.command(run, __doc__)

"""Receipts: how many a second are applied from the stream, how many callbacks a second are accepted, and what a stop waits meanwhile.

`python -m bench.receipts`. Each of many texts gets two receipts (sent, delivered). Half of them stand in the stream before anybody
reads it; half are posted over HTTP, signed as Twilio does, to the process that `broadcaster run` starts for callbacks.
"""

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal, select, update

from bench import alerts, frame
from bench.callbacks import Caller, answers, requests_of
from bench.frame import Goal, Options, Report, spread
from bench.listing import lister
from bench.provider import provider
from bench.site import Kind, Site
from broadcaster import clock
from broadcaster.runtime import build
from broadcaster.services import broadcasting, pulling
from broadcaster.services.receiving import CHUNK
from broadcaster.store.receipt_stream import Told
from broadcaster.store.schema import batches, db_now, deliveries
from channels.base import Progress, Receipt

PHONES, FULL_PHONES = 20_000, 200_000
#: Callbacks are posted as fast as they are taken for so long.
FLOOD = 6.0
#: Then for so long at a pace above the goal's 500 a second, while stops are timed.
SECONDS, PACE = 12.0, 600.0
STOPS, FULL_STOPS = 40, 100
#: What nobody should ask the provider about while we measure, in milliseconds.
LATER = 3_600_000


def taken(site: Site) -> list[tuple[int, str]]:
    """Texts to everybody, as they stand once the provider has taken them: (delivery, the provider's id)."""
    alert_id = alerts.submitted(site, alerts.draft(("website", "sms")))
    alerts.approve(site, alert_id)
    broadcasting.materialise(site.rt, alert_id)
    of_texts = (deliveries.c.alert_id == alert_id, deliveries.c.channel == "sms")
    accepted = {
        "state": "accepted",
        "epoch": 1,
        "provider": "twilio",
        "provider_id": literal("SM").concat(cast(deliveries.c.id, String)),
        "accepted_at": db_now(),
        "not_before": db_now() + LATER,
    }
    with site.rt.db.write() as tx:
        tx.execute(update(deliveries).where(*of_texts).values(**accepted))
        tx.execute(
            update(batches).where(batches.c.alert_id == alert_id, batches.c.channel == "sms").values(state="done")
        )
        return [(row.id, row.provider_id) for row in tx.execute(select(deliveries).where(*of_texts))]


def shuffled(texts: Sequence[tuple[int, str]]) -> list[tuple[int, str, Progress]]:
    """Two receipts of each text, in any order."""
    said = [(*text, progress) for text in texts for progress in (Progress.SENT, Progress.DELIVERED)]
    random.Random(2011).shuffle(said)
    return said


def applied(site: Site, texts: Sequence[tuple[int, str]]) -> dict[str, float]:
    """How fast one sweeper process applies receipts that wait in the stream: from its first commit to its last."""
    said, began = shuffled(texts), clock.uptime()
    for number, name, progress in said:
        receipt = Receipt(name, progress, parcel_id=site.rt.seal(number))
        if not site.rt.receipt_stream.append(Told(receipt, frozenset({True}), "twilio")):
            raise RuntimeError("the stream does not answer")
    appended = clock.uptime() - began
    site.start(sweep=1)
    site.wait(lambda: site.rt.receipt_stream.waiting() == 0, 60 + len(said) / 500, "the receipts", pause=0.1)
    with site.rt.db.read() as connection:
        mine = deliveries.c.id.between(texts[0][0], texts[-1][0])
        first, last, final = connection.execute(
            select(
                func.min(deliveries.c.final_at), func.max(deliveries.c.final_at), func.count(deliveries.c.final_at)
            ).where(mine, deliveries.c.channel == "sms")
        ).one()
    if final != len(texts):
        raise RuntimeError(f"{len(texts) - final} texts are not final")
    seconds = max(0.001, (last - first).total_seconds())
    # The first chunk was applied when the clock began.
    return {
        "receipts": len(said),
        "seconds": round(seconds, 3),
        "per_second": round((len(said) - CHUNK) / seconds),
        "append_us": round(appended / len(said) * 1e6, 1),
    }


def accepted(site: Site, texts: Sequence[tuple[int, str]], stops: int) -> dict[str, Any]:
    """Callbacks accepted a second while they are applied, and how long stops take meanwhile (seconds)."""
    posts, path = requests_of(site, shuffled(texts)), str(site.folder / "webhooks.sock")
    waiting = [alerts.submitted(site, alerts.draft(("website", "x"), alerts.SMALL)) for _ in range(stops)]
    for each in waiting:
        alerts.approve(site, each)
    site.start(webhooks=1)
    site.wait(lambda: answers(path), 60, "the callbacks' process")
    before = site.cpu()
    good, bad, seconds = Caller(path, posts, FLOOD, 0.0).answer()
    spent = {part: site.cpu()[part] - before.get(part, 0.0) for part in ("webhooks", "sweep", "valkey")}
    caller, found = Caller(path, posts, SECONDS, PACE), []
    for each in waiting:
        time.sleep(SECONDS / (stops + 5))
        began = clock.uptime()
        broadcasting.stop(site.rt, each, alerts.BEN, "measured", clock.utc_now())
        found.append(clock.uptime() - began)
    paced, refused, lasted = caller.answer()
    site.wait(lambda: site.rt.receipt_stream.waiting() == 0, 60, "the receipts", pause=0.1)
    return {
        "accepted": good,
        "refused": bad + refused,
        "per_second": round(good / seconds),
        "cpu_us": {part: round(each / max(1, good) * 1e6) for part, each in spent.items()},
        "while_stopping_per_second": round(paced / lasted),
        "stop": spread(found),
    }


def pulled(site: Site, texts: Sequence[tuple[int, str]]) -> dict[str, float]:
    """How fast one job learns from a provider's list what became of texts of which no word has come."""
    with site.rt.db.write() as tx:
        tx.execute(update(deliveries).where(*_awaited(texts)).values(not_before=0))
        batch_id = tx.scalar(select(deliveries.c.batch_id).where(deliveries.c.id == texts[0][0])) or 0
    with lister([name for _, name in reversed(texts)]) as url:
        live = site.settings.live.model_copy(update={"twilio_api_url": url})
        rt = build(site.settings.model_copy(update={"live": live}))
        began, spent = time.monotonic(), time.process_time()
        while _left(site, texts) and time.monotonic() < began + 600:
            pulling.pull(rt, batch_id)
        seconds, spent = time.monotonic() - began, time.process_time() - spent
        rt.close()
    if left := _left(site, texts):
        raise RuntimeError(f"{left} texts were not in the list")
    return {
        "texts": len(texts),
        "seconds": round(seconds, 2),
        "per_second": round(len(texts) / seconds),
        "cpu_us": round(spent / len(texts) * 1e6, 1),
        "minutes_for_a_million": round(1e6 / (len(texts) / seconds) / 60, 1),
    }


def _awaited(texts: Sequence[tuple[int, str]]) -> tuple[ColumnElement[bool], ...]:
    """The condition for those of these texts of which no last word has come."""
    return deliveries.c.id.between(texts[0][0], texts[-1][0]), deliveries.c.state == "accepted"


def _left(site: Site, texts: Sequence[tuple[int, str]]) -> int:
    with site.rt.db.read() as connection:
        return connection.scalar(select(func.count()).where(*_awaited(texts))) or 0


def measure(database: Kind, options: Options) -> dict[str, Any]:
    """One installation on one database: what is applied, what is accepted, and what stops wait."""
    phones = FULL_PHONES if options.full else PHONES
    with provider() as served, Site(database, served) as site:
        options.say(f"receipts: {phones:,} residents into {database} …")
        site.settle(phones)
        texts = sorted(taken(site))
        half = len(texts) // 2
        others = site.others()
        found: dict[str, Any] = {"applied": applied(site, texts[:half])}
        options.say(f"  applied from the stream: {found['applied']}")
        found["accepted"] = accepted(site, texts[half:], FULL_STOPS if options.full else STOPS)
        options.say(f"  accepted over HTTP: {found['accepted']}")
        site.end()
        found["pulled"] = pulled(site, sorted(taken(site)))
        options.say(f"  pulled from the provider's list: {found['pulled']}")
        found["others"], found["peak_mb"] = others.share(), site.peaks()
    return found


def run(options: Options) -> Report:
    """Each database asked for."""
    report = Report()
    for database in options.databases:
        found = measure(database, options)
        report.goals += _goals(database, found)
        report.figures[database] = found
    return report


def _goals(database: Kind, found: dict[str, Any]) -> Iterator[Goal]:
    stream, web, asked = found["applied"], found["accepted"], found["pulled"]
    yield Goal(
        f"Receipts applied from the stream, {database}",
        stream["per_second"],
        5000,
        "/s",
        note=f"{stream['receipts']:,}",
    )
    note = f"others had {found['others']:.0%} of the processor"
    yield Goal(f"Callbacks accepted over HTTP, {database}", web["per_second"], 500, "/s", note=note)
    stop = web["stop"]
    quickness = f"p50 {stop['p50'] * 1000:.0f} ms, {stop['count']} stops, {web['while_stopping_per_second']:,}/s"
    words = f"Reading a list of 1,000,000 texts, {database}"
    yield Goal(words, asked["minutes_for_a_million"], 10, " min", at_most=True, note=f"from {asked['texts']:,}")
    yield Goal(
        f"A stop while {PACE:.0f} callbacks/s come in, p99, {database}",
        round(stop["p99"] * 1000, 1),
        300,
        " ms",
        at_most=True,
        note=quickness,
    )


if __name__ == "__main__":
    frame.command(run, __doc__)

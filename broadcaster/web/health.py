"""For those who watch the service: is the process alive, are its parts, and the numbers, read from the database when asked."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

import channels
from broadcaster.runtime import Runtime
from broadcaster.services import carrying
from broadcaster.store import standing as standing_store
from broadcaster.store.standing import Standing
from broadcaster.web.auth.guard import everybody, polled
from broadcaster.web.context import runtime

blueprint = Blueprint("health", __name__)

#: A backup older than this is not one to rely on (every 15 minutes; SECURITY R12).
OLDEST_BACKUP = 45 * 60
#: A batch that nobody took for so long means that no worker is there.
LONGEST_WAIT = 60


@blueprint.get("/healthz")
@everybody
@polled
def healthz() -> Response:
    """The process answers; nothing else is asked."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@everybody
@polled
def readyz() -> tuple[Response, int]:
    """Every part with its state. 503 when alerts could not go out; what is only a worry is listed and answers 200."""
    parts, ready = check(runtime())
    return jsonify({"ready": ready, "parts": parts}), 200 if ready else 503


@blueprint.get("/metrics")
@everybody
@polled
def metrics() -> Response:
    """Prometheus text. Computed from the database at each scrape, so any number of processes says the same."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(runtime()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def check(rt: Runtime) -> tuple[dict[str, dict[str, object]], bool]:
    """Part → what is known of it, `ok` always; and whether alerts can go out now."""
    queue_ok = rt.queue.answers()
    parts: dict[str, dict[str, object]] = {
        # The database is the truth and rings again by itself, so a silent queue is a worry, not an end.
        "queue": {"ok": queue_ok} | ({} if queue_ok else {"problem": "the queue does not answer"})
    }
    try:
        with rt.db.read() as connection:
            now = standing_store.standing(connection)
    except SQLAlchemyError as error:
        return {"database": {"ok": False, "problem": type(error).__name__}, **parts}, False
    parts |= {"database": {"ok": True}, "sweeper": _sweeper(now), "workers": _workers(now)}
    parts["publications"] = _publications(now)
    parts["channels"] = _channels(rt)
    parts["carriers"] = _carriers(rt)
    if rt.settings.backup_dir is not None:
        parts["backup"] = _backup(now)
    vital = ("database", "sweeper", "workers", "publications")
    return parts, all(parts[name]["ok"] for name in vital)


def _sweeper(now: Standing) -> dict[str, object]:
    if now.leader_until is None:
        return {"ok": False, "problem": "no sweeper has run yet"}
    part: dict[str, object] = {"ok": now.swept, "leader": now.leader}
    if not now.swept:
        part["problem"] = f"no sweeper for {_seconds(now.now, now.leader_until)} s"
    return part


def _workers(now: Standing) -> dict[str, object]:
    ok = now.oldest_wait < LONGEST_WAIT
    part: dict[str, object] = {"ok": ok, "oldest_wait_s": round(now.oldest_wait), "batches": dict(now.batches)}
    return part if ok else part | {"problem": "batches wait and no worker takes them"}


def _publications(now: Standing) -> dict[str, object]:
    behind = {each.root: each.problem or "not written yet" for each in now.publications if each.behind}
    return {"ok": not behind} | ({"behind": behind} if behind else {})


def _channels(rt: Runtime) -> dict[str, object]:
    lacking = {name: "not set up" for name in channels.CHANNELS if rt.missing(name)}
    return {"ok": not lacking, "set_up": list(rt.channel_names()), "lacking": sorted(lacking)}


def _carriers(rt: Runtime) -> dict[str, object]:
    """Who carries live alerts, carrier → its breaker. Not ok when one does not answer, though another may do its work."""
    found = carrying.standing(rt, live=True)
    states = {
        each.carrier: {
            "state": each.breaker.position,
            "since": each.breaker.since.isoformat(timespec="seconds") if each.breaker.since else None,
            "why": each.breaker.why,
        }
        for each in found
    }
    now = {name: carrying.carried(found, name) for name in dict.fromkeys(each.channel for each in found)}
    return {"ok": all(each.breaker.closed for each in found), "carried_by": now, "breakers": states}


def _backup(now: Standing) -> dict[str, object]:
    if now.backup_at is None:
        return {"ok": False, "problem": "no backup has been made"}
    age = _seconds(now.now, now.backup_at)
    return {"ok": age < OLDEST_BACKUP, "age_s": age}


def _seconds(later: datetime, earlier: datetime) -> int:
    return round((later - earlier).total_seconds())


class _Numbers(Collector):
    """The numbers of one scrape."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def collect(self) -> Iterator[Metric]:
        with self._rt.db.read() as connection:
            now = standing_store.standing(connection)
            sent = standing_store.delivery_totals(connection)
            alerts = standing_store.alert_totals(connection)
        yield _gauge("sweeper_up", "1 while somebody holds the sweeper's lease.", {(): float(now.swept)})
        yield _gauge("oldest_wait_seconds", "How long the oldest free batch has waited.", {(): now.oldest_wait})
        waiting = self._rt.receipt_stream.waiting()
        if waiting is not None:
            yield _gauge("receipts_waiting", "Receipts taken and not applied yet.", {(): float(waiting)})
        yield _gauge("queue_up", "1 when the queue answers.", {(): float(self._rt.queue.answers())})
        yield _gauge(
            "alerts", "Alerts by state.", {(s, _mode(v)): n for (s, v), n in alerts.items()}, ("state", "mode")
        )
        by_state = {(c, s, _mode(v)): n for (c, s, v), n in sent.items()}
        yield _gauge("deliveries", "Deliveries by channel and state.", by_state, ("channel", "state", "mode"))
        open_batches = {(lane, s): n for lane, states in now.batches.items() for s, n in states.items()}
        yield _gauge("batches", "Batches that are not done.", open_batches, ("lane", "state"))
        behind = {(each.root,): each.wanted - each.written for each in now.publications}
        yield _gauge("publication_behind", "Changes that the public pages lack.", behind, ("root",))
        breakers = [each for live in (True, False) for each in carrying.standing(self._rt, live)]
        is_open = {(each.carrier, _mode(each.live)): float(not each.breaker.closed) for each in breakers}
        yield _gauge("breaker_open", "1 while a carrier does not answer.", is_open, ("carrier", "mode"))
        if now.backup_at is not None:
            age = (now.now - now.backup_at).total_seconds()
            yield _gauge("backup_age_seconds", "Age of the newest backup.", {(): age})


def _mode(live: bool) -> str:
    return "live" if live else "exercise"


def _gauge(name: str, words: str, values: Mapping[Any, float], labels: tuple[str, ...] = ()) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"broadcaster_{name}", words, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family

"""The sweep: finds whatever should have happened and did not, and sees to it. Any number run; one leads.

It only rings, expires and tidies. Nothing that it does may be needed for correctness of a single send: a sweep that is dead
makes things late, never wrong.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from broadcaster import clock
from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.lifecycle import ALERT
from broadcaster.domain.rules import SYSTEM
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, building, expiring, ladder, playbook_runs, publishing, ringing, seals
from broadcaster.store import alerts as alert_store
from broadcaster.store import batches, decisions, endings, idempotency, journal, own_texts, plans, quiet, sweeps

log = structlog.get_logger(__name__)

LEADER = "sweep"
#: Seconds for which one sweeper leads; another takes over after that.
LEASE = 10.0
#: Seconds between sweeps; what waits for a retry or a grace is rung this much late at most.
PAUSE = 0.5
#: Rings for plans and lookups are not marked anywhere; each is repeated at most so often, in seconds.
AGAIN = 10.0
#: Transactions in a sweep that suppress what one alert has left.
CLOSED_AT_ONCE = 20
#: How long the answer to a repeated API request is kept, and the count of texts to people's own phones.
REPEATS = timedelta(days=7)


def loop(rt: Runtime, stop: threading.Event) -> None:
    """Sweep until `stop` is set. A sweep that fails is logged and tried again: the next one may find the database back."""
    while not stop.is_set():
        try:
            sweep(rt, clock.utc_now())
        except Exception as error:  # noqa: BLE001 - whatever it was, the next sweep must come
            log.error("sweep_failed", error=type(error).__name__)
        stop.wait(PAUSE)


def sweep(rt: Runtime, now: datetime) -> bool:
    """One round; False when another sweeper leads. Each task stands alone: one that fails does not stop the others."""
    with rt.db.write() as tx:
        if not sweeps.lead(tx, LEADER, rt.worker, LEASE):
            return False
    for task in TASKS:
        try:
            task(rt, now)
        except BroadcasterError as error:
            log.error("sweep_task_failed", task=task.__name__, why=str(error))
    return True


def _expire(rt: Runtime, now: datetime) -> None:
    """Expiry stops sending and takes a waiting alert off the approver's list; it never closes an open instruction."""
    with rt.db.read() as connection:
        over = sweeps.expired(connection)
    for alert_id in over:
        with rt.db.write() as tx:
            alert = alert_store.get(tx, alert_id, lock=True)
            if alert.state not in ALERT.sources("expire"):
                continue
            decisions.move_alert(tx, alert_id, "expire", now)
            endings.suppress_unsent(tx, alert_id, "expired")
            journal.append(tx, alert.incident, SYSTEM, "expire", now, alert_id=alert_id)
            publishing.wanted(tx, alert.root)


def _ring(rt: Runtime, now: datetime) -> None:
    with rt.db.read() as connection:
        due = batches.due(connection, rt.timing.ring_again)
    ringing.ring(rt, [(row.id, row.lane) for row in due])


def _make(rt: Runtime, now: datetime) -> None:
    with rt.db.read() as connection:
        unmade = plans.unmade(connection)
    for alert_id in unmade:
        if rt.pacer.due(f"materialise:{alert_id}", AGAIN):
            rt.queue.ring_job("materialise", alert_id)


def _ask(rt: Runtime, now: datetime) -> None:
    """Accepted, and no word since: ask the provider."""
    with rt.db.read() as connection:
        waiting = quiet.waiting(connection, limit=50)
    for row in waiting:
        if rt.pacer.due(f"pull:{row.id}", AGAIN):
            rt.queue.ring_job("pull", row.id)


def _lapse(rt: Runtime, now: datetime) -> None:
    with rt.db.write() as tx:
        quiet.lapse(tx)


def _close(rt: Runtime, now: datetime) -> None:
    """What an interrupted stop, expiry or supersession left unsent."""
    with rt.db.read() as connection:
        left = sweeps.closed_with_unsent(connection)
    for alert_id, state in left:
        # Of a million, some now and some at the next sweep: the other tasks have their turn.
        for _ in range(CLOSED_AT_ONCE):
            with rt.db.write() as tx:
                more = endings.suppress_unsent(tx, alert_id, state)
            if not more:
                break


def _finish(rt: Runtime, now: datetime) -> None:
    with rt.db.read() as connection:
        stuck = sweeps.stuck(connection)
    for alert_id in stuck:
        with rt.db.write() as tx:
            broadcasting.finish_if_sent(tx, alert_id)


def _publish(rt: Runtime, now: datetime) -> None:
    for root in publishing.behind(rt, now):
        if rt.pacer.due(f"publish:{root}", 1.0):
            published = publishing.publish(rt, root, now)
            if published.problem:
                log.error("publish_failed", root=root, why=published.problem)


def _run(rt: Runtime, now: datetime) -> None:
    """Playbook runs that somebody's death left between two steps, or that wait for one to be decided."""
    if rt.pacer.due("runs", 2.0):
        playbook_runs.resume(rt, now)


def _tell_of_seal(rt: Runtime, now: datetime) -> None:
    """The staff hear of a broken seal as long as it takes."""
    if rt.pacer.due("seal", 2.0):
        seals.tell(rt, now)


def _climb(rt: Runtime, now: datetime) -> None:
    """Approvers to be called, and whatever else the ladder for one person awake does by the clock."""
    if rt.pacer.due("ladder", 1.0):
        ladder.climb(rt, now)


def _warn(rt: Runtime, now: datetime) -> None:
    """Alerts that run out while people follow them."""
    if rt.pacer.due("warn", 2.0):
        expiring.warn(rt, now)


def _tidy(rt: Runtime, now: datetime) -> None:
    if rt.pacer.due("tidy", 3600.0):
        building.clean_up(rt.db, now)
        with rt.db.write() as tx:
            idempotency.forget_before(tx, now - REPEATS)
            own_texts.forget_before(tx, now - REPEATS)


TASKS: tuple[Callable[[Runtime, datetime], None], ...] = (
    _ring,
    _expire,
    _close,
    _make,
    _ask,
    _publish,
    _finish,
    _lapse,
    _warn,
    _run,
    _tell_of_seal,
    _climb,
    _tidy,
)

"""The ladder for one person awake: its steps as they stand, for the screen, and the sweep's hand that moves its clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.rules import SYSTEM
from broadcaster.domain.standing_orders import CALL_EVERY, FALLBACK_AFTER
from broadcaster.runtime import Runtime
from broadcaster.services import calling, duty, fallback, playbooks, reviewing
from broadcaster.services.duty import OnCall
from broadcaster.services.fallback import Plan
from broadcaster.store import accounts, calls, journal, reviews
from broadcaster.store import alerts as alert_store
from broadcaster.store.alerts import AlertRow
from broadcaster.store.calls import Call

log = structlog.get_logger(__name__)

#: Alerts that wait at once; more than this is no night but a fault.
_MOST = 100
#: Seconds after which a call that nobody took is rung for again.
AGAIN = 10.0


@dataclass(frozen=True, slots=True)
class Called:
    """One call, and to whom."""

    name: str
    call: Call


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps of one waiting alert at this moment.

    `waiting` since its submission; `called` in order; `next_call_at` and `next_one`: when who is called next, None when nobody is left.
    `fallback_at`: from then on `plan` may go, unless `plan.why_not`; `run_id` once it went. `quick`: playbooks that two people have
    approved and that have closed blanks only, for the same kind first.
    """

    waiting: timedelta
    called: tuple[Called, ...]
    next_call_at: datetime | None
    next_one: OnCall | None
    fallback_at: datetime
    plan: Plan
    run_id: str | None
    quick: tuple[str, ...]


def of_alert(rt: Runtime, connection: Connection, alert: AlertRow, now: datetime) -> Ladder:
    """How far up the ladder an alert is that waits for approval."""
    assert alert.submitted_at is not None
    names = accounts.names(connection)
    done = calls.of_alert(connection, alert.id, alert.content_hash or "")
    left = _left(rt, connection, alert, done, now)
    offered = reviews.offered(connection, alert.id, alert.content_hash or "")
    last = max((each.round for each in done), default=0)
    return Ladder(
        waiting=now - alert.submitted_at,
        called=tuple(Called(names.get(each.user_id, each.user_id), each) for each in done),
        next_call_at=alert.submitted_at + CALL_EVERY * (last + 1) if left else None,
        next_one=left[0] if left else None,
        fallback_at=alert.submitted_at + FALLBACK_AFTER,
        plan=fallback.plan(rt, connection, alert, now, whole=now - alert.submitted_at >= FALLBACK_AFTER),
        run_id=offered.run_id if offered else None,
        quick=_quick(rt, connection, alert),
    )


def _left(rt: Runtime, connection: Connection, alert: AlertRow, done: Sequence[Call], now: datetime) -> list[OnCall]:
    """Who can still be called, in order. Somebody without a proved phone cannot."""
    without = {*alert.editors, alert.submitted_by or ""}
    groups = duty.rounds(rt, connection, alert, without, now)
    known = {each.user_id for each in done}
    return [each for group in groups for each in group if each.phone and each.user_id not in known]


def _quick(rt: Runtime, connection: Connection, alert: AlertRow) -> tuple[str, ...]:
    """Playbooks that one person may start and that go at once."""
    found = []
    for shelf in playbooks.listing(rt, connection):
        book = shelf.playbook
        if book is None or not shelf.approved or any(not each.closed for each in book.parameters.values()):
            continue
        if not any(rt.kinds[kind].always_two for kind in book.kinds if kind in rt.kinds):
            found.append((alert.kind not in book.kinds, shelf.name))
    return tuple(name for _, name in sorted(found))


def climb(rt: Runtime, now: datetime) -> None:
    """For the sweep: calls that are due, the fallback's offer (or itself, where the profile says so), and reviews that are late."""
    with rt.db.read() as connection:
        waiting = alert_store.listing(connection, states=(AlertState.PENDING_APPROVAL,), limit=_MOST)
        texts = calls.waiting(connection, now)
    for alert in waiting:
        _call_next(rt, alert, now)
        _offer(rt, alert, now)
    calling.ring(rt, [each for each in texts if rt.pacer.due(f"call:{each}", AGAIN)])
    reviewing.note_late(rt, now)


def _call_next(rt: Runtime, alert: AlertRow, now: datetime) -> None:
    """One more approver for every five minutes that nobody has decided; the rows say how many there were."""
    if alert.submitted_at is None or now - alert.submitted_at < CALL_EVERY:
        return
    group = (now - alert.submitted_at) // CALL_EVERY
    with rt.db.read() as connection:
        done = calls.of_alert(connection, alert.id, alert.content_hash or "")
        if group <= max((each.round for each in done), default=0) or not _left(rt, connection, alert, done, now):
            return
    with rt.db.write() as tx:
        still = alert_store.get(tx, alert.id, lock=True)
        if still.state is not AlertState.PENDING_APPROVAL or still.content_hash != alert.content_hash:
            return
        done = calls.of_alert(tx, alert.id, alert.content_hash or "")
        left = _left(rt, tx, alert, done, now)
        phones = int((alert.audience or {}).get("phones", 0))
        made = calling.begin(rt, tx, alert, alert.content_hash or "", phones, left[:1], group, now)
    calling.ring(rt, made)


def _offer(rt: Runtime, alert: AlertRow, now: datetime) -> None:
    """Ten minutes without a decision: the journal says once that the frozen wording may go."""
    if alert.submitted_at is None or now - alert.submitted_at < FALLBACK_AFTER:
        return
    digest = alert.content_hash or ""
    with rt.db.read() as connection:
        known = reviews.offered(connection, alert.id, digest)
        if known is not None and (known.run_id is not None or not rt.profile.night.fallback_itself):
            return
        # It is put into words, which takes a moment: not every second for one that may not go anyhow.
        if not rt.pacer.due(f"fallback:{digest}", AGAIN):
            return
        found = fallback.plan(rt, connection, alert, now)
    if found.why_not:
        return
    if known is None:
        with rt.db.write() as tx:
            if reviews.offer(tx, alert.id, digest, now):
                body = {"playbook": found.playbook}
                journal.append(tx, alert.incident, SYSTEM, "fallback ready", now, alert_id=alert.id, body=body)
    if rt.profile.night.fallback_itself:
        try:
            fallback.send(rt, alert.id, digest, fallback.STANDING_ORDERS, now)
        except BroadcasterError as error:
            log.error("fallback_not_sent", alert=alert.id, why=str(error))

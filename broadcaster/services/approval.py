"""Hop 2 of the way out: a second person decides on exactly the text that they saw."""

from datetime import datetime

from sqlalchemy import Connection

from broadcaster.domain import rules
from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Conflict, Invalid, Problem, WrongState
from broadcaster.domain.lifecycle import ALERT
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import (
    bounding,
    broadcasting,
    delivering,
    instructions,
    lending,
    ownership,
    reach,
    reviewing,
    ringing,
)
from broadcaster.services.reach import Reach
from broadcaster.store import alerts as alert_store
from broadcaster.store import batches, decisions, generations, journal, plans
from broadcaster.store.alerts import AlertRow


def approve(
    rt: Runtime, alert_id: str, actor: Actor, content_hash: str, now: datetime, confirmed: int | None = None
) -> None:
    """Start the alert. `content_hash` is that of the page the approver looked at; `confirmed` the phones they agreed to.

    NotAllowed for whoever wrote, edited or submitted it. Conflict when the text changed since, or the audience moved; then the
    approver looks, or confirms, again. Returns after the pages are written and the bell was rung.
    """
    with rt.db.read() as connection:
        counted = reach.of_alert(rt, connection, alert_store.get(connection, alert_id))
    with rt.db.write(hurry=True) as tx:
        alert = alert_store.get(tx, alert_id, lock=True)
        borrowed = _may_decide(rt, tx, alert, actor, now)
        ALERT.advance(alert.state, "approve")
        if alert.content_hash != content_hash:
            raise Conflict("the alert has changed since you looked at it; read it again before you approve it")
        _check_time(alert, now)
        _check_audience(tx, alert, counted, confirmed)
        grounds = "approved by a borrowed approver" if borrowed else "approved by a second person"
        _start(rt, tx, alert, actor, now, counted, grounds=grounds)
        if borrowed:
            reviewing.owe(tx, alert_id, "borrowed", actor, now)
    go(rt, alert_id)


def _may_decide(rt: Runtime, tx: Connection, alert: AlertRow, actor: Actor, now: datetime) -> bool:
    """NotAllowed unless this person may be the second one; True when only because they are lent to us for such an alert."""
    own = actor.role is not None and actor.role.covers(Role.APPROVER)
    borrowed = not own and lending.scope_of(rt, tx, actor, alert, now) is not None
    rules.may_approve(actor, alert.editors, alert.submitted_by or "", Status(alert.status), borrowed)
    bounding.must_cover_alert(tx, actor, alert)
    return borrowed


def start_by_standing_authority(
    rt: Runtime, tx: Connection, alert_id: str, actor: Actor, grounds: str, now: datetime, reviewed: bool = False
) -> None:
    """Start an alert whose every word two people have approved before, in a playbook version with closed blanks only.

    The caller has checked that; `grounds` names the version and its two approvers. Call `go` after the commit. `reviewed`: these
    very texts were read together with the alert that they belong to, so nobody has to countersign them.
    """
    alert = alert_store.get(tx, alert_id, lock=True)
    kind = rt.kinds[alert.kind]
    if kind.always_two:
        raise WrongState(f"{kind.name} always needs a second person at the moment of sending")
    ALERT.advance(alert.state, "approve")
    _check_time(alert, now)
    counted = reach.of_alert(rt, tx, alert)
    _check_audience(tx, alert, counted, None)
    _start(rt, tx, alert, actor, now, counted, grounds=grounds)
    if not reviewed:
        reviewing.owe(tx, alert_id, "playbook", actor, now)


def go(rt: Runtime, alert_id: str) -> None:
    """After the commit: write the pages here and now, then ring for the rest. Whatever fails here, the sweep does."""
    with rt.db.read() as connection:
        due = batches.of_alert(connection, alert_id)
        unmade = plans.open_plan(connection, alert_id)
    for batch_id, _, channel in due:
        if channel == "website":
            delivering.deliver(rt, batch_id)
    ringing.ring(rt, [(batch_id, lane) for batch_id, lane, channel in due if channel != "website"])
    if unmade is not None:
        rt.queue.ring_job("materialise", alert_id)


def _start(
    rt: Runtime, tx: Connection, alert: AlertRow, actor: Actor, now: datetime, counted: Reach, grounds: str
) -> None:
    decisions.move_alert(tx, alert.id, "approve", now, approved_by=actor.id, approved_at=now)
    ownership.never_without(tx, alert, actor)
    instructions.obey(rt, tx, alert, now)
    counted = reach.with_recipients(rt, tx, alert, counted)
    broadcasting.begin(rt, tx, alert, counted, now)
    body = {"hash": alert.content_hash, "phones": counted.phones}
    journal.append(tx, alert.incident, actor, "approve", now, alert_id=alert.id, grounds=grounds, body=body)


def _check_time(alert: AlertRow, now: datetime) -> None:
    if alert.expires_at is not None and alert.expires_at <= now:
        raise Invalid(
            [Problem("expires", "has passed while the alert waited", "Return it, so that it gets a new time.")]
        )


def _check_audience(tx: Connection, alert: AlertRow, counted: Reach, confirmed: int | None) -> None:
    """Conflict when the phones that would be reached now are no longer those that were agreed to. A correction goes to whoever got the
    wrong text, and that number grows until the moment it starts: nobody agrees to it.

    They were counted before the transaction; residents that came into force since then are the next attempt's.
    """
    if counted is reach.NOBODY or not counted.area:
        return
    if counted.generation != generations.current(tx):
        raise Conflict("the register of residents has changed this moment; look at the number again")
    agreed = confirmed if confirmed is not None else int((alert.audience or {}).get("phones", 0))
    if rules.audience_moved(agreed, counted.phones):
        raise Conflict(
            f"it would reach {counted.phones} phones now, and {agreed} were agreed to; confirm the new number"
        )


def send_back(rt: Runtime, alert_id: str, actor: Actor, reason: str, now: datetime) -> None:
    """Return it to its author with a reason."""
    _decide(rt, alert_id, "return", actor, reason, now)


def reject(rt: Runtime, alert_id: str, actor: Actor, reason: str, now: datetime) -> None:
    """Refuse it for good, with a reason."""
    _decide(rt, alert_id, "reject", actor, reason, now)


def _decide(rt: Runtime, alert_id: str, event: str, actor: Actor, reason: str, now: datetime) -> None:
    if not reason.strip():
        raise Invalid([Problem("reason", f"nobody can learn from a {event} without one", "Say what is wrong.")])
    with rt.db.write() as tx:
        alert = alert_store.get(tx, alert_id, lock=True)
        _may_decide(rt, tx, alert, actor, now)
        ALERT.advance(alert.state, event)
        decisions.move_alert(tx, alert_id, event, now, decision_reason=reason.strip())
        journal.append(tx, alert.incident, actor, event, now, alert_id=alert_id, grounds=reason.strip())

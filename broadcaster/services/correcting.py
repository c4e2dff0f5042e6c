"""Sends the correction that was approved together with its alert: one person, to exactly those who got the wrong text or may have.

What is filled in is closed: when the wrong text was sent, what still applies (from the open instructions), and when the next update
comes. Other words, or templates that were changed since the approval, wait for a second person like any alert.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from broadcaster.domain.errors import BroadcasterError, Conflict, NotAllowed
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.moment import round_up
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import approval, corrections, drafting, playbook_versions
from broadcaster.store import accounts
from broadcaster.store import alerts as alert_store
from broadcaster.store.alerts import AlertRow

#: States in which people may have seen an alert, and nothing newer has taken its place.
SEEN = (AlertState.BROADCASTING, AlertState.ACTIVE, AlertState.STOPPED, AlertState.EXPIRED)
#: The promise of a correction: people who were told something wrong are not left waiting.
NEXT = timedelta(minutes=30)
STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Sent:
    """The correction, and why it waits for a second person; empty: it is going out."""

    alert_id: str
    waits: str


def frozen(alert: AlertRow) -> Mapping[str, str] | None:
    """The wording that was approved with an alert, per language; None when there is none, or nobody has approved it."""
    if alert.correction is None or alert.approved_at is None:
        return None
    right: Mapping[str, str] = alert.correction["right"]
    return right


def may_follow(connection: Connection, alert: AlertRow) -> bool:
    """True while one person may send it: people may have seen the alert, and no correction of it has gone out."""
    return alert.state in SEEN and frozen(alert) is not None and not _corrected(connection, alert)


def send(rt: Runtime, alert_id: str, actor: Actor, now: datetime, right: Mapping[str, str] | None = None) -> Sent:
    """Correct an alert. Without `right`, or with the approved words, it starts at once; with others it waits for a second person.

    Conflict when nothing was approved with it, a newer alert has replaced it, or a correction has gone out already. Invalid when it
    cannot be put into words any more.
    """
    actor.must(Role.AUTHOR, "send corrections")
    if not actor.person:
        raise NotAllowed("an approved correction is sent by a person")
    with rt.db.read() as connection:
        parent = alert_store.get(connection, alert_id)
        words = _words(connection, parent)
        grounds = _grounds(connection, parent)
        old = drafting.draft_of(rt, parent, now)
    given = {tag: text.strip() for tag, text in (words if right is None else right).items() if text.strip()}
    sent_at = parent.approved_at or parent.updated_at
    draft = replace(corrections.draft_of(rt, old, parent.id, sent_at, given), next_update=next_update(now))
    new = drafting.create(rt, draft, actor, now, origin=f"correction:{parent.id}")
    waits = _why_it_waits(rt, parent, given)
    try:
        # What two people have approved already wakes nobody, and needs nobody on duty.
        drafting.submit(rt, new, actor, now, at_hand="" if waits else grounds)
    except BroadcasterError:
        drafting.discard(rt, new, actor, now)
        raise
    if not waits:
        _start(rt, parent.id, new, actor, grounds, now)
    return Sent(new, waits)


def next_update(now: datetime) -> datetime:
    """When a correction that is sent now promises the next word: in half an hour, on a round five minutes."""
    return round_up(now + NEXT, STEP)


def _words(connection: Connection, parent: AlertRow) -> Mapping[str, str]:
    words = frozen(parent)
    if words is None:
        raise Conflict("no correction was approved together with this alert; write one")
    _still_wrong(connection, parent)
    return words


def _still_wrong(connection: Connection, parent: AlertRow) -> None:
    if _corrected(connection, parent):
        raise Conflict("a correction of this alert has gone out already; correct that one")
    if parent.state not in SEEN:
        raise Conflict(f"this alert is {parent.state.replace('_', ' ')}; correct the one that took its place")


def _why_it_waits(rt: Runtime, parent: AlertRow, given: Mapping[str, str]) -> str:
    """Why two people have not approved exactly this; empty when they have."""
    kept = parent.correction or {}
    if dict(given) != dict(kept["right"]):
        return "its words are not those that were approved with the alert"
    if kept["wording"] != playbook_versions.wording(rt, corrections.KIND):
        return "the texts of corrections were changed since it was approved"
    return ""


def _start(rt: Runtime, parent_id: str, alert_id: str, actor: Actor, grounds: str, now: datetime) -> None:
    """Start it, once: of two people who press at the same moment one is told that it has gone out."""
    try:
        with rt.db.write() as tx:
            parent = alert_store.get(tx, parent_id, lock=True)
            _still_wrong(tx, parent)
            mine = alert_store.get(tx, alert_id, lock=True)
            if mine.version != 1 or mine.editors != {actor.id}:
                raise Conflict("somebody has changed the correction; it waits for a second person")
            approval.start_by_standing_authority(rt, tx, alert_id, actor, grounds, now, reviewed=True)
    except Conflict:
        drafting.withdraw(rt, alert_id, actor, now)
        raise
    approval.go(rt, alert_id)


def _corrected(connection: Connection, parent: AlertRow) -> bool:
    return alert_store.went_out(connection, parent.id, f"correction:{parent.id}")


def _grounds(connection: Connection, parent: AlertRow) -> str:
    """Whose approval it rests on, in words for the journal."""
    known = accounts.names(connection)
    names = [known.get(each, each) for each in (parent.submitted_by, parent.approved_by) if each]
    return f"the correction frozen with {parent.identifier}, approved together with it: {', '.join(names)}"

"""The promise "next update by 14:00": kept by an update, or by one word that nothing has changed, which is itself a new promise."""

from datetime import datetime, timedelta

from broadcaster.domain.errors import Conflict, Invalid, Problem
from broadcaster.domain.lifecycle import SENDING_ALERT
from broadcaster.domain.moment import round_up
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import publishing
from broadcaster.store import alerts as alert_store
from broadcaster.store import decisions, journal
from broadcaster.store.alerts import AlertRow

#: A new promise is as far away as the last one was, within these; on a round five minutes.
SHORTEST, LONGEST = timedelta(minutes=15), timedelta(hours=6)
STEP = timedelta(minutes=5)


def next_one(alert: AlertRow, now: datetime) -> datetime | None:
    """The promise that "no change" makes: as far ahead as the last one was when it was made, but never past the alert's end.

    None when the alert ends before anything could be promised: then it must be renewed, not confirmed.
    """
    made = alert.no_change_at or alert.approved_at or now
    last = (alert.next_update_at - made) if alert.next_update_at else LONGEST / 6
    moment = round_up(now + min(max(last, SHORTEST), LONGEST), STEP)
    if alert.expires_at is None or moment <= alert.expires_at:
        return moment
    return alert.expires_at if alert.expires_at - now >= SHORTEST else None


def no_change(
    rt: Runtime, alert_id: str, actor: Actor, now: datetime, seen: datetime | None, until: datetime | None = None
) -> datetime:
    """Say in public, by one person, that nothing has changed as of now, and promise the next word; returns that promise.

    No text or post goes out. `seen` is the promise that was on the page: Conflict when somebody has kept it since, when the alert is
    not in force, or when it ends too soon. `until` is another promise than the one that `next_one` makes; Invalid when it cannot be.
    """
    actor.must(Role.AUTHOR, "keep promises")
    with rt.db.write() as tx:
        alert = alert_store.get(tx, alert_id, lock=True)
        if alert.state not in SENDING_ALERT or (alert.expires_at is not None and alert.expires_at <= now):
            raise Conflict("this alert is not in force, so there is no promise to keep")
        if alert.next_update_at != seen:
            raise Conflict("somebody has made a new promise since you looked")
        promise = until or next_one(alert, now)
        if promise is None:
            raise Conflict("this alert ends too soon for another promise; send an update")
        if promise <= now or (alert.expires_at is not None and promise > alert.expires_at):
            raise Invalid([Problem("until", "is not between now and the end of the alert", "Give another time.")])
        decisions.confirm(tx, alert_id, now, promise)
        body = {"until": promise.isoformat(timespec="seconds")}
        journal.append(tx, alert.incident, actor, "no change", now, alert_id=alert_id, body=body)
        publishing.wanted(tx, alert.root)
    return promise

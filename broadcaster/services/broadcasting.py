"""Hop 3 of the way out: from an approved alert to rows that can be sent, and everything that ends the sending of one.

What happens in the approval's own transaction is short whatever the audience: pages, posts and one audience plan per language.
The plans are made into deliveries slice by slice afterwards, by any worker, resumed by the sweep.
"""

import time
from datetime import datetime

from sqlalchemy import Connection

from broadcaster.domain.errors import Invalid, NotFound, Problem
from broadcaster.domain.kind import Audience
from broadcaster.domain.lifecycle import ALERT, AlertState
from broadcaster.domain.rules import SYSTEM, Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import proof, publishing, ringing
from broadcaster.services.reach import Reach
from broadcaster.store import alerts as alert_store
from broadcaster.store import areas, audience, decisions, endings, fanout, journal, plans, progress, recipients
from broadcaster.store.alerts import AlertRow
from broadcaster.store.plans import Plan
from channels.base import Action

#: Deliveries made in one transaction, and deliveries that one job sends.
SLICE = 5000
BATCH = 1000
#: Audiences up to this go on the urgent lane, beside the posts.
SMALL = 200
#: Seconds for which a correction waits for requests that were under way (SECURITY R4: its first text within 10 s).
SETTLE = 3.0


def begin(rt: Runtime, tx: Connection, alert: AlertRow, reach: Reach, now: datetime) -> None:
    """In the approval's transaction: everything except the phones, and the plans from which those are made.

    `reach` was counted before it. What it updates or cancels is superseded in the same moment, so that no older text leaves after
    this commit.
    """
    decisions.move_alert(tx, alert.id, "broadcast", now)
    earlier = alert_store.references(tx, alert.id)
    for each in earlier:
        supersede(tx, each, by=alert, now=now)
    texts = alert_store.texts(tx, alert.id)
    for channel in dict.fromkeys(message.channel for message in texts.values()):
        mine = {number: message for number, message in texts.items() if message.channel == channel}
        if rt.personal(channel):
            proof.first_to_staff(rt, tx, alert, mine)
            if reach.recipients_of and not reach.area:
                plans.plan_recipients(tx, alert, mine, rt.profile.fallback, reach.recipients_of, reach.expected)
                continue
            plans.plan(tx, alert, mine, rt.profile.fallback, reach.generation, reach.expected)
            if reach.recipients_of:
                plans.plan_recipients(tx, alert, mine, rt.profile.fallback, reach.recipients_of, {})
        else:
            action = follow_up_action(rt, channel, alert)
            fanout.posts(tx, alert, mine, action, [each.id for each in earlier])
    publishing.wanted(tx, alert.root)


def follow_up_action(rt: Runtime, channel: str, alert: AlertRow) -> Action:
    """How an alert that refers to an earlier one appears where the earlier one can still be seen (docs/decisions/040).

    A cancellation or a correction changes the old post in place where that can be done, so that nobody passes it on. An update is
    a new post where only new posts are noticed. Where nothing can be changed, either answers the old one, so that it is not read alone.
    """
    actions = rt.actions(channel)
    if alert.msg_type == "Alert" or Action.REPLY not in actions:
        return Action.POST
    if Action.AMEND not in actions:
        return Action.REPLY
    return Action.AMEND if alert.msg_type == "Cancel" or _corrects(rt, alert) else Action.POST


def _corrects(rt: Runtime, alert: AlertRow) -> bool:
    kind = rt.kinds.get(alert.kind)
    return kind is not None and kind.audience is Audience.RECIPIENTS


def supersede(tx: Connection, earlier: AlertRow, by: AlertRow, now: datetime) -> None:
    """An alert that a newer one replaces: nothing more of it leaves, and the page shows the newer one."""
    event = "cancel" if by.msg_type == "Cancel" else "supersede"
    if earlier.state not in ALERT.sources(event):
        return
    decisions.move_alert(tx, earlier.id, event, now)
    endings.suppress_unsent(tx, earlier.id, str(ALERT.target(event)))
    journal.append(tx, earlier.incident, SYSTEM, event, now, alert_id=earlier.id, body={"by": by.identifier})


def materialise(rt: Runtime, alert_id: str) -> None:
    """Make the plans of an alert into deliveries, a slice and a commit at a time; any worker may, and any may go on.

    A more urgent alert that is approved meanwhile is made first.
    """
    while True:
        with rt.db.read() as connection:
            plan = plans.next_plan(connection, alert_id)
            if plan is None:
                return
            alert = alert_store.get(connection, plan.alert_id)
        if plan.recipients_of:
            _to_recipients(rt, alert, plan)
            continue
        with rt.db.read() as connection:
            area = areas.area_of(connection, plan.selector, plan.earlier_zones, plan.generation)
            part = audience.slice_of(
                connection,
                area,
                languages=plan.languages,
                not_languages=plan.not_languages,
                lane=alert.lane,
                exercise=not alert.live,
                after=plan.cursor,
                limit=SLICE,
            )
        lane = _lane(plan)
        with rt.db.write() as tx:
            made = fanout.take_slice(tx, alert, plan, part, lane, BATCH)
        if made is None:
            continue
        ringing.ring(rt, [(batch_id, lane) for batch_id in made])
        if part.last:
            with rt.db.write() as tx:
                finish_if_sent(tx, alert.id)


def _lane(plan: Plan) -> str:
    return "urgent" if plan.expected <= SMALL else "bulk"


def _to_recipients(rt: Runtime, alert: AlertRow, plan: Plan) -> None:
    """A slice of a plan for those who got an earlier alert. Requests that were under way when it was stopped are waited for a moment:
    whoever they did not reach needs no correction.
    """
    until = time.monotonic() + SETTLE
    while not plan.cursor and time.monotonic() < until:
        with rt.db.read() as connection:
            if not recipients.in_flight(connection, plan.recipients_of):
                break
        time.sleep(0.1)
    lane = _lane(plan)
    with rt.db.write() as tx:
        taken = fanout.take_recipients(tx, alert, plan, lane)
    if taken is None:
        return
    made, last = taken
    ringing.ring(rt, [(batch_id, lane) for batch_id in made])
    if last:
        with rt.db.write() as tx:
            finish_if_sent(tx, alert.id)


def finish_if_sent(tx: Connection, alert_id: str) -> None:
    """The alert is active once every plan is made and every batch is done; complete once every delivery is final."""
    alert = alert_store.get(tx, alert_id, lock=True)
    if alert.state is AlertState.BROADCASTING and endings.all_sent(tx, alert_id):
        decisions.finish_sending(tx, alert_id)
    complete_if_final(tx, alert_id)


def complete_if_final(tx: Connection, alert_id: str) -> None:
    """Mark the moment when nothing about this alert is open any more; "finished" is said only then."""
    if endings.all_sent(tx, alert_id) and not progress.unfinished(tx, alert_id):
        decisions.complete(tx, alert_id)


def stop(rt: Runtime, alert_id: str, actor: Actor, reason: str, now: datetime) -> None:
    """Stop sending: one person may, at any time. No new provider call starts later than two seconds after this commit."""
    actor.must(Role.AUTHOR, "stop an alert")
    with rt.db.write(hurry=True) as tx:
        alert = alert_store.get(tx, alert_id, lock=True)
        decisions.stop(tx, alert, actor, now)
        endings.suppress_unsent(tx, alert_id, "stopped")
        finish_if_sent(tx, alert_id)
        counts = progress.by_channel(tx, alert_id)
        journal.append(tx, alert.incident, actor, "stop", now, alert_id=alert_id, grounds=reason, body=dict(counts))
        publishing.wanted(tx, alert.root)


def retry_failed(rt: Runtime, alert_id: str, actor: Actor, now: datetime, channel: str | None = None) -> int:
    """Send failed deliveries again, and revive dead batches, because somebody has mended the cause. Returns how many."""
    actor.must(Role.AUTHOR, "retry deliveries")
    with rt.db.write() as tx:
        alert = alert_store.get(tx, alert_id, lock=True)
        if alert.state not in (AlertState.BROADCASTING, AlertState.ACTIVE):
            raise Invalid([Problem("state", f"the alert is {alert.state}", "Only one that is in force is sent again.")])
        again, due = endings.retry(tx, alert_id, channel)
        if not due:
            raise NotFound("nothing has failed" + (f" on {channel}" if channel else ""))
        decisions.reopen(tx, alert_id)
        body = {"channel": channel or "all", "deliveries": again}
        journal.append(tx, alert.incident, actor, "retry", now, alert_id=alert_id, body=body)
    ringing.ring(rt, due)
    return again

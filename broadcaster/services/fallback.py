"""The third rung: nobody has answered for ten minutes, so the wording that two people froze beforehand may go in the alert's place.

The wording is a playbook whose every blank is closed and whose version two people have approved; the profile names it per kind.
It goes as any such playbook goes (services/playbook_runs.py), and so under the same rules at the last moment too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from broadcaster.domain.alert import ResponseType, Severity, Status, Urgency
from broadcaster.domain.errors import BroadcasterError, Conflict, Invalid, NotReady, WrongState
from broadcaster.domain.field import FieldType
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.playbook import Form, Playbook
from broadcaster.domain.rules import Actor, Role
from broadcaster.domain.standing_orders import FALLBACK_AFTER, why_no_fallback
from broadcaster.runtime import Runtime
from broadcaster.services import composing, playbooks
from broadcaster.services.composing import Names
from broadcaster.services.playbook_drafts import draft_of, on_channels
from broadcaster.store import alerts as alert_store
from broadcaster.store import journal, reviews
from broadcaster.store.alerts import AlertRow
from broadcaster.store.playbooks import Run
from channels.base import Message

#: The sweep's own hand, where the profile lets the fallback go by itself.
STANDING_ORDERS = Actor(
    "system", "the broadcaster, by standing orders", Role.AUTHOR, person=False, scopes=frozenset({"playbooks:run"})
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go in the place of an alert. `why_not` is empty when it may; `texts` are then exact, as of now."""

    playbook: str
    why_not: str
    parameters: Mapping[str, object]
    texts: tuple[Message, ...] = ()


def plan(rt: Runtime, connection: Connection, alert: AlertRow, now: datetime, whole: bool = True) -> Plan:
    """The frozen wording for an alert that waits, and whether it may go, apart from the time. Nothing is kept.

    `whole` false: without its texts, so without what is wrong with those; much quicker.
    """
    name = rt.profile.night.fallback.get(alert.kind, "")
    if not name:
        return Plan("", "the profile has no fallback wording for this kind", {})
    if why := _of_the_kind(rt, alert):
        return Plan(name, why, {})
    try:
        shelf = playbooks.on_shelf(rt, connection, name)
        if shelf.playbook is None or not shelf.approved:
            return Plan(name, "its wording has not been approved by two people", {})
        given, why = _parameters(shelf.playbook, alert)
        if why or not whole:
            return Plan(name, why, given)
        return _composed(rt, connection, shelf.playbook, given, alert, now)
    except BroadcasterError as error:
        return Plan(name, str(error), {})


def _of_the_kind(rt: Runtime, alert: AlertRow) -> str:
    """What waits must itself be of those that cannot wait, as its frozen document says."""
    infos = (alert.document or {}).get("infos") or ()
    if not infos:
        return "it has not been submitted"
    kind, info = rt.kinds[alert.kind], infos[0]
    return why_no_fallback(
        Urgency(info["urgency"]),
        Severity(info["severity"]),
        [ResponseType(each) for each in info["response_types"]],
        alert.draft["area"],
        rt.profile.night.fallback_zones,
        kind.always_two or bool(kind.lifts),
    )


def _parameters(playbook: Playbook, alert: AlertRow) -> tuple[dict[str, object], str]:
    """The blanks of the frozen wording, from the alert in whose place it goes: its zones, and nothing else."""
    given: dict[str, object] = {}
    for name, each in playbook.parameters.items():
        if each.spec.type is FieldType.ZONES:
            given[name] = list(alert.draft["area"]["zones"])
        elif each.spec.required and each.spec.default is None:
            return given, f"its blank {name!r} must be filled in by a person: start the playbook by hand"
    return given, ""


def _composed(
    rt: Runtime, connection: Connection, playbook: Playbook, given: dict[str, object], alert: AlertRow, now: datetime
) -> Plan:
    """The exact texts as of now; the wording itself must be such as may go by one person."""
    zone = ZoneInfo(rt.profile.timezone)
    values, problems = playbook.read(given, rt.kinds[playbook.kinds[0]], rt.profile.languages, zone, now)
    if problems:
        raise Invalid(problems)
    steps = [each for each in playbook.steps if each.applies(values)]
    if len(steps) != 1 or steps[0].form is not Form.ALERT or steps[0].after_minutes:
        return Plan(playbook.name, "a fallback wording is one single new alert", given)
    kind = composing.kind_of(rt, steps[0].kind)
    draft = draft_of(steps[0], values, Status(alert.status), alert.incident, (), rt.profile, now)
    draft, _ = on_channels(draft, rt.channel_names(alert.live), kind.channels)
    made = composing.compose(rt, connection, draft, Names("preview", "preview0"), now)
    if made.problems or made.made.alert is None:
        raise Invalid(made.problems)
    info = made.made.alert.infos[0]
    why = why_no_fallback(
        info.urgency,
        info.severity,
        info.response_types,
        alert.draft["area"],
        rt.profile.night.fallback_zones,
        kind.always_two or bool(kind.lifts),
    )
    return Plan(playbook.name, why, given, made.made.messages)


def send(rt: Runtime, alert_id: str, content_hash: str, actor: Actor, now: datetime) -> Run:
    """Let the frozen wording go in the place of an alert that nobody has decided on; once, however many ask.

    `content_hash` is that of the waiting alert as the caller saw it. WrongState before its time, or when somebody has decided;
    NotReady says why it may not go. The waiting alert goes on waiting.
    """
    actor.must(Role.AUTHOR, "send the fallback wording")
    with rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
        _must_wait(alert, content_hash, now)
        found = plan(rt, connection, alert, now)
    if found.why_not:
        raise NotReady(f"the fallback wording may not go: {found.why_not}")
    with rt.db.write() as tx:
        _must_wait(alert_store.get(tx, alert_id, lock=True), content_hash, now)
        reviews.offer(tx, alert_id, content_hash, now)
    key = f"fallback-{alert_id}-{content_hash[:16]}"
    run = playbooks.run(rt, found.playbook, found.parameters, actor, Status(alert.status), now, key, alert.incident)
    with rt.db.write() as tx:
        if reviews.went(tx, alert_id, content_hash, run.id):
            body = {"playbook": found.playbook, "run": run.id, "hash": content_hash}
            grounds = run.grounds
            journal.append(tx, alert.incident, actor, "fallback", now, alert_id=alert_id, grounds=grounds, body=body)
        for step in run.steps:
            if step.alert_id is not None:
                reviews.rename(tx, step.alert_id, "fallback")
    return run


def _must_wait(alert: AlertRow, content_hash: str, now: datetime) -> None:
    if alert.state is not AlertState.PENDING_APPROVAL or alert.submitted_at is None:
        raise WrongState("somebody has decided on this alert, so no fallback wording goes in its place")
    if alert.content_hash != content_hash:
        raise Conflict("the alert has changed since you looked at it; its ten minutes begin anew")
    if now - alert.submitted_at < FALLBACK_AFTER:
        minutes = int(FALLBACK_AFTER.total_seconds() // 60)
        raise WrongState(f"the fallback wording may go when nobody has decided for {minutes} minutes")

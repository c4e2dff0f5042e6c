"""An exercise from its end on: it is ended with everything in it, or played again from its alerts, as new drafts."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from broadcaster.domain.alert import Draft, FieldValue
from broadcaster.domain.errors import Conflict, Invalid, NotAllowed, Problem
from broadcaster.domain.lifecycle import AlertState as A
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, drafting, publishing
from broadcaster.store import alerts as alert_store
from broadcaster.store import decisions, endings, exercises, incidents, journal
from broadcaster.store.alerts import AlertRow

#: What ends an alert of an exercise, by its state. What has gone out to the end cannot be stopped, so it is cancelled.
_ENDS = {
    A.DRAFT: "discard",
    A.RETURNED: "discard",
    A.PENDING_APPROVAL: "withdraw",
    A.APPROVED: "stop",
    A.BROADCASTING: "stop",
    A.ACTIVE: "cancel",
}
#: Alerts of one exercise that are played again at most.
MOST = 200
#: How the text about the end of an exercise is told from the exercise's own alerts.
NOTICE = "exercise ended"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)")


def end(rt: Runtime, name: str, actor: Actor, now: datetime) -> None:
    """End one exercise: its alerts are stopped, its drafts closed, what it told people is lifted, and it is closed."""
    _person(actor)
    with rt.db.write() as tx:
        row = incidents.named(tx, name)
        if row.live:
            raise Conflict("this is no exercise; a live incident is closed when everything in it is lifted")
        if row.closed_at is not None:
            raise Conflict(f"the incident {name!r} is closed already")
        end_in(tx, row, actor, now, "the exercise is over")
        publishing.wanted(tx, "exercise")


def end_in(tx: Connection, exercise: Row[Any], actor: Actor, now: datetime, grounds: str) -> int:
    """The same in the caller's transaction; returns how many alerts it ended."""
    ended = 0
    for each in alert_store.listing(tx, states=tuple(_ENDS), incident=exercise.name, limit=1_000):
        # Locked and read again: a worker may have sent the last of it this moment.
        alert = alert_store.get(tx, each.id, lock=True)
        event = _ENDS.get(alert.state, "")
        if not event:
            continue
        if event == "stop":
            decisions.stop(tx, alert, actor, now)
        else:
            decisions.move_alert(tx, alert.id, event, now)
        endings.suppress_unsent(tx, alert.id, "stopped")
        broadcasting.finish_if_sent(tx, alert.id)
        journal.append(tx, exercise.name, actor, event, now, alert_id=alert.id, grounds=grounds)
        ended += 1
    exercises.lift_all(tx, exercise.id, now)
    incidents.close(tx, exercise.id, now)
    journal.append(tx, exercise.name, actor, "end exercise", now, grounds=grounds, body={"alerts": ended})
    return ended


def replay(rt: Runtime, name: str, actor: Actor, now: datetime) -> str:
    """Begin an exercise anew: a new one, with each alert that was submitted in the old one as a draft, its times moved to now.

    Returns its name. Everything needs two people again. Conflict when there is nothing to play.
    """
    actor.must(Role.AUTHOR, "play exercises again")
    with rt.db.read() as connection:
        row = incidents.named(connection, name)
        if row.live:
            raise Conflict("only an exercise can be played again; nothing real is")
        rows = alert_store.listing(connection, incident=name, limit=MOST)
        again = _free_name(connection, name)
    played = [each for each in reversed(rows) if each.submitted_at and each.origin != NOTICE]
    if not played:
        raise Conflict("nothing was submitted in this exercise, so there is nothing to play again")
    shift = now - (played[0].submitted_at or now)
    made: dict[str, str] = {}
    for alert in played:
        draft = _moved(drafting.draft_of(rt, alert, now), again, shift, made, alert)
        made[alert.id] = made[alert.identifier] = drafting.create(
            rt, draft, actor, now, origin=f"replay of {alert.identifier}"
        )
    with rt.db.write() as tx:
        new = incidents.named(tx, again)
        incidents.rename(tx, new.id, row.title, row.hashtag)
        journal.append(tx, again, actor, "replay exercise", now, body={"of": name, "alerts": len(played)})
    return again


def _free_name(connection: Connection, name: str) -> str:
    """ "drill" → "drill-2", "drill-2" → "drill-3": the first that is free."""
    stem = re.sub(r"-\d{1,3}$", "", name)[:60]
    for number in range(2, 1_000):
        if incidents.find(connection, f"{stem}-{number}") is None:
            return f"{stem}-{number}"
    raise Invalid([Problem("name", f"{name!r} was played too often", "Begin a new exercise.")])


def _moved(draft: Draft, incident: str, shift: timedelta, made: dict[str, str], old: AlertRow) -> Draft:
    """The draft in its new exercise: every moment later by `shift`, references to the new ones of those it referred to."""

    def later(moment: datetime | None) -> datetime | None:
        return moment + shift if moment else None

    arrivals = {code: moment + shift for code, moment in draft.area.arrivals.items()}
    return replace(
        draft,
        incident=incident,
        references=tuple(made[each] for each in draft.references if each in made),
        onset=later(draft.onset),
        expires=later(old.expires_at),
        next_update=later(old.next_update_at),
        area=replace(draft.area, arrivals=arrivals),
        fields={key: _value(value, shift) for key, value in draft.fields.items()},
    )


def _value(value: FieldValue, shift: timedelta) -> FieldValue:
    """A field's value with the full moments in it moved; other words stay as they are."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return (datetime.fromisoformat(value.replace("Z", "+00:00")) + shift).isoformat()
    if isinstance(value, dict):
        return {key: _value(each, shift) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_value(each, shift) for each in value]
    return value


def _person(actor: Actor) -> None:
    if not actor.person:
        raise NotAllowed("a person must end an exercise, not an API key or the service")
    actor.must(Role.AUTHOR, "end exercises")

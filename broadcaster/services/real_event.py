"""REAL EVENT: one person ends every exercise at a stroke, those who took part are told, and a live incident is open.

What goes out goes by the exercise accounts: neither an exercise nor one person alone can ever make a live text (SECURITY R1, R3).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from broadcaster.domain.alert import Draft, Status, content_hash
from broadcaster.domain.errors import Invalid, NotAllowed, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import approval, exercises, publishing
from broadcaster.store import alerts as alert_store
from broadcaster.store import decisions, drafts, fanout, incidents, journal
from broadcaster.store import exercises as exercise_store
from broadcaster.store.tokens import new_id, short_token
from channels.base import Message
from channels.text import measure_sms

#: The kind whose look the notice has; it opens and lifts nothing.
_KIND = "correction"
#: Who presses again within it, pressed once.
_TWICE = timedelta(minutes=2)
#: After this a phone that was off need not hear of it.
_WORTH = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class RealEvent:
    """The live incident that was opened, the exercises that were ended, and how many phones are told."""

    incident: str
    exercises: tuple[str, ...]
    told: int


def declare(rt: Runtime, name: str, title: str, actor: Actor, now: datetime) -> RealEvent:
    """End all exercises, tell those who took part, and open a live incident called `title`. One person may.

    Nothing of an exercise is copied: the incident is empty, and whatever is written in it needs two people like any other.
    """
    if not actor.person:
        raise NotAllowed("a person must declare a real event, not an API key or the service")
    actor.must(Role.AUTHOR, "declare a real event")
    if not 0 < len(title.strip()) <= 120:
        raise Invalid([Problem("title", "must have 1 to 120 characters", "Say what people call it.")])
    with rt.db.write() as tx:
        running = exercise_store.running(tx)
        if not running and (again := _just_now(tx, title.strip(), now)):
            return again
        ended = tuple(row.name for row in running)
        incident = _open(rt, tx, name, title.strip(), actor, now, ended)
        for row in running:
            exercises.end_in(tx, row, actor, now, "a real event has begun")
        notice, told = _notice(rt, tx, running, actor, now) if running else ("", 0)
        values = {"incident_id": incident.id, "declared_by": actor.id, "at": now, "exercises": list(ended)}
        exercise_store.remember(tx, {**values, "told": told})
        publishing.wanted(tx, "exercise")
        publishing.wanted(tx, "live")
    if notice:
        approval.go(rt, notice)
    return RealEvent(incident.name, ended, told)


def _just_now(tx: Connection, title: str, now: datetime) -> RealEvent | None:
    """The same button pressed twice is one event."""
    last = exercise_store.real_event(tx)
    if last is None or last.title != title or now - last.at > _TWICE:
        return None
    return RealEvent(last.incident, tuple(last.exercises), last.told)


def _open(
    rt: Runtime, tx: Connection, name: str, title: str, actor: Actor, now: datetime, ended: tuple[str, ...]
) -> Row[Any]:
    stem, number = (name or f"{now:%Y%m%d-%H%M}")[:60].strip("-"), 1
    free = stem
    while incidents.find(tx, free) is not None:
        number += 1
        free = f"{stem}-{number}"
    incidents.make(tx, free, title, rt.profile.hashtag, True, now, actor.id)
    body = {"live": True, "exercises_ended": list(ended)}
    journal.append(tx, free, actor, "real event", now, grounds=title, body=body)
    return incidents.named(tx, free)


def _notice(rt: Runtime, tx: Connection, running: Any, actor: Actor, now: datetime) -> tuple[str, int]:
    """An alert of the last exercise that says that it is over, to staff and to whoever may have got its texts.

    ("", 0) where exercises have no texts at all.
    """
    channels = [name for name in rt.channel_names(live=False) if rt.personal(name)]
    if not channels:
        return "", 0
    alert_id, newest = new_id(), running[0]
    languages = next(iter(rt.kinds.values())).languages
    texts = [_text(rt, channel, tag) for channel in channels for tag in rt.profile.languages if tag in languages]
    draft = Draft(
        newest.name,
        _KIND,
        Status.EXERCISE,
        languages=rt.profile.languages,
        channels=tuple(channels),
        expires=now + _WORTH,
    )
    values = {
        "incident_id": newest.id,
        "lane": "life-safety",
        "editors": [actor.id],
        "created_by": actor.id,
        "owner": actor.id,
        "created_at": now,
        "updated_at": now,
        "origin": exercises.NOTICE,
    }
    identifier = f"{rt.profile.name[:30]}-{now:%Y%m%d-%H%M}-exercise-ended-{short_token()[:4]}"
    drafts.make(tx, alert_id, {"identifier": identifier, "token": short_token()}, draft, values)
    frozen = {"content_hash": content_hash(texts), "submitted_by": actor.id, "submitted_at": now}
    decisions.move_alert(tx, alert_id, "submit", now, **frozen)
    drafts.freeze(tx, alert_id, texts, ())
    decisions.move_alert(tx, alert_id, "approve", now, approved_by=actor.id, approved_at=now)
    decisions.move_alert(tx, alert_id, "broadcast", now)
    notice = alert_store.get(tx, alert_id)
    for channel in channels:
        frozen_texts = alert_store.texts(tx, alert_id).items()
        mine = {text.language: number for number, text in frozen_texts if text.channel == channel}
        staff = [(phone, mine[rt.profile.fallback]) for phone in dict.fromkeys(rt.profile.staff_phones)]
        if staff:
            fanout.to_staff(tx, notice, channel, staff)
        exercise_store.tell_participants(tx, notice, channel, mine, rt.profile.fallback, [row.id for row in running])
    told = exercise_store.phones_told(tx, alert_id)
    body = {"texts": [list(text.parts) for text in texts], "phones": told}
    journal.append(tx, newest.name, actor, "tell participants", now, alert_id=alert_id, body=body)
    return alert_id, told


def _text(rt: Runtime, channel: str, language: str) -> Message:
    """The fixed words, frozen like any other text."""
    words = next(iter(rt.kinds.values())).languages[language].exercise_over
    sender = rt.profile.in_language(rt.profile.sender, language)
    text = words.format(sender=sender, url=publishing.status_address(rt, "live"))
    length = measure_sms(text)
    return Message(channel, language, (text,), units=(length.segments,), encoding=length.encoding)

"""Queries about exercises: what runs, who got their texts, and the real events that ended some."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, String, distinct, func, insert, literal, select, update

from broadcaster.domain.lifecycle import DELIVERY
from broadcaster.store import fanout
from broadcaster.store.alerts import AlertRow
from broadcaster.store.recipients import GOT
from broadcaster.store.schema import alerts, deliveries, incidents, instructions, messages, real_events

(_FIRST,) = DELIVERY.initial


def running(connection: Connection) -> Sequence[Row[Any]]:
    """Exercises that are open, the latest first: rows of incidents."""
    open_ones = incidents.c.live.is_(False), incidents.c.closed_at.is_(None)
    return connection.execute(select(incidents).where(*open_ones).order_by(incidents.c.id.desc())).all()


def numbers(connection: Connection) -> Mapping[int, int]:
    """Incident id → how many alerts an exercise has that could be played again."""
    query = select(alerts.c.incident_id, func.count()).where(
        alerts.c.status != "Actual", alerts.c.submitted_at.is_not(None)
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(alerts.c.incident_id))}


def lift_all(tx: Connection, incident_id: int, now: datetime) -> None:
    """The exercise is over: nobody is told anything in it any more. Of a live incident only an all-clear lifts."""
    drill = select(incidents.c.id).where(incidents.c.id == incident_id, incidents.c.live.is_(False))
    still = instructions.c.incident_id.in_(drill), instructions.c.lifted_at.is_(None)
    tx.execute(update(instructions).where(*still).values(lifted_by=instructions.c.renewed_by, lifted_at=now))


def tell_participants(
    tx: Connection, notice: AlertRow, channel: str, texts: Mapping[str, int], fallback: str, incident_ids: Sequence[int]
) -> int:
    """A delivery of `notice` to every phone that may have shown a text of these exercises, in the language of that text.

    `texts` is language → message number. The staff's phones, whose batch is made before, are passed over. Returns how many.
    """
    batch_id = fanout.make_batch(tx, notice.id, channel, "urgent")
    made = 0
    for language, number in sorted(texts.items(), key=lambda item: item[0] == fallback):
        already = select(deliveries.c.address).where(deliveries.c.alert_id == notice.id)
        who = select(
            literal(notice.id, String),
            literal(batch_id),
            literal(number),
            literal(channel, String),
            literal(str(_FIRST), String),
            deliveries.c.address,
            func.max(deliveries.c.phone_id),
        )
        who = who.join(alerts, alerts.c.id == deliveries.c.alert_id)
        who = who.where(alerts.c.incident_id.in_(incident_ids), alerts.c.status != "Actual")
        who = who.where(deliveries.c.channel == channel, deliveries.c.state.in_(GOT))
        who = who.where(deliveries.c.address.not_in(already)).group_by(deliveries.c.address)
        if language != fallback:
            who = who.join(messages, messages.c.id == deliveries.c.message_id).where(messages.c.language == language)
        columns = ["alert_id", "batch_id", "message_id", "channel", "state", "address", "phone_id"]
        made += tx.execute(insert(deliveries).from_select(columns, who)).rowcount
    return made


def phones_told(connection: Connection, alert_id: str) -> int:
    """How many phones a notice goes to, the staff's among them."""
    query = select(func.count(distinct(deliveries.c.address))).where(deliveries.c.alert_id == alert_id)
    return connection.scalar(query) or 0


def remember(tx: Connection, values: Mapping[str, Any]) -> None:
    """A real event was declared."""
    tx.execute(real_events.insert().values(**values))


def real_event(connection: Connection) -> Any | None:
    """The latest real event whose incident is still open: incident, title, declared_by, at, exercises, told."""
    columns = real_events.c.declared_by, real_events.c.at, real_events.c.exercises, real_events.c.told
    query = select(*columns, incidents.c.name.label("incident"), incidents.c.title)
    query = query.join(incidents, incidents.c.id == real_events.c.incident_id).where(incidents.c.closed_at.is_(None))
    return connection.execute(query.order_by(real_events.c.at.desc()).limit(1)).first()

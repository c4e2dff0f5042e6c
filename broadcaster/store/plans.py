"""Audience plans: whom an alert's texts are for, per language and in the order in which they are told, and how far making them has come."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from broadcaster.domain.alert import Circle, Selector, Severity, Urgency, plain
from broadcaster.domain.rules import priority
from broadcaster.store import areas
from broadcaster.store.alerts import AlertRow
from broadcaster.store.schema import audience_plans
from channels.base import Message


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom a message is for, and how far the making of deliveries has come.

    `expected` is the audience of all plans of the alert and channel; people in `earlier_zones` belong to another of them. With
    `recipients_of` it is for those who got these alerts, and `cursor` is the last of their batches that was read.
    """

    id: int
    alert_id: str
    message_id: int
    channel: str
    languages: tuple[str, ...] | None
    not_languages: tuple[str, ...]
    selector: Selector
    earlier_zones: tuple[str, ...]
    recipients_of: tuple[str, ...]
    generation: int
    priority: int
    expected: int
    cursor: int


def plan(
    tx: Connection,
    alert: AlertRow,
    texts: Mapping[int, Message],
    fallback: str,
    generation: int,
    expected: Mapping[str, Sequence[int]],
) -> None:
    """One plan per language of a personal channel and group of its audience, in the order in which they are told.

    A phone whose language the alert lacks belongs to the fallback's plan. `expected` is language → phones of each group.
    """
    groups = areas.groups(tx, selector_of(alert.draft["area"]), generation)
    for at, group in enumerate(groups):
        first = priority(alert.lane, *_class(alert), group.arrival)
        for number, values in _plans(alert, texts, fallback):
            there = expected.get(values["language"], [0] * len(groups))[at]
            values |= {"selector": plain(group.selector), "earlier_zones": list(group.earlier_zones)}
            values |= {"message_id": number, "generation": generation, "priority": first, "expected": there}
            tx.execute(audience_plans.insert().values(**values))


def plan_recipients(
    tx: Connection,
    alert: AlertRow,
    texts: Mapping[int, Message],
    fallback: str,
    earlier: Sequence[str],
    expected: Mapping[str, Sequence[int]],
) -> None:
    """One plan per language of a personal channel for those who got one of the `earlier` alerts; made after those of an area."""
    first = priority(alert.lane, *_class(alert))
    for number, values in _plans(alert, texts, fallback):
        values |= {"selector": plain(selector_of(alert.draft["area"])), "recipients_of": list(earlier), "generation": 0}
        values |= {"message_id": number, "priority": first, "expected": sum(expected.get(values["language"], ()))}
        tx.execute(audience_plans.insert().values(**values))


def _plans(alert: AlertRow, texts: Mapping[int, Message], fallback: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Message → what a plan of it is, whoever it is for."""
    spoken = [message.language for message in texts.values()]
    last = spoken_first(spoken, fallback)[0]
    for number, message in texts.items():
        rest = message.language == last
        yield (
            number,
            {
                "alert_id": alert.id,
                "channel": message.channel,
                "language": message.language,
                "languages": None if rest else [message.language],
                "not_languages": [each for each in spoken if each != last] if rest else [],
                "excluded": {},
            },
        )


def spoken_first(spoken: Sequence[str], fallback: str) -> tuple[str, ...]:
    """The languages of an alert with that first whose text goes to phones whose own is not among them."""
    return tuple(sorted(spoken, key=lambda each: each != fallback))


def _class(alert: AlertRow) -> tuple[Severity, Urgency]:
    """CAP severity and urgency, which are the same in every language."""
    assert alert.document is not None
    info = alert.document["infos"][0]
    return Severity(info["severity"]), Urgency(info["urgency"])


def selector_of(stored: Mapping[str, Any]) -> Selector:
    """A selector as it was stored in a draft."""
    circle, arrivals = stored.get("circle"), stored.get("arrivals") or {}
    return Selector(
        zones=tuple(stored.get("zones") or ()),
        polygon=tuple((float(lat), float(lon)) for lat, lon in stored.get("polygon") or ()),
        circle=Circle(**circle) if circle else None,
        arrivals={code: datetime.fromisoformat(moment) for code, moment in arrivals.items()},
    )


def open_plan(connection: Connection, alert_id: str) -> Plan | None:
    """The first plan of an alert that is not made yet; None when they all are."""
    return _first_plan(connection, audience_plans.c.alert_id == alert_id)


def next_plan(connection: Connection, alert_id: str) -> Plan | None:
    """The plan to be made now by whoever makes those of an alert: its first, or that of a more urgent alert; None at its end."""
    mine = open_plan(connection, alert_id)
    if mine is None:
        return None
    return _first_plan(connection, audience_plans.c.priority < mine.priority) or mine


def _first_plan(connection: Connection, which: ColumnElement[bool]) -> Plan | None:
    row = connection.execute(
        select(audience_plans)
        .where(which, audience_plans.c.done_at.is_(None))
        .order_by(audience_plans.c.priority, audience_plans.c.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    together = audience_plans.c.alert_id == row.alert_id, audience_plans.c.channel == row.channel
    return Plan(
        id=row.id,
        alert_id=row.alert_id,
        message_id=row.message_id,
        channel=row.channel,
        languages=None if row.languages is None else tuple(row.languages),
        not_languages=tuple(row.not_languages),
        selector=selector_of(row.selector),
        earlier_zones=tuple(row.earlier_zones),
        recipients_of=tuple(row.recipients_of or ()),
        generation=row.generation,
        priority=row.priority,
        expected=connection.scalar(select(func.sum(audience_plans.c.expected)).where(*together)) or 0,
        cursor=row.cursor,
    )


def unmade(connection: Connection) -> Sequence[str]:
    """Alerts whose plans are not made to the end."""
    return connection.scalars(
        select(audience_plans.c.alert_id).where(audience_plans.c.done_at.is_(None)).distinct()
    ).all()


def generation_of(connection: Connection, alert_id: str) -> int | None:
    """The generation of residents that an alert went to; None when it has no plans."""
    mine = audience_plans.c.alert_id == alert_id
    found: int | None = connection.scalar(select(func.max(audience_plans.c.generation)).where(mine))
    return found

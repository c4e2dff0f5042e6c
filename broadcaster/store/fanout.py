"""From an approved alert to rows: audience plans, slices of deliveries with their batches, and posts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    String,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from broadcaster.domain.alert import Circle, Selector, Severity, Urgency, plain
from broadcaster.domain.lifecycle import BATCH, DELIVERY, BatchState
from broadcaster.domain.rules import priority
from broadcaster.store import areas, recipients
from broadcaster.store.alerts import AlertRow
from broadcaster.store.audience import Slice
from broadcaster.store.batches import revive
from broadcaster.store.moves import move, suppress
from broadcaster.store.progress import any_in_batch
from broadcaster.store.records import packed, records
from broadcaster.store.schema import audience_plans, batches, db_now, deliveries
from channels.base import Action, Message

(_FIRST_BATCH,) = BATCH.initial
(_FIRST_DELIVERY,) = DELIVERY.initial
#: The staff's batch goes before every other of its channel; others have what `rules.priority` says, posts 0.
_FIRST_OF_ALL = -1_000_000
#: Batches whose unsent deliveries are suppressed in one transaction.
_AT_ONCE = 5


@cache
def _make(dialect: str) -> Insert:
    """Deliveries of some phones, each with the batch it is in; what is not named here has its column's default."""
    of = records(dialect, phone=BigInteger(), batch=BigInteger(), address=String())
    return insert(deliveries).from_select(
        ["alert_id", "batch_id", "message_id", "channel", "state", "address", "phone_id"],
        select(
            bindparam("of_alert", type_=String),
            of["batch"],
            bindparam("of_message", type_=BigInteger),
            bindparam("of_channel", type_=String),
            literal(str(_FIRST_DELIVERY), String),
            of["address"],
            of["phone"],
        ),
    )


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


def to_staff(tx: Connection, alert: AlertRow, channel: str, told: Sequence[tuple[str, int]]) -> None:
    """A batch of its own for the staff's phones, (E.164, message) each, before all others; made ahead of the plans."""
    batch_id = make_batch(tx, alert.id, channel, "urgent", priority=_FIRST_OF_ALL, staff=True)
    common = {"alert_id": alert.id, "batch_id": batch_id, "channel": channel, "state": _FIRST_DELIVERY}
    tx.execute(
        insert(deliveries), [{"address": phone, "message_id": message_id} | common for phone, message_id in told]
    )


def staff_phones(connection: Connection, alert_id: str, channel: str) -> frozenset[str]:
    """Phones that the alert's staff batch has: one text per phone and alert, so its plans make none for these."""
    of_staff = select(deliveries.c.address).join(batches, batches.c.id == deliveries.c.batch_id)
    mine = batches.c.alert_id == alert_id, batches.c.channel == channel, batches.c.staff
    return frozenset(connection.scalars(of_staff.where(*mine)))


def take_slice(tx: Connection, alert: AlertRow, made_from: Plan, part: Slice, lane: str, size: int) -> list[int] | None:
    """Write a slice's deliveries, its batches and the cursor in one commit; None when another worker has done this slice.

    Returns the new batches.
    """
    staff = staff_phones(tx, alert.id, made_from.channel)
    own = {phone: number for number, phone in part.phones if phone in staff} if staff else {}
    excluded = sum(part.excluded.values())
    taken = tx.execute(
        update(audience_plans)
        .where(audience_plans.c.id == made_from.id, audience_plans.c.cursor == made_from.cursor)
        .where(audience_plans.c.done_at.is_(None))
        .values(
            cursor=part.cursor,
            made=audience_plans.c.made + len(part.phones),
            excluded=_added(tx, made_from.id, part.excluded) if excluded else audience_plans.c.excluded,
            done_at=db_now() if part.last else None,
        )
    ).rowcount
    if taken != 1:
        return None
    _adopt(tx, alert.id, made_from.channel, own)
    rest = [(number, phone) for number, phone in part.phones if phone not in own]
    made = [
        make_batch(tx, alert.id, made_from.channel, lane, priority=made_from.priority)
        for _ in range(0, len(rest), size)
    ]
    rows = [{"phone": number, "batch": made[at // size], "address": phone} for at, (number, phone) in enumerate(rest)]
    if rows:
        of = {"of_alert": alert.id, "of_message": made_from.message_id, "of_channel": made_from.channel}
        tx.execute(_make(tx.dialect.name), packed(rows) | of)
    return made


def take_recipients(tx: Connection, alert: AlertRow, made_from: Plan, lane: str) -> tuple[list[int], bool] | None:
    """The same for a plan of recipients, which reads the batches of the earlier alerts: the new batches, and whether it was the last.

    Its `expected` grows with what is found: nobody is missing from it who got the earlier text.
    """
    channel = made_from.channel
    read = recipients.earlier_batches(tx, channel, made_from.recipients_of, made_from.cursor)
    taken = tx.execute(
        update(audience_plans)
        .where(audience_plans.c.id == made_from.id, audience_plans.c.cursor == made_from.cursor)
        .where(audience_plans.c.done_at.is_(None))
        .values(cursor=read[-1] if read else made_from.cursor, done_at=None if read else db_now())
    ).rowcount
    if taken != 1:
        return None
    said = recipients.spoken(tx, made_from.recipients_of)
    mine = said - set(made_from.not_languages) if made_from.languages is None else set(made_from.languages)
    made, number = [], 0
    for earlier in read:
        number += recipients.adopt_staff(tx, alert.id, channel, earlier, mine)
        batch_id = make_batch(tx, alert.id, channel, lane, priority=made_from.priority)
        copied = recipients.copy(tx, alert.id, made_from.message_id, earlier, batch_id, mine)
        if copied:
            made.append(batch_id)
        else:
            tx.execute(delete(batches).where(batches.c.id == batch_id))
        number += copied
    grown = {"made": audience_plans.c.made + number}
    tx.execute(update(audience_plans).where(audience_plans.c.id == made_from.id).values(**grown))
    if not read:
        tx.execute(
            update(audience_plans).where(audience_plans.c.id == made_from.id).values(expected=audience_plans.c.made)
        )
    return made, not read


def _adopt(tx: Connection, alert_id: str, channel: str, own: Mapping[str, int]) -> None:
    """Staff who are residents too have their text already: it counts as that of the resident whose phone it is."""
    for phone, number in own.items():
        mine = deliveries.c.alert_id == alert_id, deliveries.c.channel == channel, deliveries.c.address == phone
        tx.execute(update(deliveries).where(*mine).values(phone_id=number))


def _added(tx: Connection, plan_id: int, more: Mapping[str, int]) -> dict[str, int]:
    so_far = tx.scalar(select(audience_plans.c.excluded).where(audience_plans.c.id == plan_id)) or {}
    return {reason: so_far.get(reason, 0) + more.get(reason, 0) for reason in {*so_far, *more}}


def make_batch(tx: Connection, alert_id: str, channel: str, lane: str, **more: Any) -> int:
    """A new batch of an alert; returns its number."""
    values = {"alert_id": alert_id, "channel": channel, "lane": lane, "state": _FIRST_BATCH, "created_at": db_now()}
    number = tx.scalar(insert(batches).values(**values, **more).returning(batches.c.id))
    assert number is not None
    return int(number)


def posts(
    tx: Connection, alert: AlertRow, texts: Mapping[int, Message], action: Action, earlier: Sequence[str]
) -> None:
    """The pages or posts of one channel: one delivery per language, of a thread one per part, each after the one before."""
    channel = next(iter(texts.values())).channel
    batch_id = make_batch(tx, alert.id, channel, "urgent")
    for number, message in texts.items():
        follows = _first_post(tx, channel, message.language, earlier) if action is not Action.POST else None
        for part in range(1 if channel == "website" else len(message.parts)):
            values = {
                "alert_id": alert.id,
                "batch_id": batch_id,
                "message_id": number,
                "channel": channel,
                "address": message.language,
                "part": part,
                "action": (action if part == 0 else Action.REPLY) if follows is not None else Action.POST,
                "follows_id": follows,
                "state": _FIRST_DELIVERY,
            }
            follows = tx.scalar(insert(deliveries).values(**values).returning(deliveries.c.id))


def _first_post(tx: Connection, channel: str, language: str, earlier: Sequence[str]) -> int | None:
    """The newest earlier post in this language that this one answers or changes: the head of its thread."""
    return tx.scalar(
        select(deliveries.c.id)
        .where(
            deliveries.c.alert_id.in_(list(earlier)),
            deliveries.c.channel == channel,
            deliveries.c.address == language,
            deliveries.c.part == 0,
        )
        .order_by(deliveries.c.id.desc())
        .limit(1)
    )


def suppress_unsent(tx: Connection, alert_id: str, reason: str) -> bool:
    """What has not been sent of an alert will not be; plans not yet made are closed, what they left counted.

    True when more is left than a short transaction takes: nothing of it leaves, and the sweep goes on with it.
    """
    tx.execute(
        update(audience_plans)
        .where(audience_plans.c.alert_id == alert_id, audience_plans.c.done_at.is_(None))
        .values(done_at=db_now(), closed_because=reason)
    )
    unsent = any_in_batch(deliveries.c.state.in_(sorted(DELIVERY.sources("suppress"))))
    mine = select(batches.c.id).where(batches.c.alert_id == alert_id, batches.c.channel != "website", unsent)
    some = tx.scalars(mine.order_by(batches.c.id).limit(_AT_ONCE)).all()
    suppress(tx, reason, deliveries.c.batch_id.in_(some))
    return len(some) == _AT_ONCE


def all_sent(tx: Connection, alert_id: str) -> bool:
    """True when every plan is made and every batch is done."""
    open_plans = exists().where(audience_plans.c.alert_id == alert_id, audience_plans.c.done_at.is_(None))
    open_batches = exists().where(batches.c.alert_id == alert_id, batches.c.state != BatchState.DONE)
    return not tx.scalar(select(open_plans | open_batches))


def retry(tx: Connection, alert_id: str, channel: str | None) -> tuple[int, list[tuple[int, str]]]:
    """Failed deliveries become pending again, and dead batches too. Returns how many, and the batches to ring."""
    may, state = move("retry")
    mine = [deliveries.c.alert_id == alert_id] + ([deliveries.c.channel == channel] if channel else [])
    touched = set(tx.scalars(select(deliveries.c.batch_id).where(may, *mine).distinct()))
    again = tx.execute(
        update(deliveries)
        .where(may, *mine)
        .values(
            state=state,
            attempts=0,
            not_before=0,
            final_at=None,
            earlier_id=func.coalesce(deliveries.c.provider_id, deliveries.c.earlier_id),
            provider_id=None,
        )
    ).rowcount
    dead = [batches.c.alert_id == alert_id, batches.c.state == BatchState.DEAD]
    touched |= set(tx.scalars(select(batches.c.id).where(*dead, *([batches.c.channel == channel] if channel else []))))
    revive(tx, touched)
    lanes = tx.execute(select(batches.c.id, batches.c.lane).where(batches.c.id.in_(touched)))
    return again, [(row.id, row.lane) for row in lanes]


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

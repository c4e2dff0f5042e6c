"""From an approved alert to rows: slices of a plan's deliveries with their batches, the staff's, and posts."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Insert, String, bindparam, delete, insert, literal, select, update

from broadcaster.domain.lifecycle import BATCH, DELIVERY
from broadcaster.store import recipients
from broadcaster.store.alerts import AlertRow
from broadcaster.store.audience import Slice
from broadcaster.store.plans import Plan
from broadcaster.store.records import packed, records
from broadcaster.store.schema import audience_plans, batches, db_now, deliveries
from channels.base import Action, Message

(_FIRST_BATCH,) = BATCH.initial
(_FIRST_DELIVERY,) = DELIVERY.initial
#: The staff's batch goes before every other of its channel; others have what `rules.priority` says, posts 0.
_FIRST_OF_ALL = -1_000_000


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

"""How the sending of an alert stands, in numbers for people: what is planned, what failed and why, which batches are stuck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from broadcaster.domain.lifecycle import BatchState, DeliveryState
from broadcaster.store.schema import audience_plans, batches, deliveries


@dataclass(frozen=True, slots=True)
class Planned:
    """The audience plans of one channel taken together. `excluded` is by reason."""

    expected: int
    made: int
    excluded: Mapping[str, int]
    done: bool

    @property
    def unmade(self) -> int:
        """Phones for which no delivery has been made yet."""
        return 0 if self.done else max(0, self.expected - self.made - sum(self.excluded.values()))


@dataclass(frozen=True, slots=True)
class Failure:
    """Deliveries of one channel that ended badly for one reason."""

    channel: str
    state: DeliveryState
    code: str
    reason: str
    number: int


def planned(connection: Connection, alert_id: str) -> Mapping[str, Planned]:
    """Channel → what its audience plans say."""
    found: dict[str, Planned] = {}
    for row in connection.execute(select(audience_plans).where(audience_plans.c.alert_id == alert_id)):
        before = found.get(row.channel, Planned(0, 0, {}, True))
        excluded = dict(before.excluded)
        for reason, number in row.excluded.items():
            excluded[reason] = excluded.get(reason, 0) + number
        found[row.channel] = Planned(
            before.expected + row.expected, before.made + row.made, excluded, before.done and row.done_at is not None
        )
    return found


def failures(connection: Connection, alert_id: str) -> Sequence[Failure]:
    """What failed, was held back or stayed unconfirmed, by channel and reason, the most first."""
    bad = (DeliveryState.FAILED, DeliveryState.UNCONFIRMED, DeliveryState.SUPPRESSED)
    number = func.count()
    columns = (deliveries.c.channel, deliveries.c.state, deliveries.c.code, deliveries.c.reason)
    query = (
        select(*columns, number)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(batches.c.alert_id == alert_id, ~batches.c.staff, deliveries.c.state.in_(bad))
        .group_by(*columns)
        .order_by(number.desc(), deliveries.c.reason)
    )
    return [Failure(row[0], DeliveryState(row[1]), *row[2:]) for row in connection.execute(query)]


def unknown(connection: Connection, alert_id: str) -> Mapping[str, int]:
    """Channel → deliveries that may have gone out under a worker that is gone: the provider is being asked."""
    query = (
        select(batches.c.channel, func.count())
        .join(deliveries, deliveries.c.batch_id == batches.c.id)
        .where(batches.c.alert_id == alert_id, deliveries.c.state == DeliveryState.SENDING)
        .where(deliveries.c.epoch < batches.c.epoch)
        .group_by(batches.c.channel)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def stuck(connection: Connection, alert_id: str) -> Mapping[str, str]:
    """Channel → why its batches wait for a person or for the provider; channels whose batches run are left out."""
    query = select(batches.c.channel, batches.c.reason).where(
        batches.c.alert_id == alert_id,
        batches.c.state.in_((BatchState.DEAD, BatchState.HELD, BatchState.PENDING)),
        batches.c.reason != "",
    )
    return {row.channel: row.reason for row in connection.execute(query)}


def urls(connection: Connection, alert_id: str) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Channel → (language or page, address) of what people can look at."""
    # What goes to people one by one has a plan, and is seen by nobody else.
    personal = select(audience_plans.c.channel).where(audience_plans.c.alert_id == alert_id)
    query = (
        select(deliveries.c.channel, deliveries.c.address, deliveries.c.url)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(batches.c.alert_id == alert_id, batches.c.channel.not_in(personal))
        .where(deliveries.c.url != "", deliveries.c.part == 0)
        .order_by(deliveries.c.id)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for channel, address, url in connection.execute(query):
        found.setdefault(channel, []).append((address, url))
    return found


def staff(connection: Connection, alert_id: str) -> Sequence[Row[Any]]:
    """The deliveries to the staff's own phones, all columns."""
    mine = batches.c.alert_id == alert_id, batches.c.staff
    query = select(deliveries).join(batches, batches.c.id == deliveries.c.batch_id).where(*mine)
    return connection.execute(query.order_by(deliveries.c.id)).all()


def channels_in_trouble(connection: Connection) -> frozenset[str]:
    """Channels that have batches nobody works on any more."""
    return frozenset(connection.scalars(select(batches.c.channel).where(batches.c.state == BatchState.DEAD).distinct()))

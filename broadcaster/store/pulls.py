"""How far a carrier's list of messages has been read for an alert: one reader at a time, and whoever comes after goes on there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from broadcaster.store.batches import Lease, milliseconds
from broadcaster.store.quiet import any_due
from broadcaster.store.schema import audience_plans, batches, db_now, deliveries, pulls

#: A list that has been begun so long ago is read anew from its top.
TOO_OLD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pull:
    """The right to read on at `cursor`; `epoch` fences off earlier readers.

    `age` is seconds since the list was begun, `expected` how many of its messages are the alert's.
    """

    id: int
    epoch: int
    since: datetime
    cursor: str
    age: float
    expected: int


def many(connection: Connection, batch: Lease, due: int, least: int) -> bool:
    """True when a list is quicker than looking each up: `least` words are missing, and of one in a hundred of all.

    Judged by one batch, of which `due` words are missing: counting them all would take longer than some lookups.
    """
    size = connection.scalar(select(func.count()).where(deliveries.c.batch_id == batch.batch_id)) or 1
    planned = max(size, _planned(connection, batch.alert_id, batch.channel))
    return due * planned >= max(least, planned // 100) * size


def _planned(connection: Connection, alert_id: str, channel: str) -> int:
    """Deliveries of an alert on one channel, without counting them."""
    mine = (audience_plans.c.alert_id == alert_id, audience_plans.c.channel == channel)
    return int(connection.scalar(select(func.sum(audience_plans.c.made)).where(*mine)) or 0)


def in_hand(connection: Connection, alert_id: str, channel: str) -> frozenset[str]:
    """Carriers whose list is being read, or was left in the middle."""
    mine = (pulls.c.alert_id == alert_id, pulls.c.channel == channel, pulls.c.cursor.is_not(None))
    return frozenset(connection.scalars(select(pulls.c.carrier).where(*mine)))


def take(tx: Connection, alert_id: str, channel: str, carrier: str, seconds: float) -> Pull | None:
    """Become the reader for `seconds`: go on where the list was left, or begin it. None: somebody reads it, or did so just now."""
    mine = (pulls.c.alert_id == alert_id, pulls.c.channel == channel, pulls.c.carrier == carrier)
    first = select(func.min(batches.c.created_at)).where(
        batches.c.alert_id == alert_id, batches.c.channel == channel, any_due()
    )
    since = tx.scalar(first)
    if since is None:
        return None
    fresh = {"since": since, "began_at": db_now(), "cursor": ""}
    lease = {"epoch": pulls.c.epoch + 1, "lease_until": db_now() + milliseconds(seconds)}
    free = (*mine, pulls.c.lease_until <= db_now())
    old = or_(pulls.c.cursor.is_(None), pulls.c.began_at <= db_now() - milliseconds(TOO_OLD.total_seconds()))
    columns = (pulls.c.id, pulls.c.epoch, pulls.c.since, pulls.c.cursor, pulls.c.began_at, db_now().label("now"))
    row = tx.execute(update(pulls).where(*free, old).values(**fresh, **lease).returning(*columns)).one_or_none()
    row = row or tx.execute(update(pulls).where(*free).values(**lease).returning(*columns)).one_or_none()
    if row is None:
        if tx.scalar(select(pulls.c.id).where(*mine)) is not None:
            return None
        names = {"alert_id": alert_id, "channel": channel, "carrier": carrier}
        try:
            with tx.begin_nested():
                made = insert(pulls).values(**names, **fresh, **(lease | {"epoch": 1})).returning(*columns)
                row = tx.execute(made).one()
        except IntegrityError:
            # Another worker was the very first at the same moment.
            return None
    age = (row.now - row.began_at).total_seconds()
    return Pull(row.id, row.epoch, row.since, row.cursor or "", age, _planned(tx, alert_id, channel))


def keep(tx: Connection, held: Pull, cursor: str, seconds: float) -> bool:
    """The list goes on at `cursor`, and the reader has `seconds` more; False when somebody else reads it by now."""
    return _set(tx, held, cursor, milliseconds(seconds))


def finish(tx: Connection, held: Pull, seconds: float) -> bool:
    """The list was read to its end; nobody begins it anew for `seconds`. False as above."""
    return _set(tx, held, None, milliseconds(seconds))


def _set(tx: Connection, held: Pull, cursor: str | None, wait: int) -> bool:
    done = tx.execute(
        update(pulls)
        .where(pulls.c.id == held.id, pulls.c.epoch == held.epoch)
        .values(cursor=cursor, lease_until=db_now() + wait)
    )
    return done.rowcount == 1

"""What became of one delivery's attempt, written down: accepted, given back, failed. Compare-and-set on state and epoch,
so that whoever wakes up late can write down what it knows and harm nothing.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, Integer, String, Update, bindparam, select, update

from broadcaster.store.batches import Lease, milliseconds
from broadcaster.store.moves import move
from broadcaster.store.records import packed, records
from broadcaster.store.schema import attempts, db_now, deliveries

#: SQLite allows 32,766 bound values in a statement; PostgreSQL 65,535. Ids go in slices well below.
SLICE = 500

_MAY_ACCEPT, _ACCEPTED = move("accept")


class Accepted(NamedTuple):
    """A delivery that the provider has taken: its row, the epoch under which it was sent, the provider's id, its address."""

    number: int
    epoch: int
    provider_id: str
    url: str = ""


@cache
def _accept(dialect: str) -> Update:
    taken = records(dialect, number=BigInteger(), epoch=Integer(), provider_id=String(), url=String())
    return (
        update(deliveries)
        .where(deliveries.c.id == taken["number"], _MAY_ACCEPT, deliveries.c.epoch == taken["epoch"])
        .values(
            state=_ACCEPTED,
            provider_id=taken["provider_id"],
            url=taken["url"],
            accepted_at=db_now(),
            not_before=db_now() + bindparam("pull_after", type_=BigInteger),
            reason="",
            code="",
        )
    )


def accept(tx: Connection, rows: Sequence[Accepted], pull_after: float) -> None:
    """The provider has these. `not_before` now says when to ask what became of them."""
    given = packed([row._asdict() for row in rows])
    tx.execute(_accept(tx.dialect.name), given | {"pull_after": milliseconds(pull_after)})


def carried_by(tx: Connection, number: int, carrier: str) -> None:
    """Note who turned out to have taken a delivery of which that was not known."""
    tx.execute(update(deliveries).where(deliveries.c.id == number).values(provider=carrier))


def give_back(
    tx: Connection,
    ids: Sequence[int],
    epoch: int,
    wait: float = 0.0,
    reason: str = "",
    code: str = "",
    free: bool = False,
) -> None:
    """It did not go out: pending again after `wait` seconds. `free` gives the attempt back as well."""
    where, state = move("give_back")
    for part in _slices(ids):
        tx.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(part), where, deliveries.c.epoch == epoch)
            .values(
                state=state,
                not_before=db_now() + milliseconds(wait),
                reason=reason[:200],
                code=code[:32],
                attempts=deliveries.c.attempts - (1 if free else 0),
            )
        )


def take_back(tx: Connection, held: Lease) -> None:
    """Rows left sending by an earlier owner, where sending twice does no harm: pending again."""
    where, state = move("give_back")
    mine = (deliveries.c.batch_id == held.batch_id, deliveries.c.epoch < held.epoch)
    tx.execute(update(deliveries).where(where, *mine).values(state=state))


def fail(tx: Connection, delivery_id: int, epoch: int, reason: str, code: str) -> None:
    """Final: this one will not arrive, for `reason`."""
    where, state = move("fail")
    tx.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, where, deliveries.c.epoch == epoch)
        .values(state=state, reason=reason[:200], code=code[:32], final_at=db_now())
    )


def note_attempt(tx: Connection, delivery_id: int, outcome: str, code: str, reason: str) -> None:
    """Remember an attempt that did not simply succeed."""
    tx.execute(
        attempts.insert().values(
            delivery_id=delivery_id, at=db_now(), outcome=outcome, code=code[:32], reason=reason[:200]
        )
    )


def attempts_of(tx: Connection, delivery_id: int) -> int:
    """How often this delivery was tried."""
    return int(tx.scalar(select(deliveries.c.attempts).where(deliveries.c.id == delivery_id)) or 0)


def _slices(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + SLICE] for start in range(0, len(ids), SLICE))

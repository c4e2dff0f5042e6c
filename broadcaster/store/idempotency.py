"""Answers kept for requests that are repeated: the first one with a key does the work, the others get its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from broadcaster.domain.errors import Conflict
from broadcaster.store.batches import milliseconds
from broadcaster.store.schema import db_now, idempotency_keys

#: Seconds after which a request that never answered counts as dead; longer than any request may take.
DEAD_AFTER = 60.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a key. `mine`: do the work (`again`: somebody began and died). Neither mine nor answered: wait."""

    mine: bool = False
    again: bool = False
    status: int | None = None
    answer: Mapping[str, Any] | None = None


def claim(tx: Connection, owner: str, key: str, fingerprint: str) -> Claim:
    """Take a key for a request, or learn what became of it. Conflict when it was used for another request."""
    where = idempotency_keys.c.owner == owner, idempotency_keys.c.key == key
    try:
        with tx.begin_nested():
            values = {"owner": owner, "key": key, "fingerprint": fingerprint, "created_at": db_now()}
            tx.execute(idempotency_keys.insert().values(**values))
        return Claim(mine=True)
    except IntegrityError:
        row = tx.execute(select(idempotency_keys).where(*where)).one_or_none()
    if row is None:
        return Claim()
    if row.fingerprint != fingerprint:
        raise Conflict("this Idempotency-Key was used for another request; use a new one")
    if row.status is not None:
        return Claim(status=row.status, answer=row.answer)
    dead = idempotency_keys.c.status.is_(None), idempotency_keys.c.created_at <= db_now() - milliseconds(DEAD_AFTER)
    taken = tx.execute(update(idempotency_keys).where(*where, *dead).values(created_at=db_now())).rowcount
    return Claim(mine=taken == 1, again=True)


def keep(tx: Connection, owner: str, key: str, status: int, answer: Mapping[str, Any]) -> None:
    """Remember the answer to the request of a key."""
    where = idempotency_keys.c.owner == owner, idempotency_keys.c.key == key
    tx.execute(update(idempotency_keys).where(*where).values(status=status, answer=dict(answer)))


def forget(tx: Connection, owner: str, key: str) -> None:
    """Nothing was done under this key; it may be used again."""
    where = idempotency_keys.c.owner == owner, idempotency_keys.c.key == key
    tx.execute(delete(idempotency_keys).where(*where, idempotency_keys.c.status.is_(None)))


def forget_before(tx: Connection, before: datetime) -> int:
    """Drop answers that nobody will ask for again; returns how many."""
    return tx.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < before)).rowcount

"""Queries about texts to approvers: whom one was due to, whether it left, and the code that its answer may carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.exc import IntegrityError

from broadcaster.domain.lifecycle import AlertState
from broadcaster.store.schema import alerts, calls

#: Somebody took it and has not said how it ended: after so long another may.
TAKEN_FOR = timedelta(seconds=60)
#: How often one text is tried.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Call:
    """One text to one approver: the columns of the table."""

    id: str
    alert_id: str
    content_hash: str
    user_id: str
    phone: str
    round: int
    phones: int
    due_at: datetime
    taken_at: datetime | None
    sent_at: datetime | None
    tries: int
    problem: str | None
    code_hash: str | None
    code_until: datetime | None
    guesses: int
    answer_id: str | None


_ALL = [calls.c[name] for name in Call.__dataclass_fields__]


def add(tx: Connection, values: Mapping[str, object]) -> bool:
    """Note that somebody is to be called; False when they are already, about this very wording."""
    try:
        with tx.begin_nested():
            tx.execute(calls.insert().values(dict(values)))
    except IntegrityError:
        return False
    return True


def of_alert(connection: Connection, alert_id: str, content_hash: str) -> Sequence[Call]:
    """Who has been called about this wording, in order."""
    query = select(*_ALL).where(calls.c.alert_id == alert_id, calls.c.content_hash == content_hash)
    return [
        Call(**row._mapping) for row in connection.execute(query.order_by(calls.c.round, calls.c.due_at, calls.c.id))
    ]


def waiting(connection: Connection, now: datetime) -> Sequence[str]:
    """Ids of texts that should leave and that nobody is at."""
    free = or_(calls.c.taken_at.is_(None), calls.c.taken_at < now - TAKEN_FOR)
    still = alerts.c.state == AlertState.PENDING_APPROVAL, alerts.c.content_hash == calls.c.content_hash
    query = select(calls.c.id).join(alerts, alerts.c.id == calls.c.alert_id).where(*still)
    open_ones = calls.c.sent_at.is_(None), calls.c.due_at <= now, calls.c.tries < TRIES, free
    return list(connection.scalars(query.where(*open_ones).order_by(calls.c.due_at).limit(50)))


def take(tx: Connection, call_id: str, now: datetime) -> Call | None:
    """Take one on; None when it has left, or somebody else is at it, or nobody waits for it any more."""
    free = or_(calls.c.taken_at.is_(None), calls.c.taken_at < now - TAKEN_FOR)
    mine = calls.c.id == call_id, calls.c.sent_at.is_(None), calls.c.tries < TRIES, free
    taken = update(calls).where(*mine).values(taken_at=now, tries=calls.c.tries + 1)
    if tx.execute(taken).rowcount != 1:
        return None
    return Call(**tx.execute(select(*_ALL).where(calls.c.id == call_id)).one()._mapping)


def done(tx: Connection, call_id: str, values: Mapping[str, object]) -> None:
    """How it ended."""
    tx.execute(update(calls).where(calls.c.id == call_id).values(dict(values)))


def answered(connection: Connection, answer_id: str) -> Call | None:
    """The call that this text of an approver has answered before."""
    row = connection.execute(select(*_ALL).where(calls.c.answer_id == answer_id).limit(1)).one_or_none()
    return Call(**row._mapping) if row else None


def with_code(connection: Connection, phone: str, now: datetime) -> Sequence[Call]:
    """Calls to this number whose code still holds, newest first."""
    holds = calls.c.phone == phone, calls.c.code_hash.is_not(None), calls.c.code_until > now
    query = select(*_ALL).where(*holds).order_by(calls.c.due_at.desc(), calls.c.id)
    return [Call(**row._mapping) for row in connection.execute(query)]


def guess(tx: Connection, phone: str, now: datetime, most: int) -> frozenset[str]:
    """Count one guess against every code that this number holds; returns the calls that might be guessed at, this time included."""
    holds = calls.c.phone == phone, calls.c.code_hash.is_not(None), calls.c.code_until > now
    fresh = calls.c.guesses < most, calls.c.answer_id.is_(None)
    counted = update(calls).where(*holds, *fresh).values(guesses=calls.c.guesses + 1).returning(calls.c.id)
    return frozenset(tx.scalars(counted))


def spend(tx: Connection, call_id: str, answer_id: str) -> bool:
    """The code is used, by this text; False when another text was first."""
    fresh = calls.c.id == call_id, calls.c.answer_id.is_(None)
    return tx.execute(update(calls).where(*fresh).values(answer_id=answer_id)).rowcount == 1

"""Texts that residents sent us, who said stop, and what still waits for a person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, delete, func, insert, or_, select, text, update

from broadcaster.store.schema import inbound, opt_outs

#: Kinds of text that a person looks at; stop and start are done with when they came.
FOR_PEOPLE = ("text", "help")


@dataclass(frozen=True, slots=True)
class Received:
    """One text. `danger`: it has a word of life and death; `reply` is the answer that went out by itself, or ""."""

    token: str
    channel: str
    phone: str
    text: str
    language: str
    kind: str
    danger: bool
    reply: str
    received_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None

    @property
    def pinned(self) -> bool:
        """On top of every list until a named person has seen it."""
        return self.danger and self.acknowledged_at is None


_COLUMNS = tuple(inbound.c[name] for name in Received.__dataclass_fields__)


def queue_up(tx: Connection, phone: str) -> None:
    """Let texts of one phone be taken in one after the other (SQLite has one writer anyway)."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:phone))"), {"phone": f"inbound:{phone}"})


def by_provider_id(connection: Connection, provider_id: str) -> Received | None:
    """The text that the provider knows by this id."""
    row = connection.execute(select(*_COLUMNS).where(inbound.c.provider_id == provider_id)).one_or_none()
    return Received(*row) if row else None


def by_token(connection: Connection, token: str) -> Received | None:
    """The text that our own pages know by this token."""
    row = connection.execute(select(*_COLUMNS).where(inbound.c.token == token)).one_or_none()
    return Received(*row) if row else None


def keep(tx: Connection, provider_id: str, received: Received) -> None:
    """Store a new text."""
    values = {name: getattr(received, name) for name in Received.__dataclass_fields__}
    tx.execute(insert(inbound).values(provider_id=provider_id, **values))


def answered_since(connection: Connection, phone: str, reply: str, since: datetime) -> bool:
    """True when this phone got this answer by itself after `since`."""
    query = select(func.count()).select_from(inbound)
    query = query.where(inbound.c.phone == phone, inbound.c.reply == reply, inbound.c.received_at > since)
    return bool(connection.scalar(query))


def waiting(connection: Connection, limit: int = 100, offset: int = 0) -> list[Received]:
    """Texts for people: pinned ones first, then unanswered, both longest-waiting first; then answered, latest first."""
    pinned = and_(inbound.c.danger, inbound.c.acknowledged_at.is_(None))
    answered = inbound.c.answered_at.is_not(None)
    rank = case((pinned, 0), (~answered, 1), else_=2)
    still_open = case((or_(pinned, ~answered), inbound.c.received_at))
    order = rank, still_open, inbound.c.received_at.desc(), inbound.c.id
    query = select(*_COLUMNS).where(inbound.c.kind.in_(FOR_PEOPLE)).order_by(*order)
    return [Received(*row) for row in connection.execute(query.limit(limit).offset(offset))]


def open_numbers(connection: Connection) -> tuple[int, int]:
    """How many texts are pinned, and how many are unanswered (pinned ones among them)."""
    pinned = func.count(case((and_(inbound.c.danger, inbound.c.acknowledged_at.is_(None)), 1)))
    unanswered = func.count(case((inbound.c.answered_at.is_(None), 1)))
    row = connection.execute(select(pinned, unanswered).where(inbound.c.kind.in_(FOR_PEOPLE))).one()
    return row[0], row[1]


def acknowledge(tx: Connection, token: str, person: str, now: datetime) -> bool:
    """Note who has seen it first; False when somebody had before."""
    mine = update(inbound).where(inbound.c.token == token, inbound.c.acknowledged_at.is_(None))
    return tx.execute(mine.values(acknowledged_at=now, acknowledged_by=person)).rowcount == 1


def mark_answered(tx: Connection, token: str, person: str, now: datetime) -> bool:
    """Note who has dealt with it; False when somebody had before."""
    mine = update(inbound).where(inbound.c.token == token, inbound.c.answered_at.is_(None))
    return tx.execute(mine.values(answered_at=now, answered_by=person)).rowcount == 1


def opt_out(tx: Connection, phone: str, lanes: Iterable[str], source: str, now: datetime) -> None:
    """No more texts to this phone on these lanes; the first time counts."""
    known = opted_out(tx, phone)
    rows = [{"phone": phone, "lane": lane, "at": now, "source": source} for lane in lanes if lane not in known]
    if rows:
        tx.execute(insert(opt_outs), rows)


def opt_in(tx: Connection, phone: str, lanes: Sequence[str]) -> None:
    """Texts to this phone again."""
    tx.execute(delete(opt_outs).where(opt_outs.c.phone == phone, opt_outs.c.lane.in_(lanes)))


def opted_out(connection: Connection, phone: str) -> set[str]:
    """The lanes that this phone does not want."""
    return set(connection.scalars(select(opt_outs.c.lane).where(opt_outs.c.phone == phone)))

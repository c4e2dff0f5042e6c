"""Queries about borrowed approvers: what each may approve, and since when two people have said so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from broadcaster.domain.errors import Conflict, NotFound
from broadcaster.domain.standing_orders import Scope
from broadcaster.store.schema import loans


@dataclass(frozen=True, slots=True)
class Loan:
    """A borrowed approver: the columns of the table."""

    id: str
    user_id: str
    post: str
    house: str
    kinds: tuple[str, ...]
    zones: tuple[str, ...]
    from_at: datetime
    until_at: datetime
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """True while it counts: two people have said so, its time is now, and nobody has ended it."""
        return self.confirmed_at is not None and self.ended_at is None and self.from_at <= now < self.until_at

    @property
    def scope(self) -> Scope:
        """What it lets its person approve."""
        return Scope(frozenset(self.kinds), frozenset(self.zones))


def _loans(connection: Connection, *where: object) -> Sequence[Loan]:
    query = select(*(loans.c[name] for name in Loan.__dataclass_fields__)).order_by(loans.c.proposed_at, loans.c.id)
    found = connection.execute(query.where(*where))  # type: ignore[arg-type]
    return [Loan(**dict(row._mapping) | {"kinds": tuple(row.kinds), "zones": tuple(row.zones)}) for row in found]


def listing(connection: Connection, since: datetime) -> Sequence[Loan]:
    """All that have not ended before `since`, those that wait for a second person too."""
    return _loans(connection, loans.c.ended_at.is_(None), loans.c.until_at > since)


def of(connection: Connection, user_id: str, now: datetime) -> Sequence[Loan]:
    """Those that this person holds now."""
    mine = _loans(connection, loans.c.user_id == user_id, loans.c.ended_at.is_(None), loans.c.until_at > now)
    return [each for each in mine if each.holds(now)]


def get(connection: Connection, loan_id: str) -> Loan:
    """The loan; NotFound."""
    found = _loans(connection, loans.c.id == loan_id)
    if not found:
        raise NotFound("there is no such borrowed approver")
    return found[0]


def add(tx: Connection, values: Mapping[str, object]) -> None:
    """Store a loan that somebody proposes."""
    tx.execute(loans.insert().values(dict(values)))


def confirm(tx: Connection, loan_id: str, by: str, now: datetime) -> None:
    """The second person's word. Conflict when it has one already, or was ended."""
    waits = loans.c.id == loan_id, loans.c.confirmed_at.is_(None), loans.c.ended_at.is_(None)
    if tx.execute(update(loans).where(*waits).values(confirmed_by=by, confirmed_at=now)).rowcount != 1:
        raise Conflict("this borrowed approver no longer waits for a second person")


def end(tx: Connection, loan_id: str, by: str, now: datetime) -> None:
    """From now on it counts for nothing. Conflict when it was ended before."""
    open_one = loans.c.id == loan_id, loans.c.ended_at.is_(None)
    if tx.execute(update(loans).where(*open_one).values(ended_by=by, ended_at=now)).rowcount != 1:
        raise Conflict("this was ended before")

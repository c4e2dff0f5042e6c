"""Who said stop, by number and lane: it outlives every import of residents."""

from sqlalchemy import Connection, delete, select

from broadcaster.store.schema import db_now, opt_outs


def add(tx: Connection, phone: str, lane: str, source: str) -> None:
    """Nothing more of `lane` goes to this phone; the first time and source are kept."""
    known = select(opt_outs.c.phone).where(opt_outs.c.phone == phone, opt_outs.c.lane == lane)
    if tx.scalar(known) is None:
        tx.execute(opt_outs.insert().values(phone=phone, lane=lane, at=db_now(), source=source))


def remove(tx: Connection, phone: str, lane: str) -> None:
    """The phone takes part in `lane` again."""
    tx.execute(delete(opt_outs).where(opt_outs.c.phone == phone, opt_outs.c.lane == lane))


def lanes(connection: Connection, phone: str) -> frozenset[str]:
    """The lanes from which this phone has been taken off."""
    return frozenset(connection.scalars(select(opt_outs.c.lane).where(opt_outs.c.phone == phone)))

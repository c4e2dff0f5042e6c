"""Texts to people of the house at their own number: how many there were lately, and the code that waits to be typed."""

from datetime import datetime

from sqlalchemy import Connection, func, or_, select, update

from broadcaster.store.schema import own_texts

CODE, TRY = "code", "try"


def since(connection: Connection, kind: str, user_id: str, phone: str, moment: datetime) -> int:
    """Texts of a kind to this person, or to this number for whomever, since `moment`."""
    mine = or_(own_texts.c.user_id == user_id, own_texts.c.phone == phone)
    query = select(func.count()).where(own_texts.c.kind == kind, mine, own_texts.c.at > moment)
    return connection.scalar(query) or 0


def add(tx: Connection, kind: str, user_id: str, phone: str, now: datetime, hashed: str | None = None) -> None:
    """Count a text that is about to be sent; of a code its hash, which takes the place of any earlier one."""
    if kind == CODE:
        spend(tx, user_id)
    tx.execute(own_texts.insert().values(user_id=user_id, kind=kind, phone=phone, at=now, hash=hashed))


def guess(tx: Connection, user_id: str, phone: str, after: datetime, tries: int) -> str | None:
    """The hash of the code that this person may guess at now, one guess counted; None when there is none, or none left."""
    mine = own_texts.c.user_id == user_id, own_texts.c.kind == CODE, own_texts.c.hash.is_not(None)
    fresh = own_texts.c.phone == phone, own_texts.c.at > after, own_texts.c.tries < tries
    found: str | None = tx.scalar(
        update(own_texts).where(*mine, *fresh).values(tries=own_texts.c.tries + 1).returning(own_texts.c.hash)
    )
    return found


def spend(tx: Connection, user_id: str) -> None:
    """No code of this person holds any longer."""
    tx.execute(update(own_texts).where(own_texts.c.user_id == user_id, own_texts.c.kind == CODE).values(hash=None))


def forget_before(tx: Connection, moment: datetime) -> None:
    """Texts that count for nothing any more."""
    tx.execute(own_texts.delete().where(own_texts.c.at < moment))

"""The journal for those who ask later: hand it out, prove it whole, and make one person's data in it unreadable."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, delete, select

from broadcaster.domain.alert import plain
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.store import journal as journal_store
from broadcaster.store.schema import journal, journal_keys


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry of a chain that does not hold, and why."""

    chain: str
    seq: int
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`heads` is the last hash of each whole chain: write them down elsewhere, and a cut-off end will show as well."""

    entries: int
    heads: dict[str, str]
    breaks: tuple[Break, ...]


def export(rt: Runtime, chain: str = "") -> Iterator[dict[str, Any]]:
    """All entries in order, of one chain or of all, as JSON-ready mappings."""
    query = select(journal).order_by(journal.c.chain, journal.c.seq)
    if chain:
        query = query.where(journal.c.chain == chain)
    with rt.db.read() as connection:
        for row in connection.execution_options(yield_per=500).execute(query):
            entry = plain({key: value for key, value in row._mapping.items() if key != "id"})
            assert isinstance(entry, dict)
            yield entry


def verify(rt: Runtime) -> Verdict:
    """Recompute every hash of every chain."""
    heads: dict[str, str] = {}
    breaks: dict[str, Break] = {}
    last: dict[str, int] = {}
    entries = 0
    with rt.db.read() as connection:
        rows = connection.execution_options(yield_per=500).execute(
            select(journal).order_by(journal.c.chain, journal.c.seq)
        )
        for row in rows:
            entries += 1
            if row.chain in breaks:
                continue
            why = _wrong(row, last.get(row.chain, 0), heads.get(row.chain, journal_store.START))
            if why:
                breaks[row.chain] = Break(row.chain, row.seq, why)
                heads.pop(row.chain, None)
            else:
                heads[row.chain], last[row.chain] = row.hash, row.seq
    return Verdict(entries, heads, tuple(breaks.values()))


def _wrong(row: Any, last: int, head: str) -> str:
    if row.seq != last + 1:
        return f"entry {last + 1} is missing"
    if row.previous != head:
        return "it does not follow from the entry before"
    entry = {key: value for key, value in row._mapping.items() if key not in ("id", "hash")}
    if journal_store.entry_hash(entry) != row.hash:
        return "its content was changed"
    return ""


def seal(tx: Connection, subject: str, text: str, now: datetime) -> str:
    """Personal data for a journal entry: ciphertext under a key that belongs to one person alone.

    `subject` names the person without saying who it is (a row's number, a keyed digest; never a bare phone number).
    """
    key = tx.scalar(select(journal_keys.c.key).where(journal_keys.c.subject == subject))
    if key is None:
        key = Fernet.generate_key()
        tx.execute(journal_keys.insert().values(subject=subject, key=key, created_at=now))
    return Fernet(key).encrypt(text.encode()).decode()


def unseal(connection: Connection, subject: str, sealed: str) -> str | None:
    """The text again; None once the key is destroyed."""
    key = connection.scalar(select(journal_keys.c.key).where(journal_keys.c.subject == subject))
    if key is None:
        return None
    try:
        return Fernet(key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def erase(rt: Runtime, subject: str, actor: Actor, grounds: str, now: datetime) -> bool:
    """Destroy a person's key: what is sealed under it is gone, and the chain still verifies. False when there was none."""
    actor.must(Role.ADMIN, "erase personal data")
    with rt.db.write() as tx:
        gone = tx.execute(delete(journal_keys).where(journal_keys.c.subject == subject)).rowcount == 1
        if gone:
            body = {"subject": subject}
            journal_store.append(tx, journal_store.SYSTEM_CHAIN, actor, "redact", now, grounds=grounds, body=body)
    return gone

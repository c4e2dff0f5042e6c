"""Append to the journal: one hash chain per incident, so that what was decided cannot be changed unseen afterwards."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select, text

from broadcaster.domain.alert import plain
from broadcaster.domain.rules import Actor
from broadcaster.store.schema import journal

#: The chain for what belongs to no incident: people, keys, settings, imports.
SYSTEM_CHAIN = "system"
#: `previous` of a chain's first entry.
START = "0" * 64


def append(
    tx: Connection,
    chain: str,
    actor: Actor,
    action: str,
    at: datetime,
    *,
    alert_id: str | None = None,
    grounds: str = "",
    body: Mapping[str, object] | None = None,
) -> str:
    """Add one entry in the caller's transaction and return its hash. `body` never holds personal data in the clear."""
    if tx.dialect.name == "postgresql":
        # SQLite has one writer; here two could read the same end of a chain.
        tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:chain))"), {"chain": f"journal:{chain}"})
    last = tx.execute(
        select(journal.c.seq, journal.c.hash).where(journal.c.chain == chain).order_by(journal.c.seq.desc()).limit(1)
    ).one_or_none()
    entry: dict[str, object] = {
        "chain": chain,
        "seq": last.seq + 1 if last else 1,
        "at": at.replace(microsecond=at.microsecond // 1000 * 1000),
        "actor": actor.id,
        "actor_name": actor.name,
        "action": action,
        "alert_id": alert_id,
        "grounds": grounds,
        "body": plain(body or {}),
        "previous": last.hash if last else START,
    }
    digest = entry_hash(entry)
    tx.execute(journal.insert().values(**entry, hash=digest))
    return digest


def entry_hash(entry: Mapping[str, object]) -> str:
    """SHA-256 (hex) over the entry's canonical JSON, all columns but `id` and `hash`."""
    canonical = json.dumps(plain(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()

"""Tables of the journal: one hash chain per incident, and the keys whose destruction makes personal data unreadable."""

from sqlalchemy import JSON, Column, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from broadcaster.store.schema.base import Counter, Moment, metadata

journal = Table(
    "journal",
    metadata,
    Column("id", Counter, primary_key=True),
    # The incident's name, or "system" for what belongs to none.
    Column("chain", String(64), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(120), nullable=False),
    Column("action", String(48), nullable=False),
    Column("alert_id", String(32)),
    Column("grounds", Text, nullable=False, default=""),
    Column("body", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("chain", "seq"),
)

journal_keys = Table(
    "journal_keys",
    metadata,
    Column("subject", String(64), primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

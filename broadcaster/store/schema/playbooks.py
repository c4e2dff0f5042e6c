"""Tables of playbooks: versions and who approved them, runs, and what became of each step."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from broadcaster.store.schema.base import Counter, Moment, metadata

#: A version is a file and every text that it uses; `hash` is over both, `text` is the file.
playbook_versions = Table(
    "playbook_versions",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("name", "hash"),
)

playbook_approvals = Table(
    "playbook_approvals",
    metadata,
    Column("version_id", ForeignKey("playbook_versions.id"), primary_key=True),
    Column("approver", String(64), primary_key=True),
    Column("approver_name", String(120), nullable=False),
    Column("at", Moment, nullable=False),
)

playbook_runs = Table(
    "playbook_runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("version_id", ForeignKey("playbook_versions.id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("incident", String(64), nullable=False),
    # As they were given, and as they were read: relative times do not move later.
    Column("parameters", JSON, nullable=False),
    Column("filled", JSON, nullable=False),
    # The caller's key, one of our own where there was none; `fingerprint` is of everything that was asked for.
    Column("idempotency_key", String(128), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("actor", JSON, nullable=False),
    # On what grounds its alerts may go without a further person; empty: they wait for one.
    Column("grounds", Text, nullable=False, default=""),
    Column("state", String(8), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    # Until then somebody moves it; by the database's clock.
    Column("lease_until", Moment, nullable=False, default=0),
    Column("worker", String(120), nullable=False, default=""),
    Column("finished_at", Moment),
    UniqueConstraint("name", "idempotency_key"),
    Index("ix_playbook_runs_open", "state", "due_at"),
)

playbook_steps = Table(
    "playbook_steps",
    metadata,
    Column("run_id", ForeignKey("playbook_runs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    Column("alert_id", ForeignKey("alerts.id"), unique=True),
    # Its `after` has begun to count.
    Column("due_at", Moment),
    Column("reason", Text, nullable=False, default=""),
    Column("moved_at", Moment, nullable=False),
)

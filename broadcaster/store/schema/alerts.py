"""Tables of what was written and decided: incidents, alerts, their frozen messages, and open instructions."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from broadcaster.store.schema.base import Counter, Moment, metadata

incidents = Table(
    "incidents",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("hashtag", String(64), nullable=False, default=""),
    Column("live", Boolean, nullable=False),
    # Who answers for it now; handovers move it.
    Column("owner", String(64), nullable=False, default="", server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("identifier", String(64), nullable=False, unique=True),
    Column("token", String(8), nullable=False, unique=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("kind", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("msg_type", String(16), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    # Raised by every edit: an edit names the version that it was made from, so that two people cannot overwrite each other.
    Column("version", Integer, nullable=False, default=1),
    Column("draft", JSON, nullable=False),
    Column("document", JSON),
    Column("content_hash", String(64)),
    # The correction that was approved with it: its wording, the texts as the approver saw them, and the templates' hash.
    Column("correction", JSON),
    Column("audience", JSON),
    # What the warning check said and why it was accepted; gone with every edit.
    Column("warnings", JSON),
    Column("editors", JSON, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    # Who answers for its promises and clocks now: whoever wrote, then submitted it, until a handover gives it on.
    Column("owner", String(64), nullable=False, default="", server_default=""),
    Column("submitted_by", String(64)),
    Column("submitted_at", Moment),
    Column("approved_by", String(64)),
    Column("approved_at", Moment),
    Column("decision_reason", Text),
    Column("expires_at", Moment),
    Column("next_update_at", Moment),
    # When somebody last said in public that nothing has changed since; `next_update_at` is the promise that was made then.
    Column("no_change_at", Moment),
    Column("stop_at", Moment),
    Column("stopped_by", String(64)),
    Column("sent_all_at", Moment),
    Column("completed_at", Moment),
    # Set when a frozen correction or playbook wrote it; what it was written from.
    Column("parent_id", ForeignKey("alerts.id"), index=True),
    Column("origin", String(120), nullable=False, default="console"),
)

alert_references = Table(
    "alert_references",
    metadata,
    Column("alert_id", ForeignKey("alerts.id"), primary_key=True),
    Column("refers_to", ForeignKey("alerts.id"), primary_key=True, index=True),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("language", String(16), nullable=False),
    Column("parts", JSON, nullable=False),
    Column("title", Text, nullable=False, default=""),
    Column("link", Text, nullable=False, default=""),
    Column("units", JSON, nullable=False),
    Column("encoding", String(16), nullable=False, default=""),
    Column("notes", JSON, nullable=False),
    UniqueConstraint("alert_id", "channel", "language"),
)

#: That an alert with open instructions is about to run out was said to whoever answers for it: each warning once.
expiry_warnings = Table(
    "expiry_warnings",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False),
    # 60, 30 or 10 minutes before its end.
    Column("minutes", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("owner", String(64), nullable=False),
    # Who got a text; empty: nobody, for `problem`.
    Column("told", String(64), nullable=False, default="", server_default=""),
    Column("problem", String(200), nullable=False, default="", server_default=""),
    UniqueConstraint("alert_id", "minutes"),
)

instructions = Table(
    "instructions",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("level", Integer, nullable=False),
    Column("words", JSON, nullable=False),
    Column("opened_by", ForeignKey("alerts.id"), nullable=False),
    Column("opened_at", Moment, nullable=False),
    # The latest alert that repeated it, and when that one runs out; past it the page says "not renewed", never "safe".
    Column("renewed_by", ForeignKey("alerts.id"), nullable=False),
    Column("expires_at", Moment),
    Column("lifted_by", ForeignKey("alerts.id")),
    Column("lifted_at", Moment),
    Index("ix_instructions_open", "incident_id", "zone", "key", "lifted_at"),
)

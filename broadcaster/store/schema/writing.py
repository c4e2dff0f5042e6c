"""Tables of what is being written: forms as somebody left them, half filled or not, and the drafts that an alert has been."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table

from broadcaster.store.schema.base import Moment, metadata

#: One row per form that somebody has begun. It belongs to that person alone until it is saved as an alert.
writings = Table(
    "writings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    # The alert that it edits, or that was made from it: a form that arrives twice makes one alert.
    Column("alert_id", ForeignKey("alerts.id"), index=True),
    # The number of the form that is shown now; undo and redo move it.
    Column("shown", Integer, nullable=False, default=0),
    # True while it holds what no alert has.
    Column("unfinished", Boolean, nullable=False, default=True),
    # The page that saved it last, and the version of the alert that came of it.
    Column("saved_tab", String(32), nullable=False, default=""),
    Column("saved_version", Integer, nullable=False, default=0),
    Column("kept_at", Moment, nullable=False),
    Index("ix_writings_user", "user_id", "unfinished", "kept_at"),
)

#: What the form held each time it was kept, as names and values; `tab` is the opened page that sent it.
writing_versions = Table(
    "writing_versions",
    metadata,
    Column("writing_id", ForeignKey("writings.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("tab", String(32), nullable=False),
    Column("form", JSON, nullable=False),
    Column("kept_at", Moment, nullable=False),
)

#: The draft of an alert at each of its versions: who changed what and when, and the way back.
alert_versions = Table(
    "alert_versions",
    metadata,
    Column("alert_id", ForeignKey("alerts.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("draft", JSON, nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", Moment, nullable=False),
)

"""Tables of who decides at night: the duty roster, borrowed approvers, calls to approvers, and what is still to be countersigned."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from broadcaster.store.schema.base import Moment, metadata

#: Who is on duty when. A row gives no rights: whoever is on it must be able to approve already.
duty = Table(
    "duty",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    # What they are that night, in words: "duty officer", "head of preparedness".
    Column("post", String(80), nullable=False),
    Column("from_at", Moment, nullable=False),
    Column("until_at", Moment, nullable=False, index=True),
    # Called when this person does not answer.
    Column("backup_id", ForeignKey("users.id")),
    Column("added_by", String(64), nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("removed_by", String(64)),
    Column("removed_at", Moment),
)

#: Approvers that another house lends: an account that may approve these kinds in these zones, for so long. Two people add one.
loans = Table(
    "loans",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    # One of domain/standing_orders.POSTS, and whose.
    Column("post", String(32), nullable=False),
    Column("house", String(120), nullable=False),
    Column("kinds", JSON, nullable=False),
    Column("zones", JSON, nullable=False),
    Column("from_at", Moment, nullable=False),
    Column("until_at", Moment, nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_at", Moment, nullable=False),
    # NULL: counts for nothing yet.
    Column("confirmed_by", String(64)),
    Column("confirmed_at", Moment),
    Column("ended_by", String(64)),
    Column("ended_at", Moment),
)

#: One text to one approver about one submitted wording.
calls = Table(
    "calls",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    # The number as it was proved then; an answer counts from this one only.
    Column("phone", String(16), nullable=False, index=True),
    # Which round of calls it belongs to: 0 at submission, 1 after five minutes …
    Column("round", SmallInteger, nullable=False),
    # How many phones the text speaks of.
    Column("phones", Integer, nullable=False, default=0),
    Column("due_at", Moment, nullable=False),
    # A process is at it; and how it ended.
    Column("taken_at", Moment),
    Column("sent_at", Moment),
    Column("tries", SmallInteger, nullable=False, default=0),
    Column("problem", Text),
    # Of the code in it: its hash, until when it holds, guesses at it, and the text that used it.
    Column("code_hash", String(64)),
    Column("code_until", Moment),
    Column("guesses", SmallInteger, nullable=False, default=0),
    Column("answer_id", String(120)),
    UniqueConstraint("alert_id", "content_hash", "user_id"),
    Index("ix_calls_waiting", "sent_at", "due_at"),
)

#: What went out without an ordinary second person at that moment: somebody of the house countersigns it within the hour.
reviews = Table(
    "reviews",
    metadata,
    Column("alert_id", ForeignKey("alerts.id"), primary_key=True),
    # playbook, fallback or borrowed.
    Column("way", String(16), nullable=False),
    Column("began_by", String(64), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("signed_by", String(64)),
    Column("signed_at", Moment),
    Column("note", Text, nullable=False, default=""),
    # When the journal said that it is late.
    Column("late_at", Moment),
)

#: Wordings that nobody has decided on in time: that the frozen fallback may go was said once, and which run it became.
fallbacks = Table(
    "fallbacks",
    metadata,
    Column("alert_id", ForeignKey("alerts.id"), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("offered_at", Moment, nullable=False),
    Column("run_id", String(32)),
    PrimaryKeyConstraint("alert_id", "content_hash"),
)

"""Tables of the delivery engine: plans, batches, deliveries, failed attempts, and who leads the sweep."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from broadcaster.store.schema.base import Counter, Moment, checked_by_sqlite, metadata

audience_plans = Table(
    "audience_plans",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False, index=True),
    Column("message_id", ForeignKey("messages.id"), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("language", String(16), nullable=False),
    # Languages whose phones belong to this plan; NULL: every language that no other plan of the alert has.
    Column("languages", JSON),
    Column("not_languages", JSON, nullable=False),
    Column("selector", JSON, nullable=False),
    # Zones whose people an earlier plan of the alert has, because the hazard is there sooner; and what its batches get as priority.
    Column("earlier_zones", JSON, nullable=False, default=list, server_default="[]"),
    Column("priority", Integer, nullable=False, default=0, server_default="0"),
    # Alerts whose recipients it is for: exactly those who got one of them or may have; NULL: whoever the selector reaches.
    Column("recipients_of", JSON),
    # The generation of residents that it sees to the end, whatever is imported meanwhile.
    Column("generation", Counter, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("made", Integer, nullable=False, default=0),
    Column("excluded", JSON, nullable=False),
    Column("cursor", Counter, nullable=False, default=0),
    Column("done_at", Moment),
    # Why it was closed before its end (stopped, superseded …); empty: it was made to the end.
    Column("closed_because", String(32), nullable=False, default=""),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False, index=True),
    Column("channel", String(16), nullable=False),
    Column("lane", String(8), nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    # The staff's own phones, told before anybody else; counted among the residents only where they are a resident's (phone_id).
    Column("staff", Boolean, nullable=False, default=False, server_default=false()),
    Column("state", String(8), nullable=False),
    Column("epoch", Integer, nullable=False, default=0),
    # Until then somebody works on it, or nobody may: a wait for a grace or a retry is a lease without an owner.
    Column("lease_until", Moment, nullable=False, default=0),
    Column("worker", String(120), nullable=False, default=""),
    Column("rung_at", Moment, nullable=False, default=0),
    # Leases in a row that moved nothing; too many and the batch is dead.
    Column("idle_leases", SmallInteger, nullable=False, default=0),
    Column("reason", Text, nullable=False, default=""),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Index(
        "ix_batches_open",
        "lease_until",
        sqlite_where=text("state IN ('pending','leased')"),
        postgresql_where=text("state IN ('pending','leased')"),
    ),
)

#: Whom a delivery belongs to. On PostgreSQL no trigger looks for them (decision 095).
_PARENTS = (
    ("alert_id", "alerts.id"),
    ("batch_id", "batches.id"),
    ("message_id", "messages.id"),
    ("follows_id", "deliveries.id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("alert_id", String(32), nullable=False),
    Column("batch_id", Counter, nullable=False),
    Column("message_id", Counter, nullable=False),
    Column("channel", String(16), nullable=False),
    # A phone (E.164), a page path, or the language of a post: one delivery per address and part of an alert, never two.
    Column("address", String(200), nullable=False),
    Column("part", SmallInteger, nullable=False, default=0),
    Column("action", String(8), nullable=False, default="post"),
    # The delivery whose post this one answers, changes or follows; it is sent only when that one has a provider id.
    Column("follows_id", Counter),
    Column("phone_id", Counter),
    Column("state", String(12), nullable=False),
    Column("reason", String(200), nullable=False, default=""),
    Column("code", String(32), nullable=False, default=""),
    Column("epoch", Integer, nullable=False, default=0),
    Column("intent_at", Moment),
    Column("attempts", SmallInteger, nullable=False, default=0),
    Column("second_tries", SmallInteger, nullable=False, default=0),
    Column("not_before", Moment, nullable=False, default=0),
    # Which carrier may have taken it (Channel.carrier): written with the intent, asked when the row is unknown, since another
    # provider's "not here" proves nothing. Empty before the first intent.
    Column("provider", String(16), nullable=False, default="", server_default=""),
    Column("provider_id", String(120)),
    # The provider's id of a try that failed before this one: its late receipts say nothing about this one.
    Column("earlier_id", String(120)),
    Column("url", Text, nullable=False, default=""),
    Column("accepted_at", Moment),
    Column("final_at", Moment),
    *(checked_by_sqlite(*pair) for pair in _PARENTS),
    UniqueConstraint("alert_id", "channel", "address", "part"),
    Index("ix_deliveries_batch", "batch_id", "state", "id"),
    Index(
        "ix_deliveries_provider",
        "provider_id",
        sqlite_where=text("provider_id IS NOT NULL"),
        postgresql_where=text("provider_id IS NOT NULL"),
    ),
    # Those of which a word is awaited, and when to ask for it.
    Index(
        "ix_deliveries_awaited",
        "batch_id",
        "not_before",
        sqlite_where=text("state = 'accepted'"),
        postgresql_where=text("state = 'accepted'"),
    ),
)

#: How far a carrier's own list has been read for an alert of which many words are missing: whoever goes on begins at `cursor`.
pulls = Table(
    "pulls",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("carrier", String(16), nullable=False),
    # What was sent from then on.
    Column("since", Moment, nullable=False),
    Column("began_at", Moment, nullable=False),
    # Where the carrier says that its list goes on; empty: at its beginning; NULL: it was read to its end.
    Column("cursor", Text),
    Column("epoch", Integer, nullable=False, default=0),
    # Until then somebody reads it, or the carrier is left alone; when it was read to its end: nobody begins anew before.
    Column("lease_until", Moment, nullable=False, default=0),
    UniqueConstraint("alert_id", "channel", "carrier"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("delivery_id", ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("code", String(32), nullable=False, default=""),
    Column("reason", String(200), nullable=False, default=""),
)

leaders = Table(
    "leaders",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("owner", String(120), nullable=False),
    Column("until", Moment, nullable=False),
)

installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(32), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("restored_at", Moment),
    Column("backup_at", Moment),
)

#: One row per public folder ("live", "exercise"): a public change raises `wanted` in its own transaction.
publications = Table(
    "publications",
    metadata,
    Column("root", String(16), primary_key=True),
    Column("wanted", Counter, nullable=False),
    Column("written", Counter, nullable=False),
    Column("written_at", Moment),
    Column("problem", Text, nullable=False, default=""),
)

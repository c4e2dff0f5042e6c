"""Tables of people and places: zones, phones, where they belong, who said stop, and what they wrote to us."""

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from broadcaster.store.schema.base import Counter, Moment, metadata

zones = Table(
    "zones",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("names", JSON, nullable=False),
    Column("geometry", JSON, nullable=False),
    Column("population", Integer),
    Column("imported_at", Moment, nullable=False),
)

#: An import is one generation: rows of a generation count only once it is the current one.
resident_generations = Table(
    "resident_generations",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("state", String(12), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("source", String(120), nullable=False, default=""),
    Column("report", JSON, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
)

phones = Table(
    "phones",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("phone", String(16), nullable=False, unique=True),
    Column("language", String(16), nullable=False),
    Column("basis", String(16), nullable=False),
    Column("consent_at", Moment),
    Column("household", String(64), nullable=False, default=""),
    Column("exercise", Boolean, nullable=False, default=False),
    Column("source", String(120), nullable=False, default=""),
    # Counts from this generation on, and up to (not including) the other; NULL: still counts.
    Column("since_generation", Counter, nullable=False),
    Column("gone_generation", Counter),
    Index("ix_phones_household", "household"),
)

places = Table(
    "places",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("phone_id", ForeignKey("phones.id"), nullable=False, index=True),
    Column("name", String(120), nullable=False, default=""),
    Column("lat", Float),
    Column("lon", Float),
    Column("since_generation", Counter, nullable=False),
    Column("gone_generation", Counter),
    Index("ix_places_point", "lat", "lon"),
)

#: Where a place belongs: by its point when it has one, else as the import said.
place_zones = Table(
    "place_zones",
    metadata,
    Column("zone", String(64), primary_key=True),
    Column("place_id", ForeignKey("places.id"), primary_key=True),
    Column("phone_id", ForeignKey("phones.id"), nullable=False),
    Index("ix_place_zones_phone", "zone", "phone_id"),
)

#: By number, not by row: it outlives every import. `lane` is life-safety or information.
opt_outs = Table(
    "opt_outs",
    metadata,
    Column("phone", String(16), primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("source", String(32), nullable=False),
)

inbound = Table(
    "inbound",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("token", String(32), nullable=False, unique=True),
    Column("channel", String(16), nullable=False),
    Column("provider_id", String(120), nullable=False, unique=True),
    Column("phone", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(16), nullable=False),
    Column("danger", Boolean, nullable=False, default=False),
    Column("received_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("answered_by", String(64)),
    Column("acknowledged_at", Moment),
    Column("acknowledged_by", String(64)),
    Index("ix_inbound_open", "acknowledged_at", "received_at"),
)

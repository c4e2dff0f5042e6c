"""Tables of people and places: zones, phones, where they belong, who said stop, and what they wrote to us.

Zones, phones and memberships are never changed in place: a row counts from the generation `since_generation` up to,
not including, `gone_generation` (NULL: it still counts). An import is one generation; it is in force once that
generation is the current one, and whoever holds on to a generation sees the same people to the end (decision 021).
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from broadcaster.store.schema.base import Counter, Moment, checked_by_sqlite, metadata

zones = Table(
    "zones",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("since_generation", Counter, primary_key=True, autoincrement=False),
    Column("gone_generation", Counter),
    Column("names", JSON, nullable=False),
    Column("geometry", JSON, nullable=False),
    Column("population", Integer),
    Column("imported_at", Moment, nullable=False),
)

resident_generations = Table(
    "resident_generations",
    metadata,
    Column("id", Counter, primary_key=True),
    # building → current → former, or abandoned when it did not end well.
    Column("state", String(12), nullable=False, index=True),
    # merge or replace (of residents), or zones.
    Column("mode", String(8), nullable=False),
    Column("source", String(120), nullable=False, default=""),
    Column("report", JSON, nullable=False),
    Column("started_at", Moment, nullable=False),
    # The database's clock at its latest slice: a building generation that says nothing for a minute is dead.
    Column("alive_at", Moment, nullable=False),
    Column("finished_at", Moment),
    # When the rows that it made useless were removed.
    Column("cleaned_at", Moment),
    # Highest ids that were ever given out, so that no id is used twice even after rows were removed.
    Column("last_phone_id", Counter, nullable=False, default=0),
    Column("last_place_id", Counter, nullable=False, default=0),
)

phones = Table(
    "phones",
    metadata,
    # Given by the import, from the generation's counters.
    Column("id", Counter, primary_key=True, autoincrement=False),
    Column("phone", String(16), nullable=False),
    Column("language", String(16), nullable=False),
    Column("basis", String(16), nullable=False),
    Column("consent_at", Moment),
    Column("household", String(64), nullable=False, default=""),
    Column("exercise", Boolean, nullable=False, default=False),
    Column("source", String(120), nullable=False, default=""),
    # Of everything known about the phone, its places included: an import changes nothing where it is equal.
    Column("digest", String(32), nullable=False),
    Column("since_generation", Counter, nullable=False),
    Column("gone_generation", Counter),
    UniqueConstraint("phone", "since_generation"),
)

#: A place lives and goes with its phone's row.
places = Table(
    "places",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=False),
    Column("phone_id", Counter, nullable=False, index=True),
    Column("name", String(120), nullable=False, default=""),
    Column("lat", Float),
    Column("lon", Float),
    # Both are made by one slice of an import (decision 095).
    checked_by_sqlite("phone_id", "phones.id"),
)

#: Where a place belongs: by its point when it has one (zone "" when that lies in none), else as the import said.
place_zones = Table(
    "place_zones",
    metadata,
    # Phone first: a look at the audience walks the phones in order and asks here for each; no other index is needed.
    Column("phone_id", Counter, primary_key=True, autoincrement=False),
    Column("zone", String(64), primary_key=True),
    Column("place_id", Counter, primary_key=True, autoincrement=False),
    Column("since_generation", Counter, primary_key=True, autoincrement=False),
    Column("gone_generation", Counter),
    Column("by_point", Boolean, nullable=False),
    sqlite_with_rowid=False,
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
    # text, help, stop or start; stop and start need nobody's answer.
    Column("kind", String(8), nullable=False, default="text"),
    Column("danger", Boolean, nullable=False, default=False),
    # The answer that went out by itself, or "" where the cap on answers held it back.
    Column("reply", String(16), nullable=False, default=""),
    Column("received_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("answered_by", String(64)),
    Column("acknowledged_at", Moment),
    Column("acknowledged_by", String(64)),
    Index("ix_inbound_open", "answered_at", "received_at"),
    Index("ix_inbound_phone", "phone", "received_at"),
)

"""Tables of the desk: who handed it over to whom, what was asked of others, whom crews go to, and real events that ended exercises."""

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from broadcaster.store.schema.base import Counter, Moment, metadata

#: Signed by who goes, confirmed by who comes. `page` is what it showed when it was signed, `moved` what changed its owner.
handovers = Table(
    "handovers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("outgoing", String(64), nullable=False),
    Column("lines", JSON, nullable=False),
    Column("page", JSON, nullable=False),
    Column("signed_at", Moment, nullable=False, index=True),
    Column("incoming", String(64)),
    Column("confirmed_at", Moment),
    Column("moved", JSON, nullable=False),
    Column("withdrawn_at", Moment),
)

#: Who outside the house was told, as people on the desk write it down.
tellings = Table(
    "tellings",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("whom", String(120), nullable=False),
    Column("what", String(300), nullable=False),
    Column("told_by", String(64), nullable=False),
    Column("at", Moment, nullable=False),
)

#: The national alert is others' to send: what they were asked for, and what became of it, each step with who and when.
national_requests = Table(
    "national_requests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("alert_id", ForeignKey("alerts.id")),
    # Zone codes, and the corners (lat, lon) that are read out.
    Column("zones", JSON, nullable=False),
    Column("polygon", JSON, nullable=False),
    # Language → what phones should show.
    Column("texts", JSON, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    # Of each step the one of us who did it, and the one at the other end.
    Column("asked_at", Moment),
    Column("asked_by", String(64)),
    Column("asked_of", String(120), nullable=False, default=""),
    Column("answered_at", Moment),
    Column("answered_by", String(64)),
    Column("answered_of", String(120), nullable=False, default=""),
    Column("agreed", Boolean),
    Column("answer", Text, nullable=False, default=""),
    Column("sent_at", Moment),
    Column("sent_by", String(64)),
    Column("sent_of", String(120), nullable=False, default=""),
    Column("withdrawn_at", Moment),
)

#: A list of households for a crew: its link dies at `expires_at`; what is on it is read anew each time and kept nowhere.
crew_lists = Table(
    "crew_lists",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False, index=True),
    Column("zone", String(64), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("openings", Integer, nullable=False, default=0),
    Column("withdrawn_at", Moment),
)

#: One import of the list of addresses; the latest with a time in `in_force_at` counts.
address_lists = Table(
    "address_lists",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("source", String(120), nullable=False),
    Column("rows", Integer, nullable=False, default=0),
    Column("started_at", Moment, nullable=False),
    Column("in_force_at", Moment),
)

#: Every household of the city, with or without a phone: who is here and not in the register cannot be texted.
households = Table(
    "households",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("list_id", ForeignKey("address_lists.id"), nullable=False),
    Column("household", String(64), nullable=False),
    Column("place", String(120), nullable=False),
    Column("lat", Float),
    Column("lon", Float),
    Column("zones", JSON, nullable=False),
    Index("ix_households_place", "list_id", "lat"),
)

#: Somebody pressed REAL EVENT: which exercises it ended, and how many phones were told so.
real_events = Table(
    "real_events",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("declared_by", String(64), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("exercises", JSON, nullable=False),
    Column("told", Integer, nullable=False, default=0),
)

"""Tables of who may come in: people, their sessions and passkeys, keys of other systems, and answers kept for repeats."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
)

from broadcaster.store.schema.base import Counter, Moment, metadata

users = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    # Lower case: people type their address as it comes.
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    Column("role", String(16), nullable=False),
    # Argon2id; NULL: cannot log in with a password.
    Column("password", Text),
    Column("active", Boolean, nullable=False, default=True),
    # A new value ends every session of this person at once.
    Column("fs_uniquifier", String(64), nullable=False, unique=True),
    Column("fs_webauthn_user_handle", String(64), nullable=False, unique=True),
    # Of the console; empty: what the browser asks for.
    Column("language", String(16), nullable=False, default=""),
    Column("tf_primary_method", String(64)),
    Column("tf_totp_secret", String(255)),
    # The last time step whose code was used: a code works once.
    Column("tf_last_counter", Counter),
    Column("mf_recovery_codes", JSON),
    # E.164; only a number that is verified gets anything but its own code.
    Column("phone", String(16)),
    Column("phone_verified_at", Moment),
    # What this person may draft and approve for; NULL or empty: everything. Pages to look at are not limited.
    Column("channels", JSON),
    Column("zones", JSON),
    # Set on a break-glass account: Argon2id of its secret, when that was sealed, when the seal was broken (good once), when the
    # staff were told.
    Column("seal", Text),
    Column("sealed_at", Moment),
    Column("opened_at", Moment),
    Column("told_at", Moment),
    Column("created_at", Moment, nullable=False),
)

#: Changes to people with power over alerts: asked for by one, in force when a second one has said yes.
user_changes = Table(
    "user_changes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    # role, bounds, open or reset; `wanted` holds the new values.
    Column("kind", String(16), nullable=False),
    Column("wanted", JSON, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked_at", Moment, nullable=False),
    # NULL: it waits. Then confirmed, refused or replaced.
    Column("verdict", String(16)),
    Column("decided_by", String(64)),
    Column("decided_at", Moment),
)

#: One row per log-in. The browser holds the token, this table only its hash.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

#: Texts to a person's own number: codes that prove it is theirs, and drafts that they try. Counted, so that there are never many.
own_texts = Table(
    "own_texts",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    # code or try.
    Column("kind", String(8), nullable=False),
    Column("phone", String(16), nullable=False),
    # Of a code: its hash, and how often somebody has guessed at it.
    Column("hash", Text),
    Column("tries", SmallInteger, nullable=False, default=0),
    Column("at", Moment, nullable=False),
    Index("ix_own_texts_user", "user_id", "kind", "at"),
)

webauthn_credentials = Table(
    "webauthn_credentials",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", Integer, nullable=False, default=0),
    Column("transports", JSON, nullable=False),
    Column("backup_state", Boolean, nullable=False),
    Column("device_type", String(64), nullable=False),
    Column("extensions", Text),
    Column("name", String(64), nullable=False),
    Column("usage", String(64), nullable=False),
    Column("create_datetime", Moment, nullable=False),
    Column("lastuse_datetime", Moment, nullable=False),
)

#: Keys of other systems: found by prefix, proved by hash, allowed by scopes.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("prefix", String(16), nullable=False, unique=True),
    Column("hash", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    # As of people: NULL or empty is everything.
    Column("channels", JSON),
    Column("zones", JSON),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

#: The first answer to a request that may be repeated; `fingerprint` is of its method, path and body.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", String(64), nullable=False),
    Column("key", String(128), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    # NULL: the first request is still being answered.
    Column("status", Integer),
    Column("answer", JSON),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("owner", "key"),
    Index("ix_idempotency_keys_created_at", "created_at"),
)

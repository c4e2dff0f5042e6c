"""Queries about people and keys, answering with frozen rows: who they are, whether a session still lives, which key this is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select, update

from broadcaster.domain.bounds import Bounds
from broadcaster.domain.errors import NotFound
from broadcaster.domain.rules import Actor, Role
from broadcaster.store.schema import api_keys, sessions, users, webauthn_credentials


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may log in: the columns of the table `users`."""

    id: str
    email: str
    name: str
    role: Role
    password: str | None
    active: bool
    fs_uniquifier: str
    fs_webauthn_user_handle: str
    language: str
    tf_primary_method: str | None
    tf_totp_secret: str | None
    tf_last_counter: int | None
    mf_recovery_codes: list[str] | None
    created_at: datetime
    phone: str | None = None
    phone_verified_at: datetime | None = None
    channels: list[str] | None = None
    zones: list[str] | None = None
    seal: str | None = None
    sealed_at: datetime | None = None
    opened_at: datetime | None = None
    told_at: datetime | None = None

    @property
    def bounds(self) -> Bounds:
        """What this person may draft and approve for."""
        return Bounds.of(self.channels, self.zones)

    @property
    def actor(self) -> Actor:
        """This person as the rules know them."""
        return Actor(self.id, self.name, self.role, bounds=self.bounds)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn credential: the columns of its table."""

    id: int
    user_id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    backup_state: bool
    device_type: str
    extensions: str | None
    name: str
    usage: str
    create_datetime: datetime
    lastuse_datetime: datetime


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret."""

    id: str
    name: str
    prefix: str
    hash: str
    scopes: frozenset[str]
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    channels: list[str] | None = None
    zones: list[str] | None = None

    def usable(self, now: datetime) -> bool:
        """True until it runs out or is revoked."""
        return self.revoked_at is None and now < self.expires_at


def _account(row: Row[Any]) -> Account:
    values = dict(row._mapping)
    return Account(**values | {"role": Role(values["role"])})


def _columns(table: Table, of: type) -> list[Any]:
    return [table.c[each.name] for each in fields(of)]


def find(connection: Connection, **where: object) -> Account | None:
    """The person with this `id`, `email` (any case), `fs_uniquifier` or `fs_webauthn_user_handle`; None when nobody has it."""
    ((name, value),) = where.items()
    wanted = str(value).strip().lower() if name == "email" else value
    row = connection.execute(select(*_columns(users, Account)).where(users.c[name] == wanted)).one_or_none()
    return _account(row) if row else None


def get(connection: Connection, user_id: str) -> Account:
    """The person; NotFound."""
    account = find(connection, id=user_id)
    if account is None:
        raise NotFound("there is no such user")
    return account


def listing(connection: Connection) -> Sequence[Account]:
    """Everybody, by name."""
    return [_account(row) for row in connection.execute(select(*_columns(users, Account)).order_by(users.c.name))]


def names(connection: Connection) -> dict[str, str]:
    """Id → name of every person and key, for pages that say who did what."""
    found = {str(each.id): str(each.name) for each in connection.execute(select(users.c.id, users.c.name))}
    keys = connection.execute(select(api_keys.c.id, api_keys.c.name))
    return found | {f"key:{each.id}": str(each.name) for each in keys}


def second_people(connection: Connection) -> int:
    """How many active people may approve."""
    may = [role for role in Role if role.covers(Role.APPROVER)]
    query = select(func.count()).where(users.c.role.in_(may), users.c.active.is_(True))
    return connection.scalar(query) or 0


def add(tx: Connection, account: Account) -> None:
    """Store a new person."""
    tx.execute(users.insert().values({each.name: getattr(account, each.name) for each in fields(Account)}))


def change(tx: Connection, user_id: str, values: Mapping[str, object]) -> None:
    """Store what changed about a person; NotFound."""
    if tx.execute(update(users).where(users.c.id == user_id).values(dict(values))).rowcount != 1:
        raise NotFound("there is no such user")


def sealed(connection: Connection) -> Account | None:
    """The break-glass account; None where nobody has made one."""
    row = connection.execute(select(*_columns(users, Account)).where(users.c.sealed_at.is_not(None))).one_or_none()
    return _account(row) if row else None


def break_seal(tx: Connection, user_id: str, name: str, now: datetime) -> bool:
    """Open the break-glass account in somebody's name, once; False when its seal is broken already."""
    whole = (users.c.id == user_id) & users.c.opened_at.is_(None) & users.c.active.is_(True)
    return tx.execute(update(users).where(whole).values(opened_at=now, name=name)).rowcount == 1


def use_code(tx: Connection, user_id: str, counter: int) -> bool:
    """Take a time step of a person's authenticator app; False when it, or a later one, was taken before."""
    free = users.c.tf_last_counter.is_(None) | (users.c.tf_last_counter < counter)
    taken = update(users).where(users.c.id == user_id, free).values(tf_last_counter=counter)
    return tx.execute(taken).rowcount == 1


def begin_session(tx: Connection, digest: str, user_id: str, now: datetime, forget_after: timedelta) -> None:
    """Remember a log-in, and forget those of this person that are long over."""
    tx.execute(delete(sessions).where(sessions.c.user_id == user_id, sessions.c.began_at < now - forget_after))
    tx.execute(sessions.insert().values(id=digest, user_id=user_id, began_at=now))


def end_session(tx: Connection, digest: str, now: datetime) -> None:
    """From now on this log-in counts no more, whoever still has its cookie."""
    tx.execute(update(sessions).where(sessions.c.id == digest, sessions.c.ended_at.is_(None)).values(ended_at=now))


def in_session(connection: Connection, digest: str, uniquifier: str, since: datetime) -> Account | None:
    """The person of a session that began after `since` and has not ended; None when it is dead for any reason."""
    row = connection.execute(
        select(*_columns(users, Account))
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(
            sessions.c.id == digest,
            sessions.c.ended_at.is_(None),
            sessions.c.began_at > since,
            users.c.fs_uniquifier == uniquifier,
            users.c.active.is_(True),
        )
    ).one_or_none()
    return _account(row) if row else None


def passkeys(connection: Connection, user_id: str) -> Sequence[Passkey]:
    """A person's passkeys, oldest first."""
    query = select(webauthn_credentials).where(webauthn_credentials.c.user_id == user_id)
    return [Passkey(**row._mapping) for row in connection.execute(query.order_by(webauthn_credentials.c.id))]


def with_passkeys(connection: Connection) -> frozenset[str]:
    """Ids of people who have a passkey."""
    return frozenset(connection.scalars(select(webauthn_credentials.c.user_id).distinct()))


def passkey(connection: Connection, credential_id: bytes) -> Passkey | None:
    """The passkey with this id."""
    query = select(webauthn_credentials).where(webauthn_credentials.c.credential_id == credential_id)
    row = connection.execute(query).one_or_none()
    return Passkey(**row._mapping) if row else None


def add_passkey(tx: Connection, values: Mapping[str, object]) -> None:
    """Store a new passkey."""
    tx.execute(webauthn_credentials.insert().values(dict(values)))


def change_passkey(tx: Connection, passkey_id: int, values: Mapping[str, object]) -> None:
    """Store what changed about a passkey (its count and last use)."""
    tx.execute(update(webauthn_credentials).where(webauthn_credentials.c.id == passkey_id).values(dict(values)))


def remove_passkey(tx: Connection, passkey_id: int) -> None:
    """Forget a passkey."""
    tx.execute(delete(webauthn_credentials).where(webauthn_credentials.c.id == passkey_id))


def keys(connection: Connection) -> Sequence[Key]:
    """All API keys, newest first."""
    return [_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.created_at.desc()))]


def key(connection: Connection, prefix: str) -> Key | None:
    """The API key with this prefix."""
    row = connection.execute(select(api_keys).where(api_keys.c.prefix == prefix)).one_or_none()
    return _key(row) if row else None


def _key(row: Row[Any]) -> Key:
    values = dict(row._mapping)
    return Key(**values | {"scopes": frozenset(values["scopes"])})


def add_key(tx: Connection, new: Key) -> None:
    """Store a new key."""
    values = {each.name: getattr(new, each.name) for each in fields(Key)}
    tx.execute(api_keys.insert().values(values | {"scopes": sorted(new.scopes)}))


def revoke_key(tx: Connection, key_id: str, now: datetime) -> Key:
    """From now on this key opens nothing; NotFound when there is none that still does."""
    row = tx.execute(select(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))).one_or_none()
    if row is None:
        raise NotFound("there is no such key")
    tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=now))
    return _key(row)

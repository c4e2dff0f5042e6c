"""Who may come in: add people and keys, change what they may do, and prove a key. Each is journaled, refusals to oneself too."""

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from sqlalchemy import Connection

from broadcaster.domain.bounds import EVERYTHING, Bounds
from broadcaster.domain.errors import Conflict, Invalid, NotAllowed, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import user_changes
from broadcaster.store import accounts, journal
from broadcaster.store.accounts import Account, Key
from broadcaster.store.tokens import new_id

#: NIST SP 800-63B: length decides, not composition.
SHORTEST_PASSWORD = 12
#: Longer ones only cost time to hash.
LONGEST_PASSWORD = 200
KEY_LIFE = timedelta(days=365)
_KEY_MARK = "bcs"
_EMAIL = re.compile(r"[^\s@,<>\"']{1,64}@[^\s@,<>\"']{1,189}")

WALL = "wall"

#: What a key may be allowed, and the role whose reach it then has. `playbooks:run:NAME` allows that playbook alone.
SCOPES: dict[str, Role] = {
    "alerts:read": Role.VIEWER,
    "alerts:write": Role.AUTHOR,
    "alerts:stop": Role.AUTHOR,
    "audience:read": Role.VIEWER,
    # Not a right but a bound: such a key touches exercises only.
    "exercise": Role.VIEWER,
    "inbound:read": Role.VIEWER,
    "inbound:write": Role.AUTHOR,
    "playbooks:run": Role.AUTHOR,
    "residents:write": Role.AUTHOR,
    # Opens the view for the operations room's wall, and nothing of the API.
    WALL: Role.VIEWER,
}
_ONE_PLAYBOOK = re.compile(r"playbooks:run:[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person just added or reset, and the password to hand over once (empty: they chose their own)."""

    account: Account
    password: str
    #: A second person must agree before the role, or the password, counts.
    waits: bool = False


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, and its secret, which is shown once and kept nowhere."""

    key: Key
    secret: str


def add_user(
    rt: Runtime,
    email: str,
    role: Role,
    actor: Actor,
    now: datetime,
    name: str = "",
    password: str | None = None,
    bounds: Bounds = EVERYTHING,
) -> NewUser:
    """Let a person in. Without `password` one is made up. Raises Invalid, and Conflict when the address is taken.

    A role with power over alerts needs a second person where a person asks: until then the new one may only look.
    """
    email, made_up = email.strip().lower(), secrets.token_urlsafe(12)
    if not _EMAIL.fullmatch(email):
        raise Invalid([Problem("email", "is not an e-mail address", "Write it like ada@city.example.")])
    waits = user_changes.needs_two(actor, role)
    account = Account(
        id=new_id(),
        email=email,
        name=name.strip() or email.partition("@")[0],
        role=Role.VIEWER if waits else role,
        password=hash_password(made_up if password is None else password),
        active=True,
        fs_uniquifier=new_id(),
        fs_webauthn_user_handle=new_id(),
        language="",
        tf_primary_method=None,
        tf_totp_secret=None,
        tf_last_counter=None,
        mf_recovery_codes=None,
        created_at=now,
        channels=sorted(bounds.channels) or None,
        zones=sorted(bounds.zones) or None,
    )
    with rt.db.write() as tx:
        user_changes.check_bounds(rt, tx, bounds)
        if accounts.find(tx, email=email):
            raise Conflict("somebody has this address already")
        accounts.add(tx, account)
        body = {"user": account.id, "role": account.role, **user_changes.plainly(bounds)}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "user.add", now, body=body)
        if waits:
            user_changes.ask(tx, account, "role", {"role": str(role)}, actor, now)
    return NewUser(account, made_up if password is None else "", waits)


def change_role(rt: Runtime, user_id: str, role: Role, actor: Actor, now: datetime) -> bool:
    """Give a person another role and end their sessions. Nobody changes their own: an admin could lend it to himself.

    False when the change waits for a second person (services/user_changes.py).
    """
    _not_oneself(rt, user_id, actor, "role.refused", now)
    with rt.db.write() as tx:
        account = accounts.get(tx, user_id)
        user_changes.keep_an_admin(tx, account, leaves=role is not Role.ADMIN)
        return user_changes.make_or_ask(tx, account, "role", {"role": str(role)}, actor, now)


def change_bounds(rt: Runtime, user_id: str, bounds: Bounds, actor: Actor, now: datetime) -> bool:
    """Let a person draft and approve for these channels and zones only. False when it waits for a second person."""
    _not_oneself(rt, user_id, actor, "user.refused", now)
    with rt.db.write() as tx:
        user_changes.check_bounds(rt, tx, bounds)
        account = accounts.get(tx, user_id)
        return user_changes.make_or_ask(tx, account, "bounds", user_changes.plainly(bounds), actor, now)


def set_active(rt: Runtime, user_id: str, active: bool, actor: Actor, now: datetime) -> bool:
    """Let a person in again, or shut them out and end their sessions. False when it waits for a second person.

    Shutting out never waits: a stolen account must be closed at once.
    """
    _not_oneself(rt, user_id, actor, "user.refused", now)
    with rt.db.write() as tx:
        account = accounts.get(tx, user_id)
        user_changes.keep_an_admin(tx, account, leaves=not active)
        if active:
            return user_changes.make_or_ask(tx, account, "open", {}, actor, now)
        user_changes.close(tx, account, actor, now)
        return True


def reset_access(rt: Runtime, user_id: str, actor: Actor, now: datetime) -> NewUser:
    """A new password to hand over; second factors are forgotten and sessions end. For those who lost theirs.

    Of somebody with power over alerts it waits for a second person: until then the new password opens nothing.
    """
    _not_oneself(rt, user_id, actor, "user.refused", now)
    made_up = secrets.token_urlsafe(12)
    wanted = {"password": hash_password(made_up)}
    with rt.db.write() as tx:
        account = accounts.get(tx, user_id)
        if account.sealed_at:
            raise Conflict("the break-glass account is sealed anew with `broadcaster user break-glass`")
        made = user_changes.make_or_ask(tx, account, "reset", wanted, actor, now)
    return NewUser(account, made_up, waits=not made)


def choose_language(rt: Runtime, user_id: str, language: str) -> None:
    """Remember in which language a person reads the console."""
    with rt.db.write() as tx:
        accounts.change(tx, user_id, {"language": language})


def hash_password(password: str) -> str:
    """Argon2id of a password. Invalid when it is too short or too long."""
    normal = unicodedata.normalize("NFKD", password)
    if not SHORTEST_PASSWORD <= len(normal) <= LONGEST_PASSWORD:
        wanted = f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        raise Invalid([Problem("password", wanted, "Four random words make a good one.")])
    return PasswordHasher().hash(normal)


def add_key(
    rt: Runtime,
    name: str,
    scopes: Collection[str],
    actor: Actor,
    now: datetime,
    life: timedelta = KEY_LIFE,
    bounds: Bounds = EVERYTHING,
) -> NewKey:
    """Make a key for another system, for these channels and zones only. Invalid for a scope that does not exist."""
    problems = [
        Problem("scope", f"there is no scope {scope[:64]!r}", f"There are: {', '.join(SCOPES)}, playbooks:run:NAME.")
        for scope in scopes
        if scope not in SCOPES and not _ONE_PLAYBOOK.fullmatch(scope)
    ]
    if not name.strip():
        problems.append(Problem("name", "is empty", "Say which system uses the key."))
    if not scopes:
        problems.append(Problem("scope", "none is given", f"Choose from: {', '.join(SCOPES)}."))
    if problems:
        raise Invalid(problems)
    prefix, proof = secrets.token_hex(4), secrets.token_urlsafe(32)
    key = Key(
        *(new_id(), name.strip(), prefix, _digest(proof), frozenset(scopes), actor.id, now, now + life, None),
        channels=sorted(bounds.channels) or None,
        zones=sorted(bounds.zones) or None,
    )
    with rt.db.write() as tx:
        user_changes.check_bounds(rt, tx, bounds)
        accounts.add_key(tx, key)
        body = {"key": key.id, "name": key.name, "scopes": key.scopes, "expires": key.expires_at}
        body |= user_changes.plainly(bounds)
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "key.add", now, body=body)
    return NewKey(key, f"{_KEY_MARK}_{prefix}_{proof}")


def revoke_key(rt: Runtime, key_id: str, actor: Actor, now: datetime) -> None:
    """End a key at once."""
    with rt.db.write() as tx:
        key = accounts.revoke_key(tx, key_id, now)
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "key.revoke", now, body={"key": key.id, "name": key.name})


def verify_key(rt: Runtime, secret: str, now: datetime) -> Actor | None:
    """Who holds this key; None when it is wrong, revoked or has run out. Reads only."""
    mark, _, rest = secret.partition("_")
    prefix, _, proof = rest.partition("_")
    if mark != _KEY_MARK or not proof:
        return None
    with rt.db.read() as connection:
        key = accounts.key(connection, prefix)
    right = hmac.compare_digest(key.hash if key else "", _digest(proof))
    if key is None or not right or not key.usable(now):
        return None
    return Actor(f"key:{key.id}", key.name, _reach(key.scopes), False, key.scopes, Bounds.of(key.channels, key.zones))


def _reach(scopes: frozenset[str]) -> Role:
    roles = [SCOPES.get(scope, Role.AUTHOR) for scope in scopes]
    return Role.AUTHOR if Role.AUTHOR in roles else Role.VIEWER


def _digest(proof: str) -> str:
    """A random 256-bit secret needs no slow hash."""
    return hashlib.sha256(proof.encode()).hexdigest()


def _not_oneself(rt: Runtime, user_id: str, actor: Actor, action: str, now: datetime) -> None:
    if user_id != actor.id:
        return
    with rt.db.write() as tx:
        _note(tx, actor, action, now, accounts.get(tx, user_id))
    raise NotAllowed("nobody may change their own role or access; ask another admin")


def _note(tx: Connection, actor: Actor, action: str, now: datetime, account: Account, **body: object) -> None:
    journal.append(tx, journal.SYSTEM_CHAIN, actor, action, now, body={"user": account.id, **body})

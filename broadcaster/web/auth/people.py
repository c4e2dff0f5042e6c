"""People as Flask-Security knows them, kept in our own tables: reading a page never takes the place of a writer."""

from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from flask import g
from flask_security import RoleMixin, UserMixin, WebAuthnMixin
from flask_security.datastore import UserDatastore
from flask_security.totp import Totp
from flask_security.webauthn_util import WebauthnUtil
from passlib.exc import TokenError  # type: ignore[import-untyped]
from passlib.totp import TotpMatch  # type: ignore[import-untyped]

from broadcaster.domain.rules import Actor, Role
from broadcaster.store import accounts
from broadcaster.store.accounts import Account, Passkey
from broadcaster.store.database import Database
from broadcaster.web.context import now, runtime

_COLUMNS = [each.name for each in fields(Account) if each.name not in ("id", "role")]


class SecurityRole(RoleMixin):  # type: ignore[misc, unused-ignore]
    """One of our roles as an object; its rights are ours (`guard.needs`), not Flask-Security's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.permissions: list[str] = []


class Person(UserMixin):  # type: ignore[misc, unused-ignore]
    """One person for the length of a request; Flask-Security sets attributes, `People.commit` stores those that changed."""

    # Flask-Security looks for these on the class.
    fs_uniquifier = ""
    fs_webauthn_user_handle = ""
    tf_phone_number = None

    def __init__(self, account: Account, db: Database) -> None:
        self.id = account.id  # type: ignore[assignment]
        self.role = self.given_role = account.role
        self.bounds = account.bounds
        self._db = db
        self._passkeys: list[WebAuthnMixin] | None = None
        for name in _COLUMNS:
            setattr(self, name, getattr(account, name))
        self._stored = {name: _copy(getattr(account, name)) for name in _COLUMNS}

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        return [SecurityRole(self.role)]

    @property
    def webauthn(self) -> list[WebAuthnMixin]:  # type: ignore[override]
        if self._passkeys is None:
            with self._db.read() as connection:
                self._passkeys = [StoredPasskey(each) for each in accounts.passkeys(connection, str(self.id))]
        return self._passkeys

    @property
    def actor(self) -> Actor:
        """This person as the rules know them."""
        return Actor(str(self.id), str(getattr(self, "name", "")), self.role, bounds=self.bounds)

    def limit(self, second_step: bool) -> None:
        """Without a second step an approver or admin reaches as far as an author: enough to write, and to stop what is wrong.

        `second_step`: one was asked for elsewhere. The sealed account needs none: it is for the day when there is no other way.
        """
        wanted = runtime().settings.second_step == "required" and self.given_role.covers(Role.APPROVER)
        shown = second_step or getattr(self, "tf_primary_method", None) or getattr(self, "sealed_at", None)
        if wanted and not shown and not self.webauthn:
            self.role = Role.AUTHOR

    @property
    def lacks_second_step(self) -> bool:
        """True when this role's power waits for a second step."""
        return self.role is not self.given_role

    def changes(self) -> dict[str, object]:
        """Columns that differ from what is stored."""
        now = {name: getattr(self, name) for name in _COLUMNS}
        return {name: value for name, value in now.items() if value != self._stored[name]}


def _copy(value: object) -> object:
    return list(value) if isinstance(value, list) else value


class StoredPasskey(WebAuthnMixin):  # type: ignore[misc, unused-ignore]
    """A passkey as Flask-Security wants it; it sets `sign_count`, `backup_state` and `lastuse_datetime`."""

    def __init__(self, passkey: Passkey) -> None:
        for each in fields(Passkey):
            setattr(self, each.name, getattr(passkey, each.name))


class People(UserDatastore):
    """Flask-Security's way to our tables: it puts and deletes, then commits everything in one short transaction."""

    def __init__(self, db: Database) -> None:
        super().__init__(Person, SecurityRole, StoredPasskey)  # type: ignore[arg-type, unused-ignore]
        self.db = db

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Person | None:
        """By id, email, fs_uniquifier or fs_webauthn_user_handle."""
        with self.db.read() as connection:
            account = accounts.find(connection, **kwargs)
        return Person(account, self.db) if account else None

    def find_role(self, role: str) -> SecurityRole | None:
        """One of our four."""
        return SecurityRole(role) if role in set(Role) else None

    def put(self, model: Any) -> Any:
        """Remember that something may have changed."""
        self._pending().setdefault("put", []).append(model)
        return model

    def delete(self, model: Any) -> None:
        """Remember that a passkey goes."""
        self._pending().setdefault("delete", []).append(model)

    def commit(self) -> None:
        """Store what changed; without a change no writer's place is taken."""
        pending = self._pending()
        people = {id(each): each for each in pending.get("put", []) if isinstance(each, Person)}
        changed = {str(each.id): changes for each in people.values() if (changes := each.changes())}
        passkeys = {id(each): each for each in pending.get("put", []) if isinstance(each, StoredPasskey)}
        gone, new = pending.get("delete", []), pending.get("new", [])
        g.pop("people_pending", None)
        if not (changed or passkeys or gone or new):
            return
        with self.db.write() as tx:
            for user_id, values in changed.items():
                accounts.change(tx, user_id, values)
            for each in passkeys.values():
                used = {
                    "sign_count": each.sign_count,
                    "backup_state": each.backup_state,
                    "lastuse_datetime": each.lastuse_datetime,
                }
                accounts.change_passkey(tx, each.id, used)
            for each in gone:
                accounts.remove_passkey(tx, each.id)
            for values in new:
                accounts.add_passkey(tx, values)

    def create_webauthn(self, user: UserMixin, credential_id: bytes, **values: Any) -> None:  # type: ignore[override]
        """Remember a new passkey of `user`."""
        row = values | {
            "user_id": user.id,
            "credential_id": credential_id,
            "transports": values.get("transports") or [],
        }
        self._pending().setdefault("new", []).append(row | {"create_datetime": now(), "lastuse_datetime": now()})

    def find_webauthn(self, credential_id: bytes) -> StoredPasskey | None:
        """The passkey with this id."""
        with self.db.read() as connection:
            found = accounts.passkey(connection, credential_id)
        return StoredPasskey(found) if found else None

    @staticmethod
    def _pending() -> dict[str, list[Any]]:
        if "people_pending" not in g:
            g.people_pending = {}
        pending: dict[str, list[Any]] = g.people_pending
        return pending


class OneTimeCodes(Totp):
    """Codes of authenticator apps, each good once: the last time step used is kept with its person."""

    def __init__(self, secrets: dict[str, str], issuer: str) -> None:
        super().__init__(secrets, issuer)

    def get_last_counter(self, user: UserMixin) -> int | None:
        counter: int | None = getattr(user, "tf_last_counter", None)
        return counter

    def set_last_counter(self, user: UserMixin, tmatch: TotpMatch) -> None:
        """Take the step, unless another request took it or a later one meanwhile."""
        with runtime().db.write() as tx:
            if not accounts.use_code(tx, str(user.id), tmatch.counter):
                raise TokenError("this code was used already")


class Passkeys(WebauthnUtil):
    """Passkeys belong to our configured address, never to what a Host header claims."""

    def origin(self) -> str:
        parts = urlsplit(runtime().settings.public_url)
        return f"{parts.scheme}://{parts.netloc}"

"""Changes to people with power over alerts: one person asks, another one says yes. Who shuts somebody out need not wait.

The operator at the machine's own terminal is not asked twice: whoever sits there can read the database anyway (decision 039).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

import channels
from broadcaster.domain.bounds import Bounds
from broadcaster.domain.errors import Conflict, Invalid, NotAllowed, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.store import accounts, journal, zones
from broadcaster.store import user_changes as store
from broadcaster.store.accounts import Account
from broadcaster.store.tokens import new_id
from broadcaster.store.user_changes import Change

#: A change that nobody has said yes to for so long is forgotten: who wants it asks again.
HOLDS = timedelta(days=7)


def needs_two(actor: Actor, *roles: Role) -> bool:
    """True when a person wants to change something about somebody who is, or becomes, approver or admin."""
    return actor.person and any(role.covers(Role.APPROVER) for role in roles)


def make_or_ask(
    tx: Connection, account: Account, kind: str, wanted: Mapping[str, str | list[str]], actor: Actor, now: datetime
) -> bool:
    """Make a change now, or keep it for a second person and return False."""
    roles = [account.role, Role(str(wanted["role"]))] if kind == "role" else [account.role]
    if needs_two(actor, *roles):
        ask(tx, account, kind, wanted, actor, now)
        return False
    _make(tx, account, kind, wanted, actor, now)
    return True


def ask(
    tx: Connection, account: Account, kind: str, wanted: Mapping[str, str | list[str]], actor: Actor, now: datetime
) -> None:
    """Keep a change until somebody else has said yes."""
    change_id = store.ask(tx, account.id, kind, wanted, actor.id, now)
    _note(tx, actor, "user.ask", now, account, change=change_id, kind=kind, **_shown(wanted))


def confirm(rt: Runtime, change_id: str, actor: Actor, now: datetime) -> Change:
    """The second person's yes: the change counts from now on.

    NotAllowed for whoever asked, for the one that it is about, and for all but approvers, admins and the machine's operator.
    Conflict when whoever asked may not any more, or no admin would be left.
    """
    actor.must(Role.APPROVER, "confirm changes to people")
    with rt.db.write() as tx:
        change = store.decide(tx, change_id, "confirmed", actor.id, now, now - HOLDS)
        if actor.id in (change.asked_by, change.user_id):
            raise NotAllowed("whoever asked for a change, or whom it is about, cannot be the second person")
        asker = accounts.find(tx, id=change.asked_by)
        if asker is None or not asker.active or asker.role is not Role.ADMIN:
            raise Conflict("whoever asked for this is no admin any more; refuse it")
        account = accounts.get(tx, change.user_id)
        if change.kind == "role":
            keep_an_admin(tx, account, leaves=change.wanted["role"] != Role.ADMIN)
        _make(tx, account, change.kind, change.wanted, actor, now, asked_by=change.asked_by)
    return change


def refuse(rt: Runtime, change_id: str, actor: Actor, now: datetime) -> Change:
    """No: by another approver or admin, or by whoever asked."""
    actor.must(Role.APPROVER, "refuse changes to people")
    with rt.db.write() as tx:
        change = store.decide(tx, change_id, "refused", actor.id, now, now - HOLDS)
        account = accounts.get(tx, change.user_id)
        _note(tx, actor, "user.refuse", now, account, change=change.id, kind=change.kind)
    return change


def waiting(connection: Connection, now: datetime) -> tuple[Change, ...]:
    """Everything that waits for a second person."""
    return tuple(store.waiting(connection, now - HOLDS))


def may_confirm(change: Change, actor: Actor) -> bool:
    """True when this person may be the second one."""
    covered = actor.role is not None and actor.role.covers(Role.APPROVER)
    return covered and actor.id not in (change.asked_by, change.user_id)


def nobody_else(connection: Connection, change: Change) -> bool:
    """True when no person could be the second one: then only the machine's operator can."""
    return not any(each.active and may_confirm(change, each.actor) for each in accounts.listing(connection))


def close(tx: Connection, account: Account, actor: Actor, now: datetime) -> None:
    """Shut a person out and end their sessions, at once."""
    accounts.change(tx, account.id, {"active": False, "fs_uniquifier": new_id()})
    _note(tx, actor, "user.close", now, account)


def keep_an_admin(tx: Connection, account: Account, leaves: bool) -> None:
    """Conflict when this was the last admin. A sealed account does not count: it is for one day only."""
    if not leaves or account.role is not Role.ADMIN:
        return
    others = (each for each in accounts.listing(tx) if each.role is Role.ADMIN and each.active and not each.sealed_at)
    if not any(each.id != account.id for each in others):
        raise Conflict("this is the last admin; make another one first")


def check_bounds(rt: Runtime, connection: Connection, bounds: Bounds) -> None:
    """Invalid for a channel or a zone that does not exist: nobody should be bound to a slip of the pen."""
    known = zones.listing(connection)
    problems = list(zones.unknown(tuple(sorted(bounds.zones)), known, "zones"))
    problems += [
        Problem("channels", f"there is no channel {name[:32]!r}", f"There are: {', '.join(channels.CHANNELS)}.")
        for name in sorted(bounds.channels)
        if name not in channels.CHANNELS
    ]
    if problems:
        raise Invalid(problems)


def plainly(bounds: Bounds) -> dict[str, list[str]]:
    """Bounds as they are stored."""
    return {"channels": sorted(bounds.channels), "zones": sorted(bounds.zones)}


def _make(
    tx: Connection,
    account: Account,
    kind: str,
    wanted: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    asked_by: str = "",
) -> None:
    """The change itself, and the end of the person's sessions, so that it counts at once."""
    values: dict[str, object] = {"fs_uniquifier": new_id()}
    if kind == "role":
        values["role"] = Role(wanted["role"])
    elif kind == "bounds":
        values |= {"channels": wanted["channels"] or None, "zones": wanted["zones"] or None}
    elif kind == "open":
        values["active"] = True
    else:
        values |= dict.fromkeys(_FORGOTTEN) | {"password": wanted["password"]}
        for passkey in accounts.passkeys(tx, account.id):
            accounts.remove_passkey(tx, passkey.id)
    accounts.change(tx, account.id, values)
    second = {"asked_by": asked_by} if asked_by else {}
    before = {"before": account.role} if kind == "role" else {}
    _note(tx, actor, f"user.{kind}", now, account, **_shown(wanted), **before, **second)


#: What somebody who lost their password or phone no longer proves themselves with.
_FORGOTTEN = ("tf_primary_method", "tf_totp_secret", "mf_recovery_codes", "phone", "phone_verified_at")


def _shown(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What of a change the journal may hold."""
    return {name: value for name, value in wanted.items() if name != "password"}


def _note(tx: Connection, actor: Actor, action: str, now: datetime, account: Account, **body: object) -> None:
    journal.append(tx, journal.SYSTEM_CHAIN, actor, action, now, body={"user": account.id, **body})

"""The break-glass account: its secret lies on paper in a sealed envelope, opens once without any second step, and everybody hears of it.

It is for the day when the organisation's log-in is down and the phones with the codes are in the flood.
"""

import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection

from broadcaster.domain.errors import BroadcasterError, Conflict, Invalid, NotAllowed, Problem
from broadcaster.domain.rules import SYSTEM, Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import single_texts
from broadcaster.store import accounts, chronicle, journal
from broadcaster.store.accounts import Account
from broadcaster.store.tokens import new_id

log = structlog.get_logger(__name__)

#: What cannot be taken for something else on paper; 5 × 5 of 30 signs are 122 bits.
_SIGNS, _GROUPS, _GROUP = "ABCDEFGHJKMNPQRSTVWXYZ23456789", 5, 5
#: Nobody logs in with this address; it names the account in lists.
EMAIL = "break-glass@localhost"
#: The text to the staff's phones, per language; others read the first.
TELL = {
    "en": "{city}: break-glass account opened at {time} by {name}: {why}. Nobody knows why? Close it in the console, under People.",
    "nb": "{city}: nødkontoen ble åpnet {time} av {name}: {why}. Vet ingen om det? Steng den i konsollen under Personer.",
}
#: So much of what somebody gave as name and reason fits into that text.
_NAME, _WHY = 60, 80


def seal(rt: Runtime, actor: Actor, now: datetime) -> tuple[Account, str]:
    """Make the account, or seal it anew; returns its secret, which is shown once and kept nowhere. Its sessions end.

    At the machine's own terminal only: a person at the console could make themselves a second one.
    """
    if actor.person or actor.role is not Role.ADMIN:
        raise NotAllowed("the break-glass account is sealed on the machine: `broadcaster user break-glass`")
    groups = ("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    secret = "-".join(groups)
    values = {
        "seal": PasswordHasher().hash(_plain(secret)),
        "sealed_at": now,
        "opened_at": None,
        "told_at": None,
        "active": True,
        "role": Role.ADMIN,
        "name": "Break-glass account",
        "fs_uniquifier": new_id(),
    }
    with rt.db.write() as tx:
        account = accounts.sealed(tx) or _new(tx, now)
        accounts.change(tx, account.id, values)
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "seal.make", now, body={"user": account.id})
        return accounts.get(tx, account.id), secret


def fits(sealed: str, given: str) -> bool:
    """True when `given` is the secret of a seal, however it was typed."""
    try:
        return PasswordHasher().verify(sealed, _plain(given))
    except VerificationError:
        return False


def break_open(rt: Runtime, secret: str, name: str, why: str, now: datetime) -> Account:
    """Open the account in the name of the person who opened the envelope; journaled, and told to the staff by the next sweep.

    Invalid without name or reason, NotAllowed for a wrong secret, Conflict when the seal was broken before.
    """
    name, why = " ".join(name.split())[:_NAME], " ".join(why.split())[:_WHY]
    problems = [
        Problem(place, "is empty", "Everybody will want to know.")
        for place, given in (("name", name), ("why", why))
        if not given
    ]
    if problems:
        raise Invalid(problems)
    with rt.db.read() as connection:
        account = accounts.sealed(connection)
    if account is None or not account.active or not fits(account.seal or "", secret):
        raise NotAllowed("that is not what stands on the sheet")
    with rt.db.write() as tx:
        if not accounts.break_seal(tx, account.id, f"{name} (break-glass account)", now):
            raise Conflict("this seal was broken before; what stands on the sheet is good once")
        account = accounts.get(tx, account.id)
        body = {"user": account.id, "name": name, "why": why}
        journal.append(tx, journal.SYSTEM_CHAIN, account.actor, "seal.break", now, grounds=why, body=body)
    return account


def tell(rt: Runtime, now: datetime) -> None:
    """Text the staff's phones about a seal that was broken. Tried again until one text at least was taken."""
    with rt.db.read() as connection:
        account = accounts.sealed(connection)
    if account is None or account.opened_at is None or account.told_at is not None:
        return
    text = _text(rt, account, _why(rt))
    phones, taken = rt.profile.staff_phones, 0
    for phone in phones:
        try:
            single_texts.send(rt, phone, text, live=True)
            taken += 1
        except BroadcasterError as error:
            log.error("staff_not_told_of_seal", why=str(error))
    if phones and not taken:
        return
    with rt.db.write() as tx:
        accounts.change(tx, account.id, {"told_at": now})
        body = {"user": account.id, "phones": len(phones), "taken": taken}
        journal.append(tx, journal.SYSTEM_CHAIN, SYSTEM, "seal.told", now, body=body)


def _text(rt: Runtime, account: Account, why: str) -> str:
    profile = rt.profile
    assert account.opened_at is not None
    return TELL.get(profile.fallback, TELL["en"]).format(
        city=profile.in_language(profile.title, profile.fallback),
        time=f"{account.opened_at.astimezone(ZoneInfo(profile.timezone)):%H:%M}",
        name=account.name.removesuffix(" (break-glass account)"),
        why=why,
    )


def _why(rt: Runtime) -> str:
    with rt.db.read() as connection:
        return chronicle.last_grounds(connection, journal.SYSTEM_CHAIN, "seal.break")


def _new(tx: Connection, now: datetime) -> Account:
    account = Account(
        *(new_id(), EMAIL, "Break-glass account", Role.ADMIN, None, True, new_id(), new_id()),
        *("", None, None, None, None, now),
    )
    accounts.add(tx, account)
    return account


def _plain(secret: str) -> str:
    """Without the hyphens, and in capitals: people type what they see."""
    return "".join(sign for sign in secret.upper() if sign.isalnum())

"""At the terminal as at the console: whoever approves an alert that is real proves who they are, by password and code."""

import unicodedata

import click
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from broadcaster.domain.errors import NotAllowed, NotFound
from broadcaster.domain.rules import Actor
from broadcaster.runtime import Runtime
from broadcaster.store import accounts
from broadcaster.store.accounts import Account


def account(rt: Runtime, email: str) -> Account:
    """The person with this address; NotFound when there is none who may come in."""
    with rt.db.read() as connection:
        found = accounts.find(connection, email=email)
    if found is None or not found.active:
        raise NotFound(f"there is no active user {email}: `broadcaster user add`")
    return found


def reaches_people(rt: Runtime, channels: tuple[str, ...]) -> bool:
    """True when one of these channels speaks to a provider that is not on this machine."""
    carriers = {carrier for name in channels for carrier in rt.carriers(name, live=True)}
    return not carriers.isdisjoint(rt.settings.live.away)


def prove(rt: Runtime, person: Account) -> Actor:
    """Ask for password and code on the terminal. NotAllowed when either is wrong, or the person has no second step yet."""
    from broadcaster.cli.codes import code_is_right

    if not person.password or not person.tf_totp_secret:
        raise NotAllowed(f"{person.name} has not set up two-step log-in: do so in the console first")
    password = click.prompt(f"Password of {person.email}", hide_input=True, err=True)
    code = click.prompt("Code of the authenticator app", err=True)
    try:
        PasswordHasher().verify(person.password, unicodedata.normalize("NFKD", password))
    except VerificationError:
        raise NotAllowed("the password or the code is wrong") from None
    if not code_is_right(rt, person, code):
        raise NotAllowed("the password or the code is wrong")
    return person.actor

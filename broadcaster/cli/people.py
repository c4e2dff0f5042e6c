"""`broadcaster user` and `broadcaster key`: let people and other systems in."""

import sys
from datetime import timedelta

import click

from broadcaster import clock
from broadcaster.cli.frame import Group, as_json, operator, runtime, show
from broadcaster.domain.bounds import Bounds
from broadcaster.domain.errors import NotFound
from broadcaster.domain.rules import Role
from broadcaster.store import accounts as store

channels_option = click.option(
    "--channel", "channels", multiple=True, help="Only on this channel; give it once for each."
)
zones_option = click.option("--zone", "zones", multiple=True, help="Only for this zone; give it once for each.")


@click.group(cls=Group)
def user() -> None:
    """Let people in."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True)
@click.option("--name", default="", help="As others see it.  [default: what stands before the @]")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin instead of making one up.")
@channels_option
@zones_option
@as_json
def add(
    email: str,
    role: str,
    name: str,
    password_stdin: bool,
    channels: tuple[str, ...],
    zones: tuple[str, ...],
    as_json: bool,
) -> None:
    """Let a person in, with a password that is printed once.

    Each role may do what the ones before it may: viewer looks, author writes and stops, approver approves what others wrote,
    admin lets people in.

    \b
    broadcaster user add ada@city.example --role author --name "Ada Nilsen"
    """
    from broadcaster.services import accounts

    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    with runtime() as rt:
        new = accounts.add_user(
            rt, email, Role(role), operator(), clock.utc_now(), name, password, Bounds.of(channels, zones)
        )
    account = new.account
    document = {"id": account.id, "email": account.email, "name": account.name, "role": account.role}

    def words() -> None:
        click.echo(f"{account.name} <{account.email}> is {account.role}")
        if new.password:
            click.echo(f"password, shown this once: {new.password}")

    show(document | ({"password": new.password} if new.password else {}), words)


@user.command("reset")
@click.argument("email")
@as_json
def reset(email: str, as_json: bool) -> None:
    """Give a person a new password, printed once, and forget their second step: for those who lost both, and for the only admin.

    The console asks a second person for that; here the journal names the user of this machine.

    \b
    broadcaster user reset ben@city.example
    """
    from broadcaster.cli import proof
    from broadcaster.services import accounts

    with runtime() as rt:
        new = accounts.reset_access(rt, proof.account(rt, email).id, operator(), clock.utc_now())
    document = {"id": new.account.id, "email": new.account.email, "password": new.password}
    show(document, f"password of {new.account.email}, shown this once: {new.password}")


@user.command("confirm")
@click.argument("change", required=False, default="")
@as_json
def confirm(change: str, as_json: bool) -> None:
    """Say yes to a CHANGE of a person that waits in the console; without one, list what waits.

    For an installation whose only admin asked: there is no second person, so whoever keeps the machine is. The journal says who.

    \b
    broadcaster user confirm
    broadcaster user confirm 3f9c02aa
    """
    from broadcaster.services import user_changes

    now = clock.utc_now()
    with runtime() as rt:
        with rt.db.read() as connection:
            waiting = user_changes.waiting(connection, now)
            people = store.names(connection)
        if change:
            found = [each for each in waiting if each.id.startswith(change)]
            if len(found) != 1:
                raise NotFound(f"there is no change {change} that waits: `broadcaster user confirm` lists them")
            user_changes.confirm(rt, found[0].id, operator(), now)
            show({"confirmed": found[0].id}, "confirmed; it counts from now on")
            return
    rows = [
        {"id": each.id, "person": people[each.user_id], "change": each.kind, "asked_by": people.get(each.asked_by, "")}
        for each in waiting
    ]
    lines = [f"{row['id'][:8]}  {row['change']} of {row['person']}, asked by {row['asked_by']}" for row in rows]
    show(rows, "\n".join(lines) or "nothing waits")


@user.command("break-glass")
@as_json
def break_glass(as_json: bool) -> None:
    """Seal the break-glass account: prints a sheet, once. Print it, put it into an envelope, seal it, and sign across the flap.

    It opens the console once, with no second step, when nobody can log in; then everybody sees that, the staff's phones are texted, and
    it must be sealed anew with this command. Whatever was sealed before opens nothing any more.

    \b
    broadcaster user break-glass | lp
    """
    from broadcaster.services import seals

    with runtime() as rt:
        now = clock.utc_now()
        account, secret = seals.seal(rt, operator(), now)
        address = f"{rt.settings.public_url.rstrip('/')}/break-glass"
        city = rt.profile.in_language(rt.profile.title, rt.profile.fallback)
        staff = len(rt.profile.staff_phones)
    if not staff:
        click.echo("the profile has no staff_phones: nobody would be texted when it is opened", err=True)
    document = {"id": account.id, "secret": secret, "address": address, "sealed_at": now}
    show(document, SHEET.format(city=city.upper(), address=address, secret=secret, day=f"{now:%Y-%m-%d}"))


SHEET = """
{city}: BREAK-GLASS ACCOUNT OF THE WARNING CONSOLE

Sealed {day} by ______________________   Envelope no. ______

WHEN      Nobody who may warn can log in, and people must be warned.
HOW       1. Open          {address}
          2. Type          {secret}
          3. Give your name and the reason.
WHAT      You can write, stop, and approve what another person wrote.
          Two people are needed still: find the second one.
THEN      Everybody sees on every page that this account is in use. The staff's
          phones get a text. It stays open for twelve hours and opens once only.
AFTER     Seal a new one:  broadcaster user break-glass

Opened by ____________________________   Date and time __________________
"""


@click.group(cls=Group)
def key() -> None:
    """Let other systems in."""


@key.command("add")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may do; give it once for each.")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 3650), help="How long it works.")
@channels_option
@zones_option
@as_json
def add_key(
    name: str,
    scopes: tuple[str, ...],
    days: int,
    channels: tuple[str, ...],
    zones: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a key for the API. Its secret is printed once and kept nowhere.

    \b
    broadcaster key add "river gauges" --scope playbooks:run:brisbane-river-flood
    broadcaster key add "duty desk" --scope alerts:read --scope alerts:stop
    """
    from broadcaster.services import accounts

    with runtime() as rt:
        new = accounts.add_key(
            rt, name, scopes, operator(), clock.utc_now(), timedelta(days=days), Bounds.of(channels, zones)
        )
    made = new.key
    document = {
        "id": made.id,
        "name": made.name,
        "scopes": made.scopes,
        "expires_at": made.expires_at,
        "key": new.secret,
    }
    show(document, f"{new.secret}\nfor {made.name}, until {made.expires_at:%Y-%m-%d}; shown this once")

"""`broadcaster user` and `broadcaster key`: let people and other systems in."""

import sys
from datetime import timedelta

import click

from broadcaster import clock
from broadcaster.cli.frame import Group, as_json, operator, runtime, show
from broadcaster.domain.rules import Role


@click.group(cls=Group)
def user() -> None:
    """Let people in."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True)
@click.option("--name", default="", help="As others see it.  [default: what stands before the @]")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin instead of making one up.")
@as_json
def add(email: str, role: str, name: str, password_stdin: bool, as_json: bool) -> None:
    """Let a person in, with a password that is printed once.

    Each role may do what the ones before it may: viewer looks, author writes and stops, approver approves what others wrote,
    admin lets people in.

    \b
    broadcaster user add ada@city.example --role author --name "Ada Nilsen"
    """
    from broadcaster.services import accounts

    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    with runtime() as rt:
        new = accounts.add_user(rt, email, Role(role), operator(), clock.utc_now(), name, password)
    account = new.account
    document = {"id": account.id, "email": account.email, "name": account.name, "role": account.role}

    def words() -> None:
        click.echo(f"{account.name} <{account.email}> is {account.role}")
        if new.password:
            click.echo(f"password, shown this once: {new.password}")

    show(document | ({"password": new.password} if new.password else {}), words)


@click.group(cls=Group)
def key() -> None:
    """Let other systems in."""


@key.command("add")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may do; give it once for each.")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 3650), help="How long it works.")
@as_json
def add_key(name: str, scopes: tuple[str, ...], days: int, as_json: bool) -> None:
    """Make a key for the API. Its secret is printed once and kept nowhere.

    \b
    broadcaster key add "river gauges" --scope playbooks:run:brisbane-river-flood
    broadcaster key add "duty desk" --scope alerts:read --scope alerts:stop
    """
    from broadcaster.services import accounts

    with runtime() as rt:
        new = accounts.add_key(rt, name, scopes, operator(), clock.utc_now(), timedelta(days=days))
    made = new.key
    document = {
        "id": made.id,
        "name": made.name,
        "scopes": made.scopes,
        "expires_at": made.expires_at,
        "key": new.secret,
    }
    show(document, f"{new.secret}\nfor {made.name}, until {made.expires_at:%Y-%m-%d}; shown this once")

"""`broadcaster alert`: write, send, look at and stop alerts, under the same rules as in the console."""

from pathlib import Path
from zoneinfo import ZoneInfo

import click

from broadcaster import clock
from broadcaster.cli import drafts, proof
from broadcaster.cli.frame import Group, as_json, by_cli, operator, os_user, runtime, show
from broadcaster.cli.waiting import wait_for
from broadcaster.domain.errors import NotAllowed
from broadcaster.domain.rules import Actor
from broadcaster.runtime import Runtime
from broadcaster.services import approval, broadcasting, drafting, forecasting, own_phone
from broadcaster.services import proof as staff_phones
from broadcaster.services.reports import report
from broadcaster.store import alerts as alert_store
from broadcaster.store import progress
from broadcaster.store.accounts import Account
from broadcaster.store.alerts import AlertRow


@click.group(cls=Group)
def alert() -> None:
    """Write, send, look at and stop alerts."""


def document(rt: Runtime, row: AlertRow) -> dict[str, object]:
    """An alert as `--json` shows it."""
    return report(rt, row.id)


def _find(rt: Runtime, name: str) -> AlertRow:
    with rt.db.read() as connection:
        return alert_store.by_identifier(connection, name)


def _words(rt: Runtime, row: AlertRow) -> None:
    click.echo(f"{row.identifier} ({row.id})")
    click.echo(f"  {row.kind}, {row.status}, {row.msg_type}, {row.state.replace('_', ' ')}, incident {row.incident}")
    with rt.db.read() as connection:
        for channel, states in progress.by_channel(connection, row.id).items():
            click.echo(f"  {channel}: " + ", ".join(f"{number:,} {state}" for state, number in sorted(states.items())))
        outlook = forecasting.now_of(rt, connection, row, clock.utc_now())
        told = staff_phones.of_alert(rt, connection, row)
    if outlook is not None:
        for line in drafts.forecast_words(outlook, ZoneInfo(rt.profile.timezone)):
            click.echo(f"  {line}")
    for each in told.told:
        after = "" if each.delivered_after is None else f", {each.delivered_after:g} s after approval"
        click.echo(f"  staff phone …{each.phone[-3:]}: {each.state}{after}")


@alert.command()
@click.argument("file", type=drafts.ALERT_FILE)
@click.option("--author", default="", help="E-mail of the user who writes it.  [default: whoever runs this command]")
@as_json
def draft(file: Path, author: str, as_json: bool) -> None:
    """Keep an alert FILE as a draft, to be finished and submitted in the console.

    \b
    broadcaster alert draft flood.yaml --author ada@city.example
    """
    now = clock.utc_now()
    with runtime() as rt:
        actor = by_cli(proof.account(rt, author).actor) if author else operator()
        alert_id = drafting.create(rt, drafts.read(rt, file, now), actor, now, origin=_origin())
        row = _find(rt, alert_id)
        show(document(rt, row), f"{row.identifier} ({row.id})")


@alert.command()
@click.argument("file", type=drafts.ALERT_FILE)
@click.option("--author", required=True, help="E-mail of the user who writes it.")
@click.option("--approver", required=True, help="E-mail of another user, who approves it.")
@click.option("--wait", is_flag=True, help="Show how it goes until every delivery is final.")
@as_json
def send(file: Path, author: str, approver: str, wait: bool, as_json: bool) -> None:
    """Write, submit and approve an alert FILE in one go, in the names of two different users.

    An alert whose status is Actual, and that goes to a provider which is not on this machine, asks for the approver's password
    and code on the terminal. The journal says that it was done here, and by which user of this machine.

    \b
    broadcaster alert send drill.yaml --author ada@city.example --approver ben@city.example --wait
    """
    now = clock.utc_now()
    with runtime() as rt:
        ada, ben = proof.account(rt, author), proof.account(rt, approver)
        if ada.id == ben.id:
            raise NotAllowed("author and approver must be two different people")
        given = drafts.read(rt, file, now)
        alert_id = drafting.create(rt, given, by_cli(ada.actor), now, origin=_origin())
        digest = drafting.submit(rt, alert_id, by_cli(ada.actor), now, at_hand=f"{ben.name} stands by at the terminal")
        _approve(rt, _find(rt, alert_id), ben, digest)
        if wait:
            wait_for(rt, alert_id)
        row = _find(rt, alert_id)
        show(document(rt, row), lambda: _words(rt, row))


def _approve(rt: Runtime, row: AlertRow, ben: Account, digest: str) -> None:
    actor = ben.actor
    if row.live and proof.reaches_people(rt, tuple(row.draft["channels"])):
        phones = int((row.audience or {}).get("phones", 0))
        click.echo(
            f"{row.identifier} is real: {row.kind}, to {phones:,} phones and {', '.join(row.draft['channels'])}",
            err=True,
        )
        actor = proof.prove(rt, ben)
    approval.approve(rt, row.id, by_cli(actor), digest, clock.utc_now())


def _origin() -> str:
    return f"by CLI, as OS user {os_user()}"


@alert.command("show")
@click.argument("name", metavar="ID")
@as_json
def show_one(name: str, as_json: bool) -> None:
    """Show an alert by its id or public identifier: its state, and its deliveries by channel.

    \b
    broadcaster alert show brisbane-20260110-1415-flood-warning-x3k9 --json
    """
    with runtime() as rt:
        row = _find(rt, name)
        show(document(rt, row), lambda: _words(rt, row))


@alert.command()
@click.argument("name", metavar="ID")
@click.option("--reason", default="", help="Why, for the journal.")
@click.option(
    "--as", "email", default="", help="E-mail of the user who stops it.  [default: whoever runs this command]"
)
@as_json
def stop(name: str, reason: str, email: str, as_json: bool) -> None:
    """Stop sending an alert. Two seconds later no new text or post leaves. What has gone out is corrected, not unsent.

    \b
    broadcaster alert stop brisbane-20260110-1415-flood-warning-x3k9 --reason "wrong suburb"
    """
    with runtime() as rt:
        actor: Actor = by_cli(proof.account(rt, email).actor) if email else operator()
        row = _find(rt, name)
        broadcasting.stop(rt, row.id, actor, reason or _origin(), clock.utc_now())
        row = _find(rt, row.id)
        show(document(rt, row), lambda: _words(rt, row))


@alert.command("try")
@click.argument("name", metavar="ID")
@click.option("--as", "email", required=True, help="E-mail of the user to whose own, proved phone it goes.")
@as_json
def try_out(name: str, email: str, as_json: bool) -> None:
    """Send the text of a draft to a user's own phone, marked TEST, and to no other.

    The user sets and proves their number in the console, under their name.

    \b
    broadcaster alert try brisbane-20260110-1415-flood-warning-x3k9 --as ada@city.example
    """
    with runtime() as rt:
        row = _find(rt, name)
        phone = own_phone.try_out(rt, row.id, by_cli(proof.account(rt, email).actor), clock.utc_now())
        end = f"…{phone[-3:]}"
        show({"id": row.id, "phone": end}, f"sent to {end}, marked TEST")


@alert.command("list")
@click.option("--state", "states", multiple=True, help="Only those in this state; may be given several times.")
@click.option("--incident", default="", help="Only those of one incident.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@as_json
def list_all(states: tuple[str, ...], incident: str, limit: int, as_json: bool) -> None:
    """List alerts, newest first.

    \b
    broadcaster alert list --state broadcasting --state active
    """
    with runtime() as rt:
        with rt.db.read() as connection:
            rows = alert_store.listing(connection, states=states, incident=incident, limit=limit)

        def words() -> None:
            for row in rows:
                click.echo(
                    f"{row.created_at:%Y-%m-%d %H:%M} {row.state:17} {row.status:8} {row.kind:18} {row.identifier}"
                )

        show([document(rt, row) for row in rows], words)

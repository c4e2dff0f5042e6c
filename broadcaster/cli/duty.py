"""`broadcaster duty`: who can be woken to approve, and when."""

from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

import click

from broadcaster import clock
from broadcaster.cli.frame import Group, as_json, operator, runtime, show
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.moment import read_moment
from broadcaster.runtime import Runtime


@click.group(cls=Group)
def duty() -> None:
    """Keep the duty roster."""


@duty.command("list")
@as_json
def list_all(as_json: bool) -> None:
    """List who is on the roster from now on, and who is on duty at this moment."""
    from broadcaster.services import duty as service

    with runtime() as rt:
        now, zone = clock.utc_now(), ZoneInfo(rt.profile.timezone)
        found = service.listing(rt, now)
        with rt.db.read() as connection:
            standing = service.standing(rt, connection, now)
        rows = [
            {
                "id": watch.id,
                "email": person.email,
                "name": person.name,
                "post": watch.post,
                "from": watch.from_at,
                "until": watch.until_at,
                "backup": backup.email if backup else "",
                "now": watch.now_on(now),
            }
            for watch, person, backup in found
        ]

        def words() -> None:
            for watch, person, backup in found:
                behind = f", backup {backup.name}" if backup else ""
                span = f"{watch.from_at.astimezone(zone):%Y-%m-%d %H:%M} to {watch.until_at.astimezone(zone):%Y-%m-%d %H:%M}"
                on = "on duty " if watch.now_on(now) else ""
                click.echo(f"{watch.id} {span} {on}{person.name} <{person.email}>, {watch.post}{behind}")
            if not standing.on_duty:
                rule = "; nothing live can be submitted" if standing.required else ""
                click.echo(f"nobody is on duty now{rule}", err=True)

        show({"required": standing.required, "on_duty": len(standing.on_duty), "roster": rows}, words)


@duty.command()
@click.argument("email")
@click.option("--post", default="duty officer", show_default=True, help="What they are that night, in words.")
@click.option("--from", "begins", default="+0m", help="Local time, such as 22:00 or 2026-01-13T22:00.  [default: now]")
@click.option("--until", required=True, help="The same, or a length such as +12h.")
@click.option("--backup", default="", help="E-mail of the person who is called when this one does not answer.")
@as_json
def add(email: str, post: str, begins: str, until: str, backup: str, as_json: bool) -> None:
    """Put an approver on the roster. They must have proved their own phone in the console.

    \b
    broadcaster duty add ben@city.example --from 22:00 --until "+1d 08:00" --backup dee@city.example
    """
    from broadcaster.services import duty as service

    with runtime() as rt:
        now = clock.utc_now()
        people = service.by_email(rt, {"person": email, "backup": backup})
        start, end = _moment(rt, "from", begins, now), _moment(rt, "until", until, now)
        watch_id = service.add(rt, service.Entry(people["person"], post, start, end, people["backup"]), operator(), now)
        show({"id": watch_id}, f"{email} is on the roster ({watch_id})")


@duty.command()
@click.argument("watch_id", metavar="ID")
@as_json
def remove(watch_id: str, as_json: bool) -> None:
    """Take a time off the roster, by the id that `duty list` shows."""
    from broadcaster.services import duty as service

    with runtime() as rt:
        service.remove(rt, watch_id, operator(), clock.utc_now())
        show({"id": watch_id}, "it is off the roster")


@duty.command("import")
@click.argument("file", type=click.File("rb"))
@as_json
def import_all(file: BinaryIO, as_json: bool) -> None:
    """Add what stands in a CSV FILE (- for stdin): email,post,from,until,backup. All of it, or nothing where a line is wrong.

    \b
    broadcaster duty import january.csv
    """
    from broadcaster.services import duty_files

    with runtime() as rt:
        added = duty_files.import_roster(rt, file.read(duty_files.LARGEST + 1), operator(), clock.utc_now())
        show({"added": added}, f"{added} put on the roster")


def _moment(rt: Runtime, place: str, text: str, now: datetime) -> datetime:
    """A time as people type it; `+0m` is this moment itself."""
    if text == "+0m":
        return now
    try:
        return read_moment(text, ZoneInfo(rt.profile.timezone), now)
    except ValueError as error:
        raise Invalid([Problem(place, str(error))]) from None

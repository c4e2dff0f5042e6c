"""`broadcaster db`: bring the database up to date, copy it, and come back from a copy."""

from pathlib import Path

import click

from broadcaster import clock
from broadcaster.cli.frame import Group, as_json, operator, runtime, show

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=Group)
def db() -> None:
    """Bring the database up to date, back it up, restore it."""


@db.command()
@as_json
def upgrade(as_json: bool) -> None:
    """Bring the tables to the shape that this version needs. `run` does it by itself.

    With parts on many machines: stop the workers and sweepers, upgrade, start the new version.
    """
    from broadcaster.services import migrating

    with runtime(current=False) as rt:
        before, after = migrating.upgrade(rt.db)
    changed = "was up to date already" if before == after else f"brought from {before or 'nothing'} to {after}"
    show({"before": before, "after": after}, f"the database {changed}")


@db.command()
@click.argument("file", type=FILE)
@as_json
def backup(file: Path, as_json: bool) -> None:
    """Write an encrypted copy of the database to FILE while everything runs.

    It can only be read with the SECRET_KEY of now: keep that somewhere else. With BACKUP_DIR set, the sweeper makes one
    every 15 minutes by itself.

    \b
    broadcaster db backup /mnt/backup/broadcaster.backup
    """
    from broadcaster.domain.errors import Conflict
    from broadcaster.services import backups

    with runtime() as rt:
        made = backups.backup(rt, file, clock.utc_now())
    if made is None:
        raise Conflict("another process is making a backup just now")
    show(made, f"{made.path}: {made.size:,} bytes")


@db.command()
@click.argument("file", type=FILE)
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def restore(file: Path, yes: bool, as_json: bool) -> None:
    """Put the copy in FILE in the place of the database. Every part of the installation must be stopped.

    What was unfinished when the copy was made is held: nothing is sent until `broadcaster db release`, and then only what the
    providers do not have yet. A copy from SQLite may go to PostgreSQL and the other way round.

    \b
    broadcaster db restore /mnt/backup/broadcaster-20260105T021500Z.backup
    """
    from broadcaster.processes import part
    from broadcaster.services import restoring

    if not yes:
        click.confirm("This replaces the whole database. Go on?", abort=True, err=True)
    with runtime(current=False) as rt, part.alone(part.folder(rt.settings)):
        restoring.must_be_idle(rt)
        found = restoring.restore(rt, file, operator(), clock.utc_now())

    def words() -> None:
        click.echo(
            f"restored as of {found.made_at:%Y-%m-%d %H:%M:%S} UTC; this is epoch {found.epoch} of the installation"
        )
        if found.held:
            click.echo(f"{found.held} unfinished batches are held: look at them, then `broadcaster db release`")
        for identifier in found.undecided:
            click.echo(
                f"{identifier} waited for approval then: look whether it went out since before anybody approves it"
            )

    show(found, words)


@db.command()
@as_json
def release(as_json: bool) -> None:
    """Let go what a restore held: each delivery is looked for at its provider, and sent where it is not there."""
    from broadcaster.services import recovering

    with runtime() as rt:
        number = recovering.release(rt, operator(), clock.utc_now())
    show({"released": number}, f"{number} batches released")

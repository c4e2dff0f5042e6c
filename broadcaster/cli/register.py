"""`broadcaster residents` and `broadcaster zones`: who can be reached, and where."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from broadcaster import clock
from broadcaster.cli.frame import Group, as_json, operator, runtime, show
from broadcaster.domain.alert import Selector


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr where that is a terminal; yields progress(done, total), total 0: not known yet."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


@click.group(cls=Group)
def residents() -> None:
    """Import, count and export the residents' register."""


@residents.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--merge", "mode", flag_value="merge", help="Add and change; nobody goes.")
@click.option("--replace", "mode", flag_value="replace", help="Whoever is not in the file goes.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@as_json
def import_(file: BinaryIO, mode: Literal["merge", "replace"] | None, dry_run: bool, as_json: bool) -> None:
    """Import residents from a CSV FILE (- is stdin), all at one stroke or not at all.

    Columns: phone,language,basis,consent_at,household,place,lat,lon,zones,exercise,source. Only phone is required; a phone may
    have several lines, one per place. Lines that cannot be used are refused one by one and listed.

    \b
    broadcaster residents import register.csv --replace
    broadcaster residents import new.csv --merge --dry-run
    """
    from broadcaster.services.residents import import_residents

    if mode is None:
        raise click.UsageError("say --merge or --replace")
    with runtime() as rt, _bar("residents") as progress:
        report = import_residents(
            rt.db,
            rt.profile,
            file,
            mode,
            actor=operator(),
            now=clock.utc_now(),
            progress=progress,
            confirm=lambda _: not dry_run,
        )

    def words() -> None:
        for line in (*report.refused, *report.remarks):
            click.echo(f"line {line.line}: {line.reason}", err=True)
        click.echo(report.summary() + ("; nothing was changed" if dry_run else ""))

    show(report, words)


@residents.command()
@click.option(
    "--area", type=click.Path(dir_okay=False, path_type=Path), help="An alert file, or a file with its `area`."
)
@as_json
def count(area: Path | None, as_json: bool) -> None:
    """Count phones and households, in the whole register or in an area.

    \b
    broadcaster residents count
    broadcaster residents count --area flood.yaml
    """
    from broadcaster.store import areas, audience, generations

    with runtime() as rt, rt.db.read() as connection:
        if area is None:
            wanted = areas.Area(generations.current(connection), everybody=True)
        else:
            wanted = areas.compile_area(connection, _selector(area))
        found = audience.count(connection, wanted, languages=rt.profile.languages, lane="life-safety", exercise=False)

    def words() -> None:
        click.echo(f"{found.phones:,} phones, {found.households:,} households")
        for zone, number in sorted(found.zones.items(), key=lambda item: -item[1]):
            click.echo(f"  {zone}: {number:,}")
        for reason, number in found.excluded.items():
            click.echo(f"  not counted: {number:,} {reason}")
        if found.unplaced:
            click.echo(f"  {found.unplaced:,} phones have neither a point nor a zone: no area reaches them")

    show(found, words)


def _selector(file: Path) -> Selector:
    """The area of an alert file, or of a file that holds nothing else."""
    from broadcaster.store import documents

    found = documents.read_file(file).plain()
    area = found.get("area", found) if isinstance(found, dict) else found
    return documents.draft_from({"incident": "count", "kind": "count", "area": area}).area


@residents.command()
def export() -> None:
    """Print the register as CSV that can be imported again.

    \b
    broadcaster residents export > register.csv
    """
    from broadcaster.services.residents import export_residents

    with runtime() as rt:
        for piece in export_residents(rt.db):
            sys.stdout.write(piece)


@click.group(cls=Group)
def households() -> None:
    """The city's own list of addresses: who is on it and not in the register has no number."""


@households.command("import")
@click.argument("file", type=click.File("rb"))
@as_json
def import_households(file: BinaryIO, as_json: bool) -> None:
    """Put a CSV FILE (- is stdin) in the place of the list of households that is in force.

    Columns: household,place,lat,lon,zones. household is what the residents' register calls it, place its address; one of the two is
    needed, and a point or zones. Lines that cannot be used are refused one by one and listed.

    \b
    broadcaster households import addresses.csv
    """
    from broadcaster.services.addresses import import_addresses

    with runtime() as rt:
        report = import_addresses(rt.db, file.read(), actor=operator(), now=clock.utc_now(), name=file.name)

    def words() -> None:
        for line, reason in report.refused:
            click.echo(f"line {line}: {reason}", err=True)
        click.echo(report.summary())

    show(report, words)


@click.group(cls=Group)
def zones() -> None:
    """Import the zones in which people live."""


@zones.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def import_zones_(file: Path, as_json: bool) -> None:
    """Import zones from a GeoJSON FILE: features with an id, a name per language, and a polygon. Others stay as they are.

    \b
    broadcaster zones import suburbs.geojson
    """
    from broadcaster.services.zones import import_zones

    with runtime() as rt, _bar("places") as progress:
        report = import_zones(
            rt.db,
            rt.profile,
            file.read_bytes(),
            actor=operator(),
            now=clock.utc_now(),
            name=file.name,
            progress=progress,
        )
    show(report, report.summary())

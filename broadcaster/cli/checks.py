"""`broadcaster profile` and `broadcaster channels`: is what was set up as it should be?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

import channels as channel_table
from broadcaster import clock
from broadcaster.cli.frame import Group, as_json, runtime, show
from broadcaster.domain.breaker import Position
from broadcaster.domain.forecast import TOO_LONG, Pace, forecast
from broadcaster.domain.kind import Lane
from broadcaster.runtime import FOLDER, Runtime
from broadcaster.services import channel_checks, forecasting
from broadcaster.services.channel_checks import Checked
from broadcaster.store import audience, generations, zones
from broadcaster.store.areas import Area

#: How long a text may be; most have two, their short forms one.
SEGMENTS = (1, 2)


@click.group(cls=Group)
def profile() -> None:
    """Check what a city is."""


@profile.command("check")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@as_json
def check_profile(file: Path | None, as_json: bool) -> None:
    """Read a profile FILE (default: the installation's) and list everything that is wrong with it, with line and column.

    \b
    broadcaster profile check profiles/kongsvinger.yaml
    """
    from broadcaster.settings import load
    from broadcaster.store import documents

    path = file or load().profile
    path = path if path.exists() or path.is_absolute() else FOLDER / path
    found = documents.load_profile(path)
    languages = ", ".join(found.languages)
    title = found.in_language(found.title, found.fallback)
    show({"file": path, "name": found.name, "languages": found.languages}, f"{path}: {title}, in {languages}")


@click.group(cls=Group)
def channels() -> None:
    """Check what alerts go out by."""


@channels.command("check")
@as_json
@click.pass_context
def check_channels(ctx: click.Context, as_json: bool) -> None:
    """Try every channel's credentials with a harmless call; say what each sender can do, and how long each zone takes.

    Exit code 1 when a channel that is set up does not answer as it should.
    """
    now = clock.utc_now()
    with runtime() as rt:
        found = channel_checks.every(rt)
        pace = forecasting.pace(rt, Lane.LIFE_SAFETY, live=True)
        phones, everybody = _phones(rt)
    took = {number: _minutes(phones, everybody, number, pace, now) for number in SEGMENTS}
    rows = [Row(zone, phones[zone], [took[each][zone] for each in SEGMENTS]) for zone in phones]
    rows.append(Row("", everybody, [took[each][""] for each in SEGMENTS]))
    document = {
        "channels": found,
        "texts_per_second": pace.per_second,
        "phones": phones,
        "minutes": {row.zone: row.minutes[0] for row in rows if row.zone and row.minutes[0] is not None},
        "too_long_minutes": TOO_LONG.total_seconds() / 60,
        "zones": [row.document() for row in rows if row.zone],
        "everybody": rows[-1].document(),
    }

    def words() -> None:
        for each in found:
            _say(each)
        if pace.per_second:
            click.echo(f"{pace.per_second:g} segments a second; minutes for one text to everybody there:")
            for row in sorted(rows, key=lambda row: -row.phones):
                click.echo(row.words())

    show(document, words)
    ctx.exit(1 if any(each.fails for each in found) else 0)


@dataclass(frozen=True, slots=True)
class Row:
    """One zone, or everybody (""): its phones, and the minutes for a text of each number of SEGMENTS; None: no rate is known."""

    zone: str
    phones: int
    minutes: Sequence[float | None]

    @property
    def too_long(self) -> list[bool]:
        return [each is not None and each > TOO_LONG.total_seconds() / 60 for each in self.minutes]

    def document(self) -> dict[str, object]:
        """For `--json`; `segments` is "1" and "2"."""
        by_segments = {
            str(number): {"minutes": minutes, "too_long": late}
            for number, minutes, late in zip(SEGMENTS, self.minutes, self.too_long, strict=True)
        }
        return {"zone": self.zone or None, "phones": self.phones, "segments": by_segments}

    def words(self) -> str:
        """For a person; what takes too long is red and says so."""
        taken = []
        for number, minutes, late in zip(SEGMENTS, self.minutes, self.too_long, strict=True):
            said = f"{minutes:g} min with {number} segment{'s' * (number > 1)}"
            taken.append(click.style(f"{said} TOO LONG", fg="red") if late else said)
        return f"  {self.zone or 'everybody'}: {self.phones:,} phones, {', '.join(taken)}"


def _minutes(
    phones: Mapping[str, int], everybody: int, segments: int, pace: Pace, now: datetime
) -> Mapping[str, float | None]:
    """Zone → minutes until the last text has left, were only that zone told; "" is everybody together."""
    found = {}
    for zone, number in {**phones, "": everybody}.items():
        seconds = forecast({"": number}, (), {"": segments}, pace, now).seconds
        found[zone] = None if seconds is None else round(seconds / 60, 1)
    return found


def _say(each: Checked, first: bool = True) -> None:
    by = f" by {each.carrier}" if len(channel_table.carriers(each.channel)) > 1 and (each.others or not first) else ""
    click.echo(f"{each.mode} {each.channel}{by}: {each.health.account if each.health else each.problem}")
    for line in (*each.health.senders, *each.health.notes) if each.health else ():
        click.echo(f"  {line}")
    if each.breaker not in (None, Position.CLOSED):
        click.echo(f"  {each.carrier} has not answered alerts of late; it is tried again by itself")
    for other in each.others:
        _say(other, first=False)


def _phones(rt: Runtime) -> tuple[Mapping[str, int], int]:
    """Zone → its phones, and how many there are in all; without those who opted out."""
    with rt.db.read() as connection:
        codes = tuple(zone.code for zone in zones.listing(connection))
        generation = generations.current(connection)
        found = [
            audience.count(connection, area, languages=rt.profile.languages, lane=Lane.LIFE_SAFETY, exercise=False)
            for area in (Area(generation, zones=codes), Area(generation, everybody=True))
        ]
    return found[0].zones, found[1].phones

"""`broadcaster profile` and `broadcaster channels`: is what was set up as it should be?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

import channels as channel_table
from broadcaster.cli.frame import Group, as_json, runtime, show
from broadcaster.runtime import FOLDER, Runtime
from channels.base import ChannelError, Health
from channels.senders import Sender, parse_senders


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


@dataclass(frozen=True, slots=True)
class Checked:
    """One channel, live or for exercises: `health` when it answered, else what it lacks or why it did not."""

    channel: str
    mode: str
    set_up: bool
    health: Health | None = None
    problem: str = ""


@channels.command("check")
@as_json
@click.pass_context
def check_channels(ctx: click.Context, as_json: bool) -> None:
    """Try every channel's credentials with a harmless call; say what each sender can do, and how long each zone takes.

    Exit code 1 when a channel that is set up does not answer as it should.
    """
    with runtime() as rt:
        found = [_checked(rt, name, live) for live in (True, False) for name in channel_table.CHANNELS]
        senders = parse_senders(rt.settings.live.twilio_from)
        rate = _rate(senders, rt.settings.sms_rate)
        phones = _phones_by_zone(rt)
    minutes = {zone: round(number / rate / 60, 1) for zone, number in phones.items()} if rate else {}
    document = {"channels": found, "texts_per_second": rate, "phones": phones, "minutes": minutes}

    def words() -> None:
        for each in found:
            _say(each)
        if rate:
            click.echo(f"{rate:g} texts a second with {len(senders)} senders:")
            for zone, number in sorted(phones.items(), key=lambda item: -item[1]):
                click.echo(f"  {zone}: {number:,} phones, {minutes[zone]:g} min for one text each")

    show(document, words)
    ctx.exit(1 if any(each.set_up and each.health is None for each in found) else 0)


def _checked(rt: Runtime, name: str, live: bool) -> Checked:
    mode = "live" if live else "exercise"
    if lacking := rt.missing(name, live):
        return Checked(name, mode, False, problem=lacking)
    try:
        return Checked(name, mode, True, health=rt.channel(name, live).check())
    except ChannelError as error:
        return Checked(name, mode, True, problem=str(error))


def _say(each: Checked) -> None:
    if each.health is None:
        click.echo(f"{each.mode} {each.channel}: {each.problem}")
        return
    click.echo(f"{each.mode} {each.channel}: {each.health.account}")
    for line in (*each.health.senders, *each.health.notes):
        click.echo(f"  {line}")


def _rate(senders: tuple[Sender, ...], limit: float | None) -> float:
    """Texts a second over all senders; 0 when there are none."""
    together = sum(sender.rate for sender in senders)
    return min(together, limit) if limit else together


def _phones_by_zone(rt: Runtime) -> Mapping[str, int]:
    from broadcaster.store import audience, generations, zones
    from broadcaster.store.areas import Area

    with rt.db.read() as connection:
        codes = tuple(zone.code for zone in zones.listing(connection))
        area = Area(generations.current(connection), zones=codes)
        counted = audience.count(connection, area, languages=rt.profile.languages, lane="life-safety", exercise=False)
    return counted.zones

"""Alert files on the command line: read one with its pictures, and `broadcaster preview`, which shows what it becomes."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.text import Text

from broadcaster import clock
from broadcaster.cli.frame import Reasoned, as_json, runtime, show
from broadcaster.cli.rehearsal import rehearsal
from broadcaster.domain.alert import Draft, plain
from broadcaster.runtime import Runtime
from broadcaster.services import drafting, forecasting, pictures
from broadcaster.services.forecasting import Outlook
from broadcaster.store import documents
from channels import CHANNELS
from channels.base import Message

ALERT_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def read(rt: Runtime, file: Path, now: datetime) -> Draft:
    """The draft in an alert file, with its pictures taken in. Invalid lists everything that is wrong with it."""
    draft = documents.read_alert_file(file, ZoneInfo(rt.profile.timezone), now)
    return pictures.take_in(rt, draft, file.parent)


@click.command(cls=Reasoned)
@click.argument("file", type=ALERT_FILE)
@as_json
@click.pass_context
def preview(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Show every text that an alert FILE becomes: channel by channel, language by language, with its length.

    Nothing is kept and nothing is sent, so no channel need be set up, and where no zones were imported the profile's own are
    used. Problems are listed last; exit code 1 when there are any.

    \b
    broadcaster preview flood.yaml
    broadcaster preview flood.yaml --json | jq .messages
    """
    now = clock.utc_now()
    with runtime() as rt:
        with rehearsal(rt, now) as as_if:
            found = drafting.preview(as_if, read(rt, file, now), now)
        zone = ZoneInfo(rt.profile.timezone)
        units = {name: rt.limits_of(name).unit for name in CHANNELS}
        draft = found.partly.draft
        lacking = [
            lack for name in draft.channels if name in CHANNELS and (lack := rt.missing(name, draft.status.live))
        ]
    made = found.partly.made
    document = {
        "messages": [
            _document(message, units[message.channel]) for message in made.messages if message.channel in units
        ],
        "audience": found.audience,
        "forecast": forecasting.document(found.outlook) if found.outlook else None,
        "not_set_up": lacking,
        "problems": found.problems,
    }

    def words() -> None:
        console = Console(highlight=False)
        for message in made.messages:
            if message.channel in units:
                _print(console, message, units[message.channel])
        if found.audience is not None:
            console.print(f"would reach {found.audience.phones:,} phones in {found.audience.households:,} households")
        if found.outlook is not None:
            for line in forecast_words(found.outlook, zone):
                console.print(line, soft_wrap=True)
        for lack_or_problem in (*lacking, *found.problems):
            click.echo(str(lack_or_problem), err=True)
        if any(each.place == "references" for each in found.problems):
            click.echo("what it follows must have been sent from here: `broadcaster alert list` has the ids", err=True)

    show(document, words)
    ctx.exit(1 if found.rendered is None else 0)


def forecast_words(outlook: Outlook, zone: ZoneInfo) -> Iterator[str]:
    """When the last text has left, by the city's clock, and what it costs; a line for every zone that is told too late."""
    found = outlook.forecast
    cost = (
        f"{found.cost.amount:.2f} {found.cost.currency}" if found.cost else "cost unknown, set sms_price in the profile"
    )
    texts = f"{found.phones:,} texts of {found.segments:,} segments"
    if found.finish is None or found.seconds is None:
        yield f"{texts}, {cost}; how long they take is not known"
    else:
        yield f"{texts}, {cost}; the last has left at {_clock(found.finish, zone)}, after {found.seconds / 60:.1f} min"
    for each in found.late:
        assert each.finish is not None
        assert each.arrival is not None
        yield f"TOO LATE for {each.code}: {_clock(each.finish, zone)}, and the hazard is there at {_clock(each.arrival, zone)}"
    if outlook.short is not None and outlook.short.finish is not None:
        late = ", ".join(each.code for each in outlook.short.late)
        verdict = f"still too late for {late}" if late else "in time"
        yield f"with `short: true` the last would leave at {_clock(outlook.short.finish, zone)}: {verdict}"


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M:%S %Z}"


def _document(message: Message, unit: str) -> dict[str, object]:
    found = plain(message)
    assert isinstance(found, dict)
    return found | {"unit": unit}


def _print(console: Console, message: Message, unit: str) -> None:
    console.rule(Text(f"{message.channel} · {message.language}"), align="left")
    if message.title:
        console.print(Text(message.title, style="bold"))
    for number, part in enumerate(message.parts):
        console.print(Text(part), soft_wrap=True)
        length = f"{message.units[number]} {unit}" if number < len(message.units) else ""
        notes = [
            length,
            message.encoding,
            f"part {number + 1} of {len(message.parts)}" if len(message.parts) > 1 else "",
        ]
        console.print(Text(" · ".join(each for each in notes if each), style="dim"))
    for note in message.notes:
        console.print(Text(note, style="dim"))
    console.print()

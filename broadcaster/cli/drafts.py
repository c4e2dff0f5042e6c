"""Alert files on the command line: read one with its pictures, and `broadcaster preview`, which shows what it becomes."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.text import Text

from broadcaster import clock
from broadcaster.cli.frame import Reasoned, as_json, runtime, show
from broadcaster.domain.alert import Draft, plain
from broadcaster.runtime import Runtime
from broadcaster.services import drafting, pictures
from broadcaster.store import documents
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

    Nothing is kept and nothing is sent. Problems are listed last; exit code 1 when it could not be submitted like this.

    \b
    broadcaster preview flood.yaml
    broadcaster preview flood.yaml --json | jq .messages
    """
    now = clock.utc_now()
    with runtime() as rt:
        found = drafting.preview(rt, read(rt, file, now), now)
        limits = {name: rt.limits_of(name) for name in rt.channel_names()}
    made = found.partly.made
    document = {
        "messages": [
            _document(message, limits[message.channel].unit if message.channel in limits else "")
            for message in made.messages
        ],
        "audience": found.audience,
        "problems": found.problems,
    }

    def words() -> None:
        console = Console(highlight=False)
        for message in made.messages:
            _print(console, message, limits[message.channel].unit if message.channel in limits else "")
        if found.audience is not None:
            console.print(f"would reach {found.audience.phones:,} phones in {found.audience.households:,} households")
        for problem in found.problems:
            click.echo(str(problem), err=True)

    show(document, words)
    ctx.exit(1 if found.rendered is None else 0)


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

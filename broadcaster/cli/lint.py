"""`broadcaster lint`: the warning check of an alert file, or of a text as it stands."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from broadcaster import clock
from broadcaster.cli.drafts import read
from broadcaster.cli.frame import Reasoned, as_json, runtime, show
from broadcaster.cli.rehearsal import rehearsal
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.lint.case import Case, Text
from broadcaster.domain.lint.checking import check
from broadcaster.domain.lint.finding import Finding
from broadcaster.domain.lint.lexicons import LEXICONS
from broadcaster.domain.lint.reading import of_page
from broadcaster.domain.profile import Profile
from broadcaster.runtime import FOLDER
from broadcaster.services import drafting, warning_check
from broadcaster.settings import load
from broadcaster.store import documents
from broadcaster.store.rarity import rare
from broadcaster.store.zone_files import read_zones
from channels import CHANNELS

#: Longer than any warning: a file of this size is something else.
LARGEST = 200_000
_ALERT_FILES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one file: the findings, and what else stands in the way of an alert."""

    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> int:
        return len(self.problems) + sum(each.error for each in self.findings)


@click.command(cls=Reasoned)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--language", "tag", default="", help="Language of a text: en, nb.  [default: the city's first]")
@click.option(
    "--channel", type=click.Choice(list(CHANNELS)), default="sms", show_default=True, help="Channel of a text."
)
@click.option("--exercise", is_flag=True, help="The text is an exercise, and must say so first.")
@click.option("--update", is_flag=True, help="The text is an update, and must say what is new.")
@as_json
@click.pass_context
def lint(ctx: click.Context, file: Path, tag: str, channel: str, exercise: bool, update: bool, as_json: bool) -> None:
    """Check the words of FILE: an alert file (YAML or JSON), or a text as it would go out (- reads it from stdin).

    An alert is checked in every channel and language, with its fields. Errors stop a submission, warnings need a reason. Exit
    code 1 when there are errors.

    \b
    broadcaster lint flood.yaml
    broadcaster lint warning.txt --language nb --channel sms
    echo "Water soon" | broadcaster lint - --language en --json
    """
    if file.suffix.lower() in _ALERT_FILES:
        if tag or exercise or update:
            raise click.UsageError("an alert file says its languages, status and msgType itself")
        found = _alert(file)
    else:
        found = _text(_words(file), tag, channel, exercise, update)
    warnings = sum(not each.error for each in found.findings)
    document = {
        "findings": warning_check.document(found.findings),
        "problems": found.problems,
        "errors": found.errors,
        "warnings": warnings,
    }
    show(document, lambda: _say(found, warnings))
    ctx.exit(1 if found.errors else 0)


def _alert(file: Path) -> Checked:
    now = clock.utc_now()
    with runtime() as rt, rehearsal(rt, now) as as_if:
        found = drafting.preview(as_if, read(rt, file, now), now)
    return Checked(found.findings, found.problems)


def _words(file: Path) -> str:
    raw = sys.stdin.buffer.read(LARGEST + 1) if str(file) == "-" else file.read_bytes()
    if len(raw) > LARGEST:
        raise Invalid([Problem(str(file), f"is larger than {LARGEST} bytes", "Give a warning text.")])
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise Invalid([Problem(str(file), "is not text in UTF-8")]) from None
    if not text:
        raise Invalid([Problem(str(file), "is empty", "Give a warning text.")])
    return text


def _text(words: str, tag: str, channel: str, exercise: bool, update: bool) -> Checked:
    found = load()
    path = found.profile if found.profile.exists() or found.profile.is_absolute() else FOLDER / found.profile
    profile = documents.load_profile(path)
    languages = documents.load_languages(FOLDER / "templates" / "alerts")
    tag = tag or profile.fallback
    if tag not in languages:
        raise click.BadParameter(f"{tag!r} is none of: {', '.join(languages)}", param_hint="--language")
    places = _places(profile, path.parent)
    case = Case(
        texts=(Text(channel, tag, of_page(words) if "</" in words else words),),
        live=not exercise,
        update=update,
        senders={tag: (profile.in_language(profile.sender, tag),)},
        places=tuple(places),
        names=warning_check.names_of(profile, places),
        marks={code: each.exercise_first for code, each in languages.items()},
    )
    return Checked(check(case, rare, LEXICONS))


def _places(profile: Profile, folder: Path) -> Sequence[dict[str, str]]:
    """Names of the zones that come with the profile; none where it has no file of them."""
    file = folder / profile.zones_file
    if not profile.zones_file or not file.is_file():
        return []
    return [dict(each.names) for each in read_zones(file.read_bytes(), file.name, profile.fallback)]


def _say(found: Checked, warnings: int) -> None:
    for problem in found.problems:
        click.echo(f"error {problem}")
    for each in found.findings:
        where = f"{each.place} ({each.language})" if not each.place.endswith(f".{each.language}") else each.place
        click.echo(f"{each.rule.weight} {each.rule.id}: {where} {each.message()}. {each.cure()}")
    if not found.problems and not found.findings:
        click.echo("nothing to say")
    else:
        click.echo(f"{found.errors} error{'s' * (found.errors != 1)}, {warnings} warning{'s' * (warnings != 1)}")

"""`broadcaster playbook`: check what was prepared, and set one going."""

import re
from pathlib import Path

import click

from broadcaster import clock
from broadcaster.cli import proof
from broadcaster.cli.frame import Group, as_json, by_cli, operator, runtime, show
from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Invalid
from broadcaster.domain.rules import Actor

#: What is read as YAML; everything else is just text, whatever punctuation it has.
_STRUCTURED = re.compile(r"\s*[\[{].*|-?\d+(\.\d+)?|true|false", re.DOTALL)


@click.group(cls=Group)
def playbook() -> None:
    """Check playbooks, and run them."""


@playbook.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(dir_okay=False, path_type=Path))
@as_json
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """List everything that is wrong with playbook FILEs (default: all), with line and column.

    Each step is put into words for every combination of its choices, in every language and channel, so what passes here also
    fits.

    \b
    broadcaster playbook check
    broadcaster playbook check playbooks/evacuation.yaml
    """
    from broadcaster.services import playbook_checks, playbooks

    with runtime() as rt:
        found = files or tuple(playbooks.folder_of(rt) / f"{name}.yaml" for name in playbooks.names(rt))
        problems = playbook_checks.check(rt, found)
    if problems:
        raise Invalid(problems)
    show({"files": found, "problems": []}, "\n".join(f"{path}: nothing is wrong" for path in found))


@playbook.command()
@click.argument("name")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="A parameter; a list is [one, two].")
@click.option(
    "--status", type=click.Choice([str(each) for each in Status]), default=str(Status.ACTUAL), show_default=True
)
@click.option(
    "--incident", default="", help="Which it belongs to; made when it is new.  [default: the playbook's, with the day]"
)
@click.option("--key", default="", help="Idempotency key: the same key twice starts one run.")
@click.option("--as", "email", default="", help="E-mail of the user who runs it.  [default: whoever runs this command]")
@as_json
def run(name: str, fields: tuple[str, ...], status: str, incident: str, key: str, email: str, as_json: bool) -> None:
    """Start the playbook NAME: its alerts wait for approval, or go at once where two people have approved this version of it.

    \b
    broadcaster playbook run brisbane-river-flood --field level=3.5 --field "zones=[rocklea, oxley]" --status Exercise
    """
    from broadcaster.services import playbooks

    with runtime() as rt:
        actor: Actor = by_cli(proof.account(rt, email).actor) if email else operator()
        found = playbooks.run(rt, name, _values(fields), actor, Status(status), clock.utc_now(), key, incident)

    def words() -> None:
        click.echo(f"{found.name} ({found.id}): {found.state}, incident {found.incident}")
        for step in found.steps:
            click.echo(
                f"  {step.name}: {str(step.state).replace('_', ' ')}" + (f", {step.reason}" if step.reason else "")
            )

    show(found, words)


def _values(fields: tuple[str, ...]) -> dict[str, object]:
    from broadcaster.store import documents

    found: dict[str, object] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals:
            raise click.BadParameter(f"{field!r} is not NAME=VALUE", param_hint="--field")
        found[name.strip()] = documents.parse(value, name).plain() if _STRUCTURED.fullmatch(value) else value
    return found

"""`broadcaster journal`: what was decided by whom, handed out and proved whole."""

import json

import click

from broadcaster.cli.frame import Group, as_json, runtime, show


@click.group(cls=Group)
def journal() -> None:
    """Hand out the journal, or prove that nobody has changed it."""


@journal.command()
@click.option("--incident", default="", help="Of one incident; `system` is the chain of everything else.")
@as_json
def export(incident: str, as_json: bool) -> None:
    """Print every entry, oldest first: one JSON object per line, or one JSON document.

    \b
    broadcaster journal export --incident brisbane-flood-2026 > journal.jsonl
    """
    from broadcaster.services import journal as service

    with runtime() as rt:
        entries = service.export(rt, incident)
        if as_json:
            click.echo("[")
        for number, entry in enumerate(entries):
            text = json.dumps(entry, ensure_ascii=False)
            click.echo(f"{',' if number else ''}{text}" if as_json else text)
        if as_json:
            click.echo("]")


@journal.command()
@as_json
@click.pass_context
def verify(ctx: click.Context, as_json: bool) -> None:
    """Recompute the hash of every entry. Exit code 1 when one does not fit.

    Write the last hashes down somewhere else: against them, a cut-off end shows as well.
    """
    from broadcaster.services import journal as service

    with runtime() as rt:
        verdict = service.verify(rt)

    def words() -> None:
        for broken in verdict.breaks:
            click.echo(f"{broken.chain}, entry {broken.seq}: {broken.why}")
        for chain, head in verdict.heads.items():
            click.echo(f"{chain} is whole; its last hash is {head}")
        click.echo(f"{verdict.entries} entries, {len(verdict.breaks)} chains broken")

    show(verdict, words)
    ctx.exit(1 if verdict.breaks else 0)

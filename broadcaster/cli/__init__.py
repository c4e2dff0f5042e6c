"""The command line: `broadcaster COMMAND`. Commands read arguments, call one service and print; each file loads on first use."""

from importlib import import_module

import click

from broadcaster import __doc__ as about
from broadcaster.cli.frame import Reasoned

#: Command → the file and name that it is found under.
COMMANDS = {
    "demo": "parts:demo",
    "run": "parts:run",
    "web": "parts:web",
    "worker": "parts:worker",
    "sweep": "parts:sweep",
    "sandbox": "parts:sandbox",
    "preview": "drafts:preview",
    "lint": "lint:lint",
    "alert": "alerts:alert",
    "playbook": "playbooks:playbook",
    "residents": "register:residents",
    "households": "register:households",
    "zones": "register:zones",
    "user": "people:user",
    "key": "people:key",
    "duty": "duty:duty",
    "profile": "checks:profile",
    "channels": "checks:channels",
    "journal": "history:journal",
    "db": "database:db",
}


class Commands(click.Group):
    """The table above as click knows it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        file, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"{__name__}.{file}"), name)
        assert isinstance(found, click.Command)
        return found


@click.group(
    cls=Commands, help=about, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="broadcaster")
def main() -> None:
    """Replaced by what the package says of itself."""


__all__ = ["COMMANDS", "Reasoned", "main"]

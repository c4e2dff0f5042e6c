"""What every command shares: how it fails, how it prints, who acts, and the installation that it works on."""

import json
import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from broadcaster import settings as settings_module
from broadcaster.domain.alert import plain
from broadcaster.domain.errors import BroadcasterError, Invalid, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.processes import logs, part
from broadcaster.processes.secret import secret_of
from broadcaster.runtime import Runtime, build
from broadcaster.services import migrating
from broadcaster.settings import Settings
from channels.base import ChannelError

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")


class Reasoned(click.Command):
    """A command that fails with a reason of one line per problem and exit code 1; wrong usage is exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Invalid as error:
            fail(ctx, [*error.problems])
        except (BroadcasterError, ChannelError) as error:
            fail(ctx, [Problem("", str(error))])
        except SQLAlchemyError as error:
            fail(ctx, [Problem("", f"the database does not answer as it should ({type(error).__name__})")])
        except BrokenPipeError:
            ctx.exit(1)  # whoever read our output has gone
        except OSError as error:
            fail(ctx, [Problem("", f"{error.filename or 'a file'}: {error.strerror or error}")])


class Group(click.Group):
    """A group whose commands fail with a reason."""

    command_class = Reasoned
    group_class = type


def fail(ctx: click.Context, problems: list[Problem]) -> NoReturn:
    """Say why on stderr, a line each (and on stdout as JSON where that was asked for), and exit 1."""
    for problem in problems:
        click.echo(str(problem) if problem.place else problem.message, err=True)
    if ctx.params.get("as_json"):
        click.echo(json.dumps({"problems": [plain(problem) for problem in problems]}, ensure_ascii=False))
    ctx.exit(1)


def show(document: object, words: str | Callable[[], None]) -> None:
    """Print `document` as JSON where that was asked for, else `words` (or what they print themselves)."""
    if click.get_current_context().params.get("as_json"):
        click.echo(json.dumps(plain(document), ensure_ascii=False, indent=2))
    elif callable(words):
        words()
    else:
        click.echo(words)


def settings() -> Settings:
    """What the environment says, with the secret and the address that `run` made up where it names none."""
    found = settings_module.load()
    if "public_url" not in found.model_fields_set and (address := part.kept_address(found.var_dir)):
        found = found.model_copy(update={"public_url": address})
    if found.secret_key.get_secret_value():
        return found
    secret = secret_of(found.var_dir, make=not found.database_url.get_secret_value())
    return found.model_copy(update={"secret_key": SecretStr(secret)}) if secret else found


@contextmanager
def runtime(current: bool = True) -> Iterator[Runtime]:
    """The installation that the environment names. An SQLite file that is not there yet is made; `current` false: leave it."""
    logs.configure("cli", logs.WARNING)
    found = settings()
    part.folder(found)
    rt = build(found)
    try:
        if current:
            if rt.db.sqlite and not Path(rt.db.url.database or "").exists():
                migrating.upgrade(rt.db)
            migrating.must_be_current(rt.db)
        yield rt
    finally:
        rt.close()


def os_user() -> str:
    """Who sits at the terminal, as the operating system knows them."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def operator() -> Actor:
    """Whoever can run this command on this machine: may do what an admin may, but is never the second person."""
    scopes = frozenset({"playbooks:run"})
    return Actor(f"os:{os_user()}"[:64], f"{os_user()} (by CLI)"[:120], Role.ADMIN, person=False, scopes=scopes)


def by_cli(actor: Actor) -> Actor:
    """A person for whom somebody at the terminal acts, so that the journal says so."""
    return replace(actor, name=f"{actor.name} (by CLI, as OS user {os_user()})"[:120])

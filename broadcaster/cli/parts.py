"""Commands that start processes: everything on this machine at once, or one part of an installation at a time."""

import json
import signal
import threading
from types import FrameType
from typing import Literal

import click

from broadcaster.cli.frame import Reasoned, as_json
from broadcaster.settings import load

#: `run` says after so many seconds what it still waits for, and goes on waiting.
SAY_AFTER = 60.0


@click.command(cls=Reasoned)
@click.option("--once", is_flag=True, help="End when every delivery is final.")
@as_json
@click.pass_context
def demo(ctx: click.Context, once: bool, as_json: bool) -> None:
    """Play the Brisbane flood of January 2011 on sandbox providers.

    Uses only VAR_DIR/demo: its own database, queue and made-up credentials. It ignores DATABASE_URL and REDIS_URL and
    refuses a provider that is not on this machine.

    \b
    broadcaster demo                 play it, then keep serving until Ctrl-C
    broadcaster demo --once --json   play it, count every text at the providers, end
    """
    from broadcaster.demo.play import play

    ctx.exit(play(once=once, json=as_json))


@click.command(cls=Reasoned)
@click.option("--port", default=8000, show_default=True, help="Of the console; 0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; leave it behind a proxy.")
@click.option(
    "--urgent", default=3, show_default=True, type=click.IntRange(1, 64), help="Workers for posts and small sends."
)
@click.option("--bulk", default=1, show_default=True, type=click.IntRange(1, 64), help="Workers for large audiences.")
@as_json
def run(port: int, host: str, urgent: int, bulk: int, as_json: bool) -> None:
    """Serve everything on this machine, and start again what dies.

    Starts the queue's server (unless REDIS_URL is set), the console, the callbacks, the workers, the sweeper, and provider
    servers for exercises where no EXERCISE credentials are set. Makes a secret in VAR_DIR/secret_key when SECRET_KEY is unset,
    brings the database up to date, and prints `ready http://127.0.0.1:PORT` when alerts can go out. Ctrl-C ends it all.

    \b
    broadcaster run
    broadcaster run --port 0 --urgent 5
    .venv/bin/supervisorctl -c var/supervisord.conf status
    """
    from broadcaster.domain.errors import NotReady
    from broadcaster.processes import logs
    from broadcaster.processes.installation import Installation

    logs.configure("run", logs.WARNING)
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    settings = load()
    with Installation(settings, host=host, port=port, urgent=urgent, bulk=bulk) as here:
        said, waited = False, 0.0
        while here.runs() and not ended.is_set():
            if not said and not (lacking := here.lacking()):
                said = True
                click.echo(json.dumps({"ready": here.url}) if as_json else f"ready {here.url}")
            elif not said and (waited := waited + 0.2) > SAY_AFTER:
                waited = 0.0
                click.echo(f"not ready yet: {lacking}", err=True)
            ended.wait(0.5 if said else 0.2)
        if not ended.is_set():
            raise NotReady(f"the supervisor has ended, so everything ends; see {here.settings.var_dir / 'log'}")


@click.command(cls=Reasoned)
@click.option("--bind", default="", help="HOST:PORT or unix:PATH.  [default: 127.0.0.1:8000, webhooks 127.0.0.1:8001]")
@click.option("--only", type=click.Choice(["webhooks"]), help="The providers' callbacks alone.")
def web(bind: str, only: Literal["webhooks"] | None) -> None:
    """Serve the console, the API and the callbacks, or the callbacks alone. Needs SECRET_KEY.

    A process of its own for the callbacks keeps a flood of receipts from delaying the stop button.

    \b
    broadcaster web
    broadcaster web --only webhooks --bind unix:/run/broadcaster/webhooks.sock
    """
    from broadcaster.processes.web import serve

    serve(load(), bind or ("127.0.0.1:8001" if only else "127.0.0.1:8000"), only)


@click.command(cls=Reasoned)
@click.option("--lane", type=click.Choice(["urgent", "bulk"]), required=True, help="The queue to listen to.")
def worker(lane: str) -> None:
    """Send what is queued on one lane. Run as many as you like, on as many machines. Needs SECRET_KEY.

    The first SIGTERM lets it finish what it has in hand.

    \b
    broadcaster worker --lane urgent
    """
    from broadcaster.processes.worker import work

    work(load(), lane)


@click.command(cls=Reasoned)
def sweep() -> None:
    """Ring what was forgotten, end what is over, make the backups. Run two on different machines; one leads. Needs SECRET_KEY."""
    from broadcaster.processes import sweeper

    sweeper.sweep(load())


@click.command(cls=Reasoned)
@click.option("--twilio-port", default=0, help="0 takes any free port.")
@click.option("--x-port", default=0)
@click.option("--facebook-port", default=0)
@click.option("--sinch-port", default=0)
@click.option(
    "--callbacks",
    type=click.Choice(["all", "final", "off"]),
    default="all",
    show_default=True,
    help="Receipts of texts.",
)
@click.option("--exercises", is_flag=True, hidden=True)
@as_json
def sandbox(
    twilio_port: int, x_port: int, facebook_port: int, sinch_port: int, callbacks: str, exercises: bool, as_json: bool
) -> None:
    """Serve Twilio's, X's, Facebook's and Sinch's HTTP on this machine, for drills and tests.

    Prints each provider and its address. GET /_sent lists what residents would have received, POST /_faults makes it fail on
    purpose, POST /_reset forgets everything; / shows phones and timelines.

    \b
    broadcaster sandbox --twilio-port 9001 --x-port 9002 --facebook-port 9003
    curl -s localhost:9001/_sent
    """
    if exercises:
        from broadcaster.processes.sandbox import serve

        serve(load())
        return
    from collections.abc import Mapping

    from channels.sandbox import server

    def announce(urls: Mapping[str, str]) -> None:
        for line in [json.dumps(dict(urls))] if as_json else [f"{name} {url}" for name, url in urls.items()]:
            click.echo(line)

    server.run(twilio_port, x_port, facebook_port, sinch_port, callbacks, announce, adopt=True)

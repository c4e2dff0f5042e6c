"""`--wait`: how an alert goes, channel by channel, until every delivery is final."""

import time

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from broadcaster.domain.errors import NotReady
from broadcaster.domain.lifecycle import FINAL_DELIVERY
from broadcaster.runtime import Runtime
from broadcaster.store import alerts as alert_store
from broadcaster.store import progress

#: Seconds between two looks at least, and for how long nobody may be there to work before we stop waiting.
LOOK, ALONE = 0.5, 30.0
NOBODY = (
    "no worker is running: the alert is queued and nothing of it is lost; it goes out when `broadcaster run`"
    " (or a worker of each lane and a sweeper) is started"
)


def wait_for(rt: Runtime, alert_id: str) -> None:
    """Return when nothing about the alert is open any more. NotReady when no worker shows up within ALONE seconds."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[states]}"),
    )
    seen_worker, said = time.monotonic(), False
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}
        while True:
            looked = time.monotonic()
            if _look(rt, alert_id, bars, tasks):
                return
            # To count a million deliveries takes a while, which those who send them need more.
            pause = max(LOOK, 5 * (time.monotonic() - looked))
            if any((rt.queue.workers() or {}).values()):
                seen_worker = time.monotonic()
            elif not said:
                said = True
                click.echo(NOBODY, err=True)
            if time.monotonic() - seen_worker > ALONE:
                raise NotReady("still no worker is running, so waiting ends; the alert stays queued")
            time.sleep(pause)


def _look(rt: Runtime, alert_id: str, bars: Progress, tasks: dict[str, TaskID]) -> bool:
    with rt.db.read() as connection:
        row = alert_store.get(connection, alert_id)
        found = progress.by_channel(connection, alert_id)
    for channel, states in found.items():
        if channel not in tasks:
            tasks[channel] = bars.add_task(channel, total=None, states="")
        words = ", ".join(f"{number:,} {state}" for state, number in sorted(states.items()))
        done = sum(number for state, number in states.items() if state in FINAL_DELIVERY)
        bars.update(tasks[channel], total=sum(states.values()), completed=done, states=words)
    return row.completed_at is not None

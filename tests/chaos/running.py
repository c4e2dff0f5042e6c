"""One run from its seed to its outcome, on a database of its own."""

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from bench.postgres import Postgres
from tests.chaos.acts import Outcome, Play
from tests.chaos.ground import Ground
from tests.chaos.plan import Scale, plan
from tests.chaos.report import complaints
from tests.chaos.storm import Storm


def run(seed: int, database: str, scale: Scale, module: str = "broadcaster", server: Postgres | None = None) -> Outcome:
    """One run; its folder is kept and named in the outcome when something is wrong. `server`: a PostgreSQL that is not ours."""
    began = time.monotonic()
    outcome = Outcome(seed, database)

    def say(what: str) -> None:
        sys.stdout.write(f"[{database} {seed}] {time.monotonic() - began:6.1f} s  {what}\n")
        sys.stdout.flush()

    with _server(database, server) as (address, restart):
        ground = Ground(plan(seed, scale), scale, address, module)
        outcome.folder = str(ground.folder)
        try:
            with ground:
                _play(ground, Storm(ground, say, restart), say, outcome)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome must be told
            outcome.problems.append(f"{type(error).__name__}: {error}")
            traceback.print_exc()
        outcome.seconds = round(time.monotonic() - began, 1)
        if complaints(outcome):
            say(
                f"FAILED ({'; '.join(complaints(outcome))}); logs are in {ground.folder}; the plan: {ground.plan.document()}"
            )
        else:
            ground.forget()
            outcome.folder = ""
    return outcome


def _play(ground: Ground, storm: Storm, say: Callable[[str], None], outcome: Outcome) -> None:
    say(f"up with {ground.plan.urgent} urgent and {ground.plan.bulk} bulk workers, {ground.folder}")
    play = Play(ground, storm, say, outcome)
    try:
        play.weather()
        play.stopped()
        if ground.scale.whole:
            play.restored()
        play.reckon()
    finally:
        outcome.kills += storm.dealt["kill"]
        outcome.pauses, outcome.faults = storm.dealt["pause"], storm.dealt["fault"] + storm.dealt["lag"]
        outcome.blows = dict(storm.dealt)


@contextmanager
def _server(database: str, server: Postgres | None) -> Iterator[tuple[str, Callable[[], None] | None]]:
    """Address of an empty database, and what kills its server and starts it again; None where that is not ours."""
    name = f"chaos_{uuid4().hex[:12]}"
    if database == "sqlite":
        yield "", None
    elif server is not None:
        yield server.create(name), None
        server.drop(name)
    else:
        with Postgres() as own:
            yield own.create(name), own.restart

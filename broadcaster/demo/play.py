"""`broadcaster demo`: builds the stage, plays the story, counts at the providers, and keeps serving until Ctrl-C."""

import json as documents
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from broadcaster import clock
from broadcaster.demo.outcome import complaints, document
from broadcaster.demo.performing import Performance
from broadcaster.demo.stage import RESIDENTS, Stage
from broadcaster.demo.story import STORY
from broadcaster.demo.telling import Telling
from broadcaster.domain.errors import NotReady
from broadcaster.processes import logs
from broadcaster.services import journal
from broadcaster.settings import load

#: The profile's, but known before it is read.
ZONE = "Australia/Brisbane"
#: How long the parts may take to come up, in seconds: on a busy machine they share its cores with whatever else runs.
PATIENCE = 180.0


def play(once: bool, json: bool) -> int:
    """Play the demo; the process's exit code. With `json` stdout holds one document and the narration goes to stderr.

    0: every alert final, nothing lost or doubled. 1: something is, or it was interrupted before the end. Invalid and
    Conflict: it cannot start. Without `once` it serves after the story until SIGINT, SIGTERM or SIGHUP.
    """
    logs.configure("demo", logs.WARNING)
    telling = Telling(ZONE, stderr=json)
    code = None
    try:
        with _interruptible(), _opened(telling) as stage:
            code = _perform(stage, telling, json)
            if not once:
                _serve(stage, telling)
    except KeyboardInterrupt:
        if code is None:
            sys.stderr.write("ended before the story was over\n")
    return 1 if code is None else code


def _opened(telling: Telling) -> Stage:
    """The stage, still dark; what forbids to play is said before anything else is."""
    stage = Stage(load())
    telling.opening(clock.utc_now())
    telling.say(clock.utc_now(), "Starting queue, console, workers, sweeper and provider servers; moving residents in")
    return stage


def _perform(stage: Stage, telling: Telling, json: bool) -> int:
    stage.settle()
    stage.installation.wait_until_ready(PATIENCE)
    telling.say(clock.utc_now(), f"Ready: {RESIDENTS:,} invented residents in {stage.zones} suburbs. Watch it here:")
    telling.addresses(stage.places())
    performance = Performance(stage, telling)
    for scene in STORY:
        if not performance.play(scene):
            break
    total = performance.tally()
    played = performance.played()
    record = journal.verify(stage.rt)
    telling.summary(played, total, record)
    if json:
        sys.stdout.write(documents.dumps(document(played, total), ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()
    found = [*complaints(played, total, len(STORY)), *(f"the journal is broken: {each.why}" for each in record.breaks)]
    for complaint in found:
        sys.stderr.write(complaint + "\n")
    return 1 if found else 0


def _serve(stage: Stage, telling: Telling) -> None:
    """Until interrupted."""
    telling.say(clock.utc_now(), "The story is over; everything stays up until Ctrl-C:")
    telling.addresses(stage.places())
    while stage.installation.runs():
        time.sleep(0.5)
    raise NotReady(f"the supervisor has ended, so everything ends; see {stage.var_dir / 'log'}")


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP end the demo as Ctrl-C does; once it is ending, nothing hurries it: it must end what it started."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

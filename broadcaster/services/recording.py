"""What became of what was handed over, written down: the engine's whole policy about failures, in one place."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection

from broadcaster.services.parcels import Sheet
from broadcaster.store import deliveries, stops
from broadcaster.store.deliveries import Accepted
from channels.base import ChannelError, Misconfigured, Outcome, Refused, Unavailable

#: The longest wait before the next try at one delivery, seconds.
LONGEST_WAIT = 60


class Landed(NamedTuple):
    """An outcome, the row it is about, and the epoch under which that was sent."""

    number: int
    epoch: int
    outcome: Outcome


def write_down(tx: Connection, sheet: Sheet, landed: Sequence[Landed], pull_after: float) -> None:
    """Accepted, given back, failed, or left as it is: to be looked up. `pull_after` (seconds): when to ask about the accepted."""
    taken = [each for each in landed if each.outcome.error is None]
    if taken:
        accepted = (Accepted(number, epoch, outcome.provider_id, outcome.url) for number, epoch, outcome in taken)
        deliveries.accept(tx, list(accepted), pull_after)
    if not sheet.personal:
        sheet.posted.extend(replace(each.outcome.parcel, provider_id=each.outcome.provider_id) for each in taken)
    for each in landed:
        if each.outcome.error is not None:
            _write_down_trouble(tx, sheet, each, each.outcome.error)


def _write_down_trouble(tx: Connection, sheet: Sheet, landed: Landed, error: ChannelError) -> None:
    number, epoch, outcome = landed
    match error:
        case Refused():
            deliveries.fail(tx, number, epoch, error.reason, error.code)
            if error.opted_out:
                stops.add(tx, outcome.parcel.to, sheet.lane, "provider")
        case Unavailable():
            wait = max(error.retry_after, _backoff(tx, number))
            deliveries.give_back(tx, [number], epoch, wait, error.reason, error.code, free=error.slow_down)
        case Misconfigured():
            deliveries.give_back(tx, [number], epoch, 0, error.reason, error.code, free=True)
        case _:
            # Uncertain: left as sending. The next owner looks it up when its grace is over.
            pass
    deliveries.note_attempt(tx, number, type(error).__name__, error.code, error.reason)


def _backoff(tx: Connection, number: int) -> float:
    """Seconds before the next try: 1, 2, 4 … up to a minute."""
    return float(min(LONGEST_WAIT, 2 ** (deliveries.attempts_of(tx, number) - 1)))


def moved(outcome: Outcome) -> bool:
    """True when the delivery came to its end, or a step nearer to it."""
    return outcome.error is None or isinstance(outcome.error, Refused)

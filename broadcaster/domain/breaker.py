"""When a provider counts as down, and when it may be tried again: pure rules over what was noted, whoever keeps the record.

A breaker is closed (send), open (do not), or on trial: open, and one delivery is out to see whether it is better.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

#: Seconds over which errors are counted, and the seconds of one bucket of them.
WINDOW, BUCKET = 60.0, 5.0
#: It opens on more errors than this in the window …
MOST_ERRORS = 50
#: … which are at least this part of all that was tried: at 3,000 texts a second one in a thousand is not an outage.
SHARE = 0.1
#: Or when nothing has been answered for so many seconds, and at least so many tries ended without an answer.
SILENCE, SILENT_TRIES = 15.0, 5
#: Seconds until the first trial after opening, and the longest pause between trials; each failed one doubles it.
PAUSE, LONGEST_PAUSE = 30.0, 120.0
#: How many deliveries one trial holds: whoever is in it may wait for a grace when it goes wrong.
TRIAL = 1
#: A trial of which no word comes (its worker died) is over after so many seconds: longer than a provider call may take.
TRIAL_TIME = 20.0


class Position(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    TRIAL = "trial"


class Why(StrEnum):
    """Why it opened."""

    ERRORS = "errors"
    SILENCE = "silence"
    #: It answers, and will not take anything from our account: a dead token, no credit.
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one provider. All times are seconds since 1970.

    `buckets` counts (answered, not answered) by bucket number. `silent` counts tries without an answer since the last answer, the
    first of them at `silent_since`. `since` is when it took its position, `next_trial` when an open one may be tried.
    """

    position: Position = Position.CLOSED
    since: float = 0.0
    why: Why | None = None
    errors: int = 0
    next_trial: float = 0.0
    pause: float = PAUSE
    silent: int = 0
    silent_since: float = 0.0
    buckets: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a record that others read too."""
        return {
            "position": self.position,
            "since": self.since,
            "why": self.why,
            "errors": self.errors,
            "next_trial": self.next_trial,
            "pause": self.pause,
            "silent": self.silent,
            "silent_since": self.silent_since,
            "buckets": {str(bucket): list(counted) for bucket, counted in self.buckets.items()},
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Record":
        """The record that `as_json` wrote. KeyError, TypeError or ValueError when it is none."""
        return cls(
            position=Position(raw["position"]),
            since=float(raw["since"]),
            why=Why(raw["why"]) if raw["why"] else None,
            errors=int(raw["errors"]),
            next_trial=float(raw["next_trial"]),
            pause=float(raw["pause"]),
            silent=int(raw["silent"]),
            silent_since=float(raw["silent_since"]),
            buckets={int(bucket): (int(good), int(bad)) for bucket, (good, bad) in raw["buckets"].items()},
        )


def noted(record: Record, good: int, bad: int, now: float) -> Record:
    """The record after `good` tries that the provider answered, whatever it said, and `bad` ones that it did not.

    While it is open, what comes back was sent before: only a trial's answer closes it.
    """
    if not good and not bad:
        return record
    match record.position:
        case Position.TRIAL:
            return _close(now) if good >= bad else _reopen(record, now)
        case Position.OPEN:
            return record
    counted = _counted(record, good, bad, now)
    recent = counted.buckets.values()
    tried, errors = sum(g + b for g, b in recent), sum(b for _, b in recent)
    if errors > MOST_ERRORS and errors >= tried * SHARE:
        return _open(counted, Why.ERRORS, errors, now)
    if counted.silent >= SILENT_TRIES and now - counted.silent_since >= SILENCE:
        return _open(counted, Why.SILENCE, counted.silent, now)
    return counted


def tripped(record: Record, now: float) -> Record:
    """The record after the provider refused our account itself: no use in trying until somebody has mended that."""
    return _open(record, Why.ACCOUNT, 0, now) if record.position is Position.CLOSED else _reopen(record, now)


def admitted(record: Record, now: float) -> tuple[int | None, Record]:
    """How many deliveries may go now (None: as many as one likes), and the record after that.

    An open breaker whose pause is over lets one trial through; whoever asks next gets 0 until its answer is noted.
    """
    if record.position is Position.CLOSED:
        return None, record
    if now < record.next_trial:
        return 0, record
    return TRIAL, replace(record, position=Position.TRIAL, next_trial=now + TRIAL_TIME)


def _counted(record: Record, good: int, bad: int, now: float) -> Record:
    bucket, oldest = int(now // BUCKET), int((now - WINDOW) // BUCKET)
    kept = {number: counted for number, counted in record.buckets.items() if number > oldest}
    before = kept.get(bucket, (0, 0))
    kept[bucket] = before[0] + good, before[1] + bad
    if good:
        return replace(record, buckets=kept, silent=0, silent_since=0.0)
    return replace(record, buckets=kept, silent=record.silent + bad, silent_since=record.silent_since or now)


def _open(record: Record, why: Why, errors: int, now: float) -> Record:
    return Record(Position.OPEN, since=now, why=why, errors=errors, next_trial=now + PAUSE)


def _reopen(record: Record, now: float) -> Record:
    pause = min(record.pause * 2, LONGEST_PAUSE)
    return replace(record, position=Position.OPEN, next_trial=now + pause, pause=pause)


def _close(now: float) -> Record:
    return Record(since=now)

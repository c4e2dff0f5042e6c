"""One breaker per provider, shared by all workers in Valkey, and each process's own without it; domain/breaker.py has the rules."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
import structlog

from broadcaster import clock
from broadcaster.domain.breaker import Position, Record, Why, admitted, noted, tripped
from broadcaster.store.queue import connect
from channels.base import ChannelError, Unavailable, Uncertain

log = structlog.get_logger(__name__)

#: A process asks Valkey at most so often about a breaker that was closed, and tells it of answers as often, in seconds.
FRESH = 1.0
#: After a failure Valkey is left alone for so long, in seconds.
REST = 5.0
#: Tries at one change while others write too; the next note makes up for one that is lost.
TRIES = 10
#: A provider that nobody used for so long has no record, in seconds.
KEPT = 86_400
#: More than any chunk: as many as one likes.
UNBOUND = sys.maxsize


def breaker_key(carrier: str, live: bool) -> str:
    """The breaker of a carrier's account; exercises have accounts, and so breakers, of their own."""
    return f"{carrier}:{'live' if live else 'exercise'}"


def unanswered(error: ChannelError | None) -> bool:
    """True when an outcome speaks against its provider: no connection, time limit, 5xx or no proper answer.

    A refusal, a rate limit or a dead token is an answer: the provider is there.
    """
    return isinstance(error, Uncertain) or (isinstance(error, Unavailable) and not error.slow_down)


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What an operator sees: `since` when it took its position (None: always), `why` and after how many `errors` it opened."""

    position: Position
    since: datetime | None = None
    why: Why | None = None
    errors: int = 0
    next_trial: datetime | None = None

    @property
    def closed(self) -> bool:
        return self.position is Position.CLOSED


_Change = Callable[[Record], Record]


class _Lost(Exception):
    """Others wrote at the same time, again and again."""


class Breaker:
    """Counts what providers answer. Instances may be shared by threads: at worst one counts a chunk late."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url)
        self._known: dict[str, tuple[float, Record]] = {}
        self._untold: dict[str, tuple[int, int]] = {}
        self._rest_until = 0.0

    def note(self, key: str, good: int, bad: int, now: float | None = None) -> None:
        """After each chunk: how many tries the provider answered, and how many it did not (`unanswered`).

        Answers alone are told at most once a second. `now` is seconds since 1970.
        """
        now = _now(now)
        before = self._untold.pop(key, (0, 0))
        good, bad = good + before[0], bad + before[1]
        if not good and not bad:
            return
        at, record = self._known.get(key, (float("-inf"), Record()))
        if not bad and record.position is Position.CLOSED and now - at < FRESH:
            self._untold[key] = good, bad
            return
        changed = self._change(key, now, good, bad)
        if changed is None:
            self._untold[key] = good, bad

    def trip(self, key: str) -> None:
        """The provider refuses our account: whoever else carries this has to."""
        now = _now(None)
        self._applied(key, now, lambda record: tripped(record, now))

    def closed(self, key: str, now: float | None = None) -> bool:
        """True when something may go: it is closed, or this caller has just been given the trial (see `room`)."""
        return self.room(key, now) > 0

    def room(self, key: str, now: float | None = None) -> int:
        """How many deliveries may go now: 0 while it is open, a few for the one caller who makes a trial, else UNBOUND."""
        now = _now(now)
        at, record = self._known.get(key, (float("-inf"), Record()))
        if 0 <= now - at < FRESH:
            # What was seen a moment ago holds, unless a trial is due: of those there is one for all workers.
            if record.position is Position.CLOSED:
                return UNBOUND
            if now < record.next_trial:
                return 0
        record = self._read(key, now)
        many, _ = admitted(record, now)
        if many:
            return self._take_trial(key, now)
        return UNBOUND if many is None else 0

    def state(self, key: str) -> BreakerState:
        """For operators; never takes a trial."""
        record = self._read(key, _now(None))
        if record.position is Position.CLOSED:
            return BreakerState(Position.CLOSED, _moment(record.since))
        since, next_trial = _moment(record.since), _moment(record.next_trial)
        return BreakerState(record.position, since, record.why, record.errors, next_trial)

    # -- the record: in Valkey, else this process's own ---------------------------------------------------------------

    def _take_trial(self, key: str, now: float) -> int:
        granted: list[int | None] = []

        def take(record: Record) -> Record:
            many, after = admitted(record, now)
            granted[:] = [many]
            return after

        if self._apply(key, now, take) is None:
            return 0
        return UNBOUND if granted[0] is None else granted[0]

    def _change(self, key: str, now: float, good: int, bad: int) -> Record | None:
        return self._applied(key, now, lambda record: noted(record, good, bad, now))

    def _applied(self, key: str, now: float, change: _Change) -> Record | None:
        before = self._known.get(key, (0.0, Record()))[1].position
        after = self._apply(key, now, change)
        if after is not None and after.position is not before:
            log.warning("breaker_moved", provider=key, position=str(after.position), why=str(after.why or ""))
        return after

    def _apply(self, key: str, now: float, change: _Change) -> Record | None:
        """Change the record where all see it; None when others were in the way too often."""
        if now >= self._rest_until:
            try:
                record = self._shared(key, change)
            except _Lost:
                return None
            except redis.RedisError:
                self._rest_until = now + REST
            else:
                self._known[key] = now, record
                return record
        record = change(self._known.get(key, (0.0, Record()))[1])
        self._known[key] = now, record
        return record

    def _shared(self, key: str, change: _Change) -> Record:
        name = _name(key)
        for _ in range(TRIES):
            pipe: Any
            with self._redis.pipeline() as pipe:
                pipe.watch(name)
                before = _parsed(pipe.get(name))
                after = change(before)
                if after == before:
                    return after
                pipe.multi()
                pipe.set(name, json.dumps(after.as_json()), ex=KEPT)
                try:
                    pipe.execute()
                except redis.WatchError:
                    continue
                return after
        raise _Lost

    def _read(self, key: str, now: float) -> Record:
        if now >= self._rest_until:
            try:
                record = _parsed(self._redis.get(_name(key)))
            except redis.RedisError:
                self._rest_until = now + REST
            else:
                self._known[key] = now, record
                return record
        return self._known.get(key, (0.0, Record()))[1]


def _parsed(raw: object) -> Record:
    """The record as others wrote it; a fresh one when there is none, or it is of another version's making."""
    try:
        return Record.from_json(json.loads(raw)) if isinstance(raw, (bytes, str)) else Record()
    except (KeyError, TypeError, ValueError):
        return Record()


def _name(key: str) -> str:
    return f"broadcaster:breaker:{key}"


def _now(now: float | None) -> float:
    return clock.utc_now().timestamp() if now is None else now


def _moment(at: float) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at else None

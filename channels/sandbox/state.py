"""What a provider remembers: a bounded, ordered ledger, and the counters that `/_stats` shows."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

#: A provider keeps its own time, so the sandbox has one clock of its own: seconds since 1970.
Clock = Callable[[], float]
wall_clock: Clock = time.time

#: Records kept per provider before the oldest are forgotten.
ROOM = 2_000_000


class Entry(Protocol):
    """What a ledger can hold."""

    id: str
    seq: int


T = TypeVar("T", bound=Entry)


def moment(at: float) -> datetime:
    """Seconds since 1970 as an aware UTC time."""
    return datetime.fromtimestamp(at, UTC)


def iso(at: float) -> str:
    """ISO 8601 with milliseconds, UTC."""
    return moment(at).isoformat(timespec="milliseconds")


class Ledger(Generic[T]):
    """Records in order of arrival, found by id, the oldest forgotten in blocks once `room` is passed."""

    def __init__(self, room: int = ROOM, forget: Callable[[T], None] | None = None) -> None:
        self._room = room
        self._slack = max(1, room // 20)
        self._forget = forget
        self._items: list[T] = []
        self._by_id: dict[str, T] = {}
        self._base = 0

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        """Oldest first, over what was there when asked."""
        return iter(self._items.copy())

    def add(self, record: T) -> T:
        """Append; gives the record its running number `seq`."""
        record.seq = self._base + len(self._items)
        self._items.append(record)
        self._by_id[record.id] = record
        if len(self._items) > self._room + self._slack:
            self._trim()
        return record

    def get(self, key: str) -> T | None:
        """The record with this id, if still remembered."""
        return self._by_id.get(key)

    def newest(self, before: int | None = None) -> Iterator[T]:
        """Newest first; with `before` only records whose `seq` is lower."""
        stop = len(self._items) if before is None else min(before - self._base, len(self._items))
        for index in range(stop - 1, -1, -1):
            yield self._items[index]

    def clear(self) -> None:
        """Forget everything."""
        self._base += len(self._items)
        self._items.clear()
        self._by_id.clear()

    def _trim(self) -> None:
        count = len(self._items) - self._room
        for record in self._items[:count]:
            self._by_id.pop(record.id, None)
            if self._forget:
                self._forget(record)
        del self._items[:count]
        self._base += count


class Stats:
    """Requests in total, the busiest second, and the most that were open at once."""

    def __init__(self) -> None:
        self.total = self.per_second_peak = self.in_flight = self.in_flight_peak = 0
        self._second = self._in_second = 0
        self.first_at = self.last_at = 0.0

    def enter(self, now: float) -> None:
        """A request came in."""
        self.total += 1
        self.first_at = self.first_at or now
        self.last_at = now
        if int(now) != self._second:
            self._second, self._in_second = int(now), 0
        self._in_second += 1
        self.per_second_peak = max(self.per_second_peak, self._in_second)
        self.in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self.in_flight)

    def leave(self) -> None:
        """Its answer went out, or its connection was cut."""
        self.in_flight -= 1

    def restart(self) -> None:
        """Back to zero, but for requests that are open now."""
        open_now = self.in_flight
        self.__init__()  # type: ignore[misc]
        self.in_flight = self.in_flight_peak = open_now

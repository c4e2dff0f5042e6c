"""Receipts on their way from the callbacks to the database: a stream in Valkey, so that many are applied in one transaction.

Ids and statuses only, no phone numbers. What is lost here (a power cut, an emptied server) the pull finds at the provider.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from redis.exceptions import ResponseError

from broadcaster import clock
from broadcaster.store.line import Line
from broadcaster.store.queue import PATIENCE, connect
from channels.base import Progress, Receipt

log = structlog.get_logger(__name__)

STREAM, GROUP, FIELD = "broadcaster:receipts", "appliers", b"r"
#: Applied entries are taken out, so only what nobody has read yet counts: two for each of a million residents, 280 MB. Beyond it
#: the oldest go, because a full server would take no rings either.
ROOM = 2_000_000
#: An entry that somebody took this long ago and has not finished is taken over, in seconds: much longer than a transaction.
LEFT = 15.0
#: How often a reader looks for such entries, in seconds.
LOOK = 3.0
#: A reader that has not been heard of for so long is forgotten, in milliseconds.
GONE = 3_600_000
#: Longest wait for the first entry, in seconds.
LONGEST_WAIT = 1.0

#: In one step, because a reader that is forgotten with entries in hand takes them along.
_FORGET = """
for _, each in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local found = {}
    for at = 1, #each, 2 do found[each[at]] = each[at + 1] end
    if found['pending'] == 0 and found['idle'] > tonumber(ARGV[2]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], found['name'])
    end
end
"""
#: A provider's own words may hold a number; seven digits in a row are a phone's.
_PHONE = re.compile(r"\+?\d[\d ()-]{5,}\d")


@dataclass(frozen=True, slots=True)
class Told:
    """One proved receipt. `receipt.parcel_id` is our sealed token; `modes`, `carrier`: see services/receiving.accept."""

    receipt: Receipt
    modes: frozenset[bool]
    carrier: str = ""

    def packed(self) -> str:
        """As it stands in the stream."""
        said = self.receipt
        fields = (
            *(said.parcel_id, said.provider_id, said.progress.value, said.code, _PHONE.sub("…", said.reason)),
            *(int(said.transient), sorted(map(int, self.modes)), self.carrier),
        )
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def unpacked(cls, text: bytes) -> "Told":
        """The same again. ValueError: it was not written here."""
        match json.loads(text):
            case [str(token), str(name), str(progress), str(code), str(reason), transient, [*modes], str(carrier)]:
                said = Receipt(name, Progress(progress), token, code, reason, bool(transient))
                return cls(said, frozenset(map(bool, modes)), carrier)
        raise ValueError("not a receipt")


@dataclass(frozen=True, slots=True)
class Entry:
    """One receipt under its number in the stream."""

    id: str
    told: Told


class ReceiptStream:
    """The writing end, for any number of threads."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._redis = connect(redis_url)
        self._ask = Line("receipt_stream_down", "each receipt is applied by itself").ask

    def append(self, told: Told) -> bool:
        """Keep one receipt; False when the server did not take it, which is known after half a second at most."""
        fields: Any = {FIELD: told.packed()}
        return bool(self._ask(lambda: self._redis.xadd(STREAM, fields, maxlen=ROOM, approximate=True)))

    def waiting(self) -> int | None:
        """Receipts that are not applied yet; None when the server cannot say."""
        return self._ask(lambda: int(self._redis.xlen(STREAM)))

    def reader(self, name: str) -> "Reader":
        """A reading end of its own, for one thread; `name` must be nobody else's."""
        return Reader(self._url, name)

    def close(self) -> None:
        """Give back connections."""
        self._redis.close()


class Reader:
    """One of any number of readers, among which the entries are shared out. What one leaves unfinished another takes over."""

    def __init__(self, redis_url: str, name: str) -> None:
        self._name = name
        self._redis: Any = connect(redis_url, read_timeout=LONGEST_WAIT + PATIENCE)
        self._line = Line("receipt_stream_down", "receipts are found by asking the provider")
        self._look_at = 0.0
        self._forget = self._redis.register_script(_FORGET)

    def take(self, most: int, wait: float) -> Sequence[Entry]:
        """Up to `most` entries, waiting up to `wait` seconds for the first; none when the server is down."""
        return self._line.ask(lambda: self._take(most, wait)) or ()

    def done(self, ids: Sequence[str]) -> bool:
        """These are in the database for good. False when the server is down: they come again, which is harmless."""

        def finish() -> bool:
            with self._redis.pipeline() as both:
                both.xack(STREAM, GROUP, *ids)
                both.xdel(STREAM, *ids)
                both.execute()
            return True

        return not ids or bool(self._line.ask(finish))

    def close(self) -> None:
        """Give back the connection."""
        self._redis.close()

    def _take(self, most: int, wait: float) -> Sequence[Entry]:
        try:
            return self._left(most) or self._new(most, wait)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            # The first ever, or the server was emptied.
            self._begin()
            return self._new(most, wait)

    def _begin(self) -> None:
        try:
            self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _left(self, most: int) -> Sequence[Entry]:
        """Now and then: what somebody took and did not finish."""
        if clock.uptime() < self._look_at:
            return ()
        _, found, *_ = self._redis.xautoclaim(STREAM, GROUP, self._name, int(LEFT * 1000), "0-0", count=most)
        if not found:
            self._look_at = clock.uptime() + LOOK
            self._forget(keys=[STREAM], args=[GROUP, GONE])
        return self._read(found)

    def _new(self, most: int, wait: float) -> Sequence[Entry]:
        answer = self._redis.xreadgroup(GROUP, self._name, {STREAM: ">"}, count=most, block=max(1, int(wait * 1000)))
        return self._read(answer[0][1]) if answer else ()

    def _read(self, found: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> Sequence[Entry]:
        entries: list[Entry] = []
        odd: list[str] = []
        for number, fields in found:
            try:
                entries.append(Entry(number.decode(), Told.unpacked(fields[FIELD])))
            except (ValueError, KeyError):
                odd.append(number.decode())
        if odd:
            log.warning("receipts_unreadable", number=len(odd))
            self.done(odd)
        return entries

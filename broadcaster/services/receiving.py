"""The door for receipts: what a provider's callback has proved is kept in a stream, and applied from it many at a time.

Callbacks answer as soon as the stream has it; without a stream (Valkey down) each is applied by itself. Whoever dies on the way loses
nothing: what was read and not finished is read again, which is harmless, and what the stream loses the pull finds.
"""

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import uuid4

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from broadcaster.runtime import Runtime
from broadcaster.services import receipts
from broadcaster.services.receipts import Word
from broadcaster.store.receipt_stream import Entry, Told
from channels.base import Receipt

log = structlog.get_logger(__name__)

#: Receipts of one transaction: some 20 ms on SQLite, so that a stop never waits longer behind it.
CHUNK = 500
#: After less than a chunk, so long for more to come, in seconds: at most ten small transactions a second.
GATHER = 0.1
#: After the database failed, in seconds.
REST = 1.0
#: Longest id of a provider that is kept.
LONGEST_ID = 120


def accept(rt: Runtime, receipt: Receipt, modes: Collection[bool], carrier: str = "") -> None:
    """Take one receipt whose signature was verified. Returns when it is kept, or applied, or known to be about nothing of ours.

    `modes` says whose secret signed it: True the live account's, False the exercise's (docs/decisions/032); it may speak only
    about deliveries of these. `carrier` is the provider that sent it (Channel.carrier); empty: whoever carries the delivery.
    """
    try:
        rt.unseal(receipt.parcel_id)
    except ValueError:
        # Not every carrier signs: what anybody may post must not fill the stream.
        log.warning("receipt_of_nothing_of_ours")
        return
    told = Told(replace(receipt, provider_id=_plain(receipt.provider_id)), frozenset(modes), carrier)
    if not rt.receipt_stream.append(told):
        _apply(rt, [told])


class Receiver:
    """Applies what the stream holds. Any number may run, in any processes; each receipt is given to one of them."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._reader = rt.receipt_stream.reader(f"{rt.worker}:{uuid4().hex[:8]}")
        self._kept: Sequence[Entry] = ()

    def once(self, wait: float = 0.0) -> int:
        """Apply one chunk, waiting up to `wait` seconds for its first receipt; returns how many are finished with.

        Taken out of the stream only after the commit. Receipts for rows that somebody is just writing wait for the next round.
        """
        room = CHUNK - len(self._kept)
        self._kept = [*self._kept, *self._reader.take(room, wait if room == CHUNK else 0.0)]
        if not self._kept:
            return 0
        busy = _apply(self._rt, [entry.told for entry in self._kept])
        done = [entry.id for place, entry in enumerate(self._kept) if place not in busy]
        self._kept = [entry for place, entry in enumerate(self._kept) if place in busy]
        self._reader.done(done)
        return len(done)

    def close(self) -> None:
        """Give back the connection; what is unfinished is taken over by others."""
        self._reader.close()


def loop(rt: Runtime, stop: threading.Event) -> None:
    """Apply receipts until `stop` is set."""
    receiver = Receiver(rt)
    while not stop.is_set():
        try:
            full = receiver.once(wait=0.5) >= CHUNK
        except Exception as error:  # noqa: BLE001 - whatever it was, the next round may find the database back
            log.error("receipts_not_applied", error=type(error).__name__)
            stop.wait(REST)
        else:
            if not full:
                stop.wait(GATHER)
    receiver.close()


def _apply(rt: Runtime, told: Sequence[Told]) -> Collection[int]:
    """Apply these; returns the places of those that are to be tried again."""
    words = {place: word for place, each in enumerate(told) if (word := _word(rt, each))}
    try:
        busy = receipts.apply(rt, list(words.values()), wait=len(told) == 1).busy
    except OperationalError:
        raise
    except DBAPIError as error:
        if len(told) == 1:
            # Nothing will ever make it fit; the rest must not wait for it.
            log.error("receipt_does_not_fit", error=type(error).__name__)
            return ()
        return [place for place, each in enumerate(told) if _apply(rt, [each])]
    late = {id(word) for word in busy}
    return [place for place, word in words.items() if id(word) in late]


def _word(rt: Runtime, told: Told) -> Word | None:
    """Whose delivery it is about, by our token: asked for again, because whoever can write to Valkey must not invent receipts, and

    one from before a restore names another row by now.
    """
    try:
        return Word(told.receipt, rt.unseal(told.receipt.parcel_id), told.modes, told.carrier)
    except ValueError:
        log.warning("receipt_of_nothing_of_ours")
        return None


def _plain(name: str) -> str:
    """An id as a database takes it."""
    return "".join(c for c in name if c.isprintable())[:LONGEST_ID]

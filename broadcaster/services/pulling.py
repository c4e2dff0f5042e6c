"""Asking what became of texts and posts of which no word has come: one by one, or by the carrier's own list where many are missing.

A list is read page by page, 1,000 texts each: what a page says and how far the list has been read are one commit, so a kill in the
middle costs a page. Several pages make a job; the next job goes on, rung by this one or by the sweep.
"""

import time
from collections.abc import Sequence
from typing import Any

import structlog

from broadcaster import clock
from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import parcels, receipts
from broadcaster.services.parcels import Sheet
from broadcaster.services.receipts import Word
from broadcaster.store import batches, pulls, quiet
from broadcaster.store import receipts as receipt_store
from broadcaster.store.batches import Lease
from broadcaster.store.pulls import Pull
from channels.base import Channel, ChannelError, Listed, Unavailable, Uncertain

log = structlog.get_logger(__name__)

#: Lookups of one job; the rest is asked for by the next. What was found is written down so many at a time.
LOOKUPS, WRITTEN = 200, 50
#: From so many missing words on, a list is read.
MANY = 50
#: Tries at one page, and seconds between them.
TRIES, BREATH = 3, 1.0
#: A list is begun anew after so many times as long as it takes to read.
CALM = 5.0
#: Texts on a page of the largest kind; only for guessing how long a list takes.
PAGE = 1000


def pull(rt: Runtime, batch_id: int) -> None:
    """Ask about a batch's accepted deliveries of which no word has come. Safe to call at any time, from any process."""
    with rt.db.read() as connection:
        held = batches.look(connection, batch_id)
        if held is None:
            return
        rows = quiet.rows(connection, batch_id, LOOKUPS)
        begun = pulls.in_hand(connection, held.alert_id, held.channel)
        if not rows and not begun:
            return
        sheet = parcels.sheet(rt, connection, held)
    # Only who carried it can say; what was sent before carriers were noted went by the first.
    for carrier in sorted({row.provider for row in rows} | begun):
        mine = [row for row in rows if row.provider == carrier]
        try:
            channel = rt.channel(held.channel, sheet.live, carrier)
        except NotReady as error:
            log.warning("nobody_to_ask", carrier=carrier, why=str(error))
            _ask_later(rt, mine, rt.timing.pull_again)
            continue
        if not (channel.lists and _Reading(rt, held, sheet, channel).run(len(mine))):
            _one_by_one(rt, sheet, channel, mine)


def _ask_later(rt: Runtime, rows: Sequence[Any], seconds: float) -> None:
    if not rows:
        return
    with rt.db.write() as tx:
        quiet.ask_later(tx, [row.id for row in rows], seconds)


def _one_by_one(rt: Runtime, sheet: Sheet, channel: Channel, rows: Sequence[Any]) -> None:
    if not rows:
        return
    # First, so that two workers do not ask the same at once, and a provider that is down is not asked all the time.
    _ask_later(rt, rows, rt.timing.pull_again)
    found: list[Word] = []
    try:
        for row in rows:
            receipt = channel.find(parcels.known(rt, sheet, row), row.intent_at or sheet.now)
            if receipt is not None:
                found.append(Word(receipt, row.id))
            if len(found) >= WRITTEN:
                receipts.apply(rt, found)
                found = []
    except ChannelError:
        # Not now; what has been answered counts.
        pass
    receipts.apply(rt, found)


class _Reading:
    """One job's part in reading a carrier's list for one alert."""

    def __init__(self, rt: Runtime, batch: Lease, sheet: Sheet, channel: Channel) -> None:
        self._rt, self._batch, self._sheet, self._channel = rt, batch, sheet, channel
        self._began = clock.uptime()
        self._again = 0.0

    def run(self, due: int) -> bool:
        """Read on while the job's time lasts. False: a list is not what is needed for the `due` words that are missing in this batch."""
        rt, about = self._rt, (self._batch.alert_id, self._batch.channel)
        with rt.db.read() as connection:
            begun = self._channel.carrier in pulls.in_hand(connection, *about)
            if not begun and not pulls.many(connection, self._batch, due, MANY):
                return False
        with rt.db.write() as tx:
            held = pulls.take(tx, *about, self._channel.carrier, rt.timing.lease)
        if held is None:
            # Somebody reads it; or it was read to its end just now, and what is still quiet is not in it.
            return begun
        cursor: str | None = held.cursor
        while cursor is not None:
            cursor = self._page(held, cursor)
            if cursor is not None and clock.uptime() - self._began > rt.timing.job:
                self._pause(held, cursor, 0.0)
                rt.queue.ring_job("pull", self._batch.batch_id)
                break
        return True

    def _page(self, held: Pull, cursor: str) -> str | None:
        """Read one page and write it down; where the list goes on, None at its end and where it cannot be read now."""
        asked = clock.uptime()
        try:
            listed = self._ask(held, cursor)
        except Unavailable as error:
            self._pause(held, cursor, max(5.0, error.retry_after))
            return None
        except ChannelError as error:
            # It will not go on there, or not at all; meanwhile each is looked up.
            log.warning("list_not_read", carrier=self._channel.carrier, why=str(error))
            with self._rt.db.write() as tx:
                pulls.finish(tx, held, self._rt.timing.pull_again)
            return None
        return (listed.cursor or None) if self._write_down(held, listed, asked) else None

    def _ask(self, held: Pull, cursor: str) -> Listed:
        for _ in range(TRIES - 1):
            try:
                return self._channel.listing(held.since, cursor)
            except Uncertain:
                time.sleep(BREATH)
        return self._channel.listing(held.since, cursor)

    def _write_down(self, held: Pull, listed: Listed, asked: float) -> bool:
        """One commit: what the page says, and where the list goes on. False when somebody else reads it by now."""
        modes, carrier = frozenset({self._sheet.live}), self._channel.carrier
        words = [Word(receipt, None, modes, carrier) for receipt in listed.receipts]
        timing, now = self._rt.timing, clock.uptime()
        # The longer it takes, the longer until it is done again: what is on its way is quiet until then.
        self._again = self._again or max(timing.pull_again, CALM * (now - asked) * held.expected / PAGE)
        with self._rt.db.write() as tx:
            if listed.cursor:
                mine = pulls.keep(tx, held, listed.cursor, timing.lease)
            else:
                mine = pulls.finish(tx, held, self._again - held.age - (now - self._began))
            if not mine:
                return False
            applied = receipt_store.apply(tx, words, timing.pull_after, wait=False)
            # In the list, and on their way. What is still due when it ends is not in it, and is looked up.
            quiet.ask_later(tx, applied.unchanged, self._again)
        receipts.complete(self._rt, applied)
        return True

    def _pause(self, held: Pull, cursor: str, seconds: float) -> None:
        with self._rt.db.write() as tx:
            pulls.keep(tx, held, cursor, seconds)

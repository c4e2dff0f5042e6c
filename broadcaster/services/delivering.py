"""Hop 6 of the way out: take batches, pass the last gates, commit the intent, hand over, write down what came of it.

At most once per intent: nothing is sent that was not committed as intended under our epoch a moment ago. At least once after
reconciliation: what may or may not have gone out is looked up at the provider before anybody repeats it. No transaction is open
while a provider thinks, and nobody waits for a chunk's slowest answer, or a batch's: while those are awaited, the next is begun.
docs/delivery.md lists the windows that remain.
"""

import time
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from broadcaster import clock
from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, pages, parcels, receipts, reconciling, recording, ringing
from broadcaster.services.carriers import Carriers
from broadcaster.services.holding import MOST_ATTEMPTS, SILENCE, Holding, Verdict
from broadcaster.services.recording import Landed
from broadcaster.store import batches, claims, deliveries, moves
from broadcaster.store.batches import Lease
from broadcaster.store.claims import Intent
from channels.base import TOO_LATE, Channel, Misconfigured, Outcome, Parcel, Unavailable, Uncertain

#: Outcomes in a row that were not answers; then the provider gets a pause instead of more requests. Many are in flight at a
#: provider of texts, so a few in a row are nothing there.
ENOUGH_TROUBLE, ENOUGH_OF_MANY = 3, 20
#: The longest pause that one "too many requests" may ask of all workers, seconds; the delivery itself waits as long as was said.
LONGEST_EASE = 30.0
#: How long a worker stays for a page that is being written, before it does something else meanwhile, seconds.
PAGE_PATIENCE = 0.25
#: Workers that an account is shared with while the queue cannot count them.
WORKERS = 4
#: Deliveries intended in one commit: at first, and as long as that is less than a quarter of a second's work.
FIRST_CHUNK, LARGEST_CHUNK = 50, 500


def deliver(rt: Runtime, batch_id: int) -> None:
    """Send what may be sent of a batch. Safe to call at any time, any number of times, from any process."""
    with rt.db.read() as connection:
        line = batches.first_in_line(connection, batch_id)
    if not line:
        return
    with rt.db.write() as tx:
        rt.agree_on_time(tx)
        leased = (batches.lease(tx, each, rt.worker, rt.timing.lease) for each in line)
        held = next(filter(None, leased), None)
    if held is None:
        return
    if held.channel == "website":
        pages.deliver(rt, held)
    else:
        Delivering(rt, held).run()


class Delivering:
    """One worker's turn: from one batch of an alert to the next, until none is left or its time is up."""

    def __init__(self, rt: Runtime, first: Lease) -> None:
        self.rt = rt
        self.began = self.intended = clock.uptime()
        self.held = Holding(rt, first)
        self.verdict = Verdict()
        self.landed: list[Outcome] = []
        self.unsent: Sequence[Intent] = ()
        self.chunk = FIRST_CHUNK
        self.unanswered = 0
        self.eased = 0.0

    def run(self) -> None:
        """Reconcile, then send until nothing is left, the time is up, or somebody else has the batch."""
        with self.rt.db.read() as connection:
            self.sheet = parcels.sheet(self.rt, connection, self.held.now.lease)
        self.carriers = Carriers(self.rt, self.sheet.channel, self.sheet.live)
        try:
            if self._carried() and self._page_is_out() and self._reconciled():
                for outcome in self.channel.send(self._parcels()):
                    self._note(outcome)
        except (NotReady, Misconfigured) as error:
            self.verdict.fatal = str(error)
        self._settle()

    # -- before the first

    def _carried(self) -> bool:
        """False when nobody who could carry this answers just now."""
        channel = self.carriers.choose()
        if channel is None:
            self.verdict.reason, self.verdict.silent = "the provider does not answer, and there is no other", True
            return False
        self.channel: Channel = channel
        if channel.personal:
            channel.share((self.rt.queue.workers() or {}).get(self.held.now.lease.lane, WORKERS))
        self.sheet.callback = parcels.callback(self.rt, channel)
        return True

    def _page_is_out(self) -> bool:
        """No text or post with a link leaves before its page is written, or has had its five seconds."""
        while True:
            with self.rt.db.read() as connection:
                self.verdict.wait = parcels.page_wait(connection, self.held.now.lease, self.rt.timing.page_wait)
            # It is being written just now, as a rule: coming back costs more than a moment's patience.
            if self.verdict.wait <= 0 or clock.uptime() - self.began > PAGE_PATIENCE:
                return self.verdict.wait <= 0
            time.sleep(PAGE_PATIENCE / 10)

    def _reconciled(self) -> bool:
        """False when nothing can be sent before the provider says what it has taken, or somebody else has the batch."""
        hold, asked = self.held.now, self.carriers.asked
        found = reconciling.reconcile(self.rt, self.sheet, hold.lease, asked, self._tired)
        hold.moved, hold.lost = found.resolved > 0, not found.ours
        if found.failure is not None:
            # Rows that another carrier may have taken wait for that one; the rest can go on.
            self.verdict.reason, self.verdict.wait = str(found.failure), SILENCE
            self.verdict.silent = found.silent == self.channel.carrier
            if self.verdict.silent and isinstance(found.failure, Misconfigured):
                raise found.failure
        return found.ours and not self.verdict.silent

    # -- sending

    def _parcels(self) -> Iterator[Parcel | None]:
        """What the channel pulls: committed intents, one by one, each checked again in the moment before it leaves.

        None while the senders' rate releases nothing: the channel goes on with what is in flight.
        """
        while not self._tired():
            self._tell()
            room = self.carriers.room()
            if not room and self.held.flying == len(self.landed):
                return
            wanted = min(self.chunk, room)
            granted = self.rt.limits.take(self.channel, self.sheet.lane, self.sheet.live, wanted) if room else 0
            if not granted:
                yield None
                if self.held.pressing and not self._keep():
                    return
                continue
            rows = self._next_chunk(granted)
            if not rows:
                return
            yield from self._handed_over(rows)

    def _next_chunk(self, granted: int) -> Sequence[Intent]:
        """One commit: what has landed, what was not started, our fence, the gates, and the next intents."""
        rows: Sequence[Intent] = ()
        with self.rt.db.write() as tx:
            self._write_down(tx)
            if self.held.keep(tx, self.verdict):
                if reason := parcels.closed(tx, self.sheet.alert.id):
                    moves.suppress_batch(tx, self.held.now.lease, reason)
                else:
                    # Read before the commit: from here on, age only makes us more careful.
                    self.intended = clock.uptime()
                    rows = self._claim(tx, granted)
        self.rt.limits.put_back(self.channel, self.sheet.lane, self.sheet.live, granted - len(rows))
        return rows

    def _claim(self, tx: Connection, granted: int) -> Sequence[Intent]:
        """The next rows, of this batch or, when it has no more, of the next one that nobody has touched."""
        while True:
            lease = self.held.now.lease
            if not self.channel.personal:
                moves.orphans(tx, lease)
            rows = claims.claim(tx, lease, self.sheet.lane, granted, MOST_ATTEMPTS, self.channel.carrier)
            if rows or not self.held.go_on(tx):
                return rows

    def _handed_over(self, rows: Sequence[Intent]) -> Iterator[Parcel]:
        timing = self.rt.timing
        not_after = self.intended + min(timing.stale, timing.stale_text if self.sheet.personal else timing.stale)
        slice_over = self.intended + timing.slice
        for position, row in enumerate(rows):
            now = clock.uptime()
            if now > slice_over or self._tired(now):
                # Too long since the intent, the stop flag and the fence: give back what has not started, look again.
                self.unsent = rows[position:]
                self.chunk = max(FIRST_CHUNK, self.chunk // 2)
                return
            self.held.take_off(row.id)
            yield parcels.parcel(self.rt, self.sheet, row, not_after)
        if clock.uptime() - self.intended < self.rt.timing.slice / 4:
            self.chunk = min(LARGEST_CHUNK, self.chunk * 2)

    def _keep(self) -> bool:
        """Write down what has landed and push the leases out while waiting; False when somebody else has the batch."""
        with self.rt.db.write() as tx:
            self._write_down(tx)
            return self.held.keep(tx, self.verdict)

    def _tired(self, now: float = 0.0) -> bool:
        """True when this turn should end: something fatal, a silent provider, or enough for one job. `now`: read a moment ago."""
        spent = (now or clock.uptime()) - self.began
        return bool(self.verdict.fatal) or self.verdict.silent or spent > self.rt.timing.job

    # -- what came of it

    def _note(self, outcome: Outcome) -> None:
        self.landed.append(outcome)
        self.carriers.note(outcome)
        match outcome.error:
            case Misconfigured() as error if self.carriers.give_up():
                self.verdict.reason, self.verdict.silent = str(error), True
            case Misconfigured() as error:
                self.verdict.fatal = str(error)
            case Unavailable(slow_down=True) as error:
                # No trouble of the provider's: we are too fast for it, or were too late with this one.
                self.verdict.reason = str(error)
                if error.code != TOO_LATE:
                    self.eased = max(self.eased, min(error.retry_after, LONGEST_EASE))
            case Unavailable() | Uncertain() as error:
                self.verdict.reason = str(error)
                self.unanswered += 1
                self.verdict.silent = self.unanswered >= (ENOUGH_OF_MANY if self.sheet.personal else ENOUGH_TROUBLE)
            case _:
                self.unanswered, self.verdict.silent = 0, False

    def _tell(self) -> None:
        """Let the other workers know what the provider has answered lately: nothing at all, or that we are too fast for it."""
        self.carriers.tell()
        if self.eased:
            self.rt.limits.ease(self.channel, self.sheet.lane, self.sheet.live, self.eased)
            self.eased = 0.0

    def _write_down(self, tx: Connection) -> None:
        """Record every outcome that has landed since the last commit, and give back what never started."""
        if self.unsent:
            deliveries.give_back(tx, [row.id for row in self.unsent], self.held.now.lease.epoch, free=True)
            self.unsent = ()
        landed = []
        for outcome in self.landed:
            number = self.sheet.number(outcome.parcel)
            lease = self.held.land(number, recording.moved(outcome))
            landed.append(Landed(number, lease.epoch, outcome))
        self.landed = []
        recording.write_down(tx, self.sheet, landed, self.sheet.pull_after(self.rt.timing))

    def _settle(self) -> None:
        """Write down the rest and give every batch back; then say who can go on."""
        self.carriers.tell()
        if not self.verdict.fatal and self.sheet.posted:
            receipts.read_back(self.rt, self.channel, self.sheet)
        self.verdict.silent = self.verdict.silent and not self.carriers.another()
        ours = self.held.leases
        with self.rt.db.write() as tx:
            self._write_down(tx)
            self.held.end(tx, self.verdict)
        with self.rt.db.write() as tx:
            broadcasting.finish_if_sent(tx, self.sheet.alert.id)
        for lease in ours:
            ringing.ring_next(self.rt, lease)

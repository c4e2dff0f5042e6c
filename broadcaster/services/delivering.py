"""Hop 6 of the way out: take batches, pass the last gates, commit the intent, hand over, write down what came of it.

At most once per intent: nothing is sent that was not committed as intended under our epoch a moment ago. At least once after
reconciliation: what may or may not have gone out is looked up at the provider before anybody repeats it. No transaction is open
while a provider thinks, and nobody waits for a chunk's slowest answer, or a batch's: while those are awaited, the next is begun.
docs/delivery.md lists the windows that remain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from broadcaster import clock
from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, pages, parcels, receipts, reconciling, recording, ringing
from broadcaster.services.carriers import Carriers
from broadcaster.services.recording import Landed
from broadcaster.store import batches, claims, deliveries, moves
from broadcaster.store.batches import Lease
from broadcaster.store.claims import Intent
from channels.base import TOO_LATE, Channel, Misconfigured, Outcome, Parcel, Unavailable, Uncertain

#: Tries at one delivery that a provider turned away as busy or broken, before it fails for good.
MOST_ATTEMPTS = 6
#: Leases in a row that achieved nothing, each waiting longer (to a minute), before the operator is told: about 35 minutes.
MOST_IDLE = 40
#: Outcomes in a row that were not answers; then the provider gets a pause instead of more requests. Many are in flight at a
#: provider of texts, so a few in a row are nothing there.
ENOUGH_TROUBLE, ENOUGH_OF_MANY = 3, 20
#: The shortest pause for a provider that does not answer, seconds.
SILENCE = 4.0
#: The longest pause that one "too many requests" may ask of all workers, seconds; the delivery itself waits as long as was said.
LONGEST_EASE = 30.0
#: Deliveries intended in one commit: at first, and as long as that is less than a quarter of a second's work.
FIRST_CHUNK, LARGEST_CHUNK = 50, 500


def deliver(rt: Runtime, batch_id: int) -> None:
    """Send what may be sent of a batch. Safe to call at any time, any number of times, from any process."""
    with rt.db.read() as connection:
        if not batches.free(connection, batch_id):
            return
    with rt.db.write() as tx:
        rt.agree_on_time(tx)
        held = batches.lease(tx, batch_id, rt.worker, rt.timing.lease)
    if held is None:
        return
    if held.channel == "website":
        pages.deliver(rt, held)
    else:
        Delivering(rt, held).run()


@dataclass(slots=True)
class Hold:
    """A batch that is ours for now: how much of it is in flight, whether it moved, and when its lease was last pushed out."""

    lease: Lease
    renewed: float
    flying: int = 0
    moved: bool = False
    lost: bool = False


class Delivering:
    """One worker's turn: from one batch of an alert to the next, until none is left or its time is up."""

    def __init__(self, rt: Runtime, first: Lease) -> None:
        self.rt = rt
        self.began = self.intended = clock.uptime()
        #: The batch whose rows are being claimed, and all that are ours.
        self.hold = Hold(first, self.began)
        self.holds = [self.hold]
        self.flying: dict[int, Hold] = {}
        self.landed: list[Outcome] = []
        self.unsent: Sequence[Intent] = ()
        self.chunk = FIRST_CHUNK
        self.trouble = 0
        self.wait = self.eased = 0.0
        self.fatal = ""
        self.reason = ""

    def run(self) -> None:
        """Reconcile, then send until nothing is left, the time is up, or somebody else has the batch."""
        with self.rt.db.read() as connection:
            self.sheet = parcels.sheet(self.rt, connection, self.hold.lease)
        self.carriers = Carriers(self.rt, self.sheet.channel, self.sheet.live)
        try:
            if self._carried() and self._page_is_out() and self._reconciled():
                for outcome in self.channel.send(self._parcels()):
                    self._note(outcome)
        except (NotReady, Misconfigured) as error:
            self.fatal = str(error)
        self._settle()

    # -- before the first

    def _carried(self) -> bool:
        """False when nobody who could carry this answers just now."""
        channel = self.carriers.choose()
        if channel is None:
            self.reason, self.trouble = "the provider does not answer, and there is no other", self._enough
            return False
        self.channel: Channel = channel
        self.sheet.callback = parcels.callback(self.rt, channel)
        return True

    def _page_is_out(self) -> bool:
        """No text or post with a link leaves before its page is written, or has had its five seconds."""
        with self.rt.db.read() as connection:
            self.wait = parcels.page_wait(connection, self.hold.lease, self.rt.timing.page_wait)
        return self.wait <= 0

    def _reconciled(self) -> bool:
        """False when nothing can be sent before the provider says what it has taken, or somebody else has the batch."""
        hold, by_name = self.hold, self.carriers.by_name
        found = reconciling.reconcile(self.rt, self.sheet, hold.lease, by_name, self._tired)
        hold.moved, hold.lost = found.resolved > 0, not found.ours
        if isinstance(found.failure, Misconfigured):
            raise found.failure
        if found.failure is not None:
            self.reason, self.wait = str(found.failure), SILENCE
            if found.silent == self.channel.carrier:
                self.trouble = self._enough
        return found.ours and not self.trouble

    # -- sending

    def _parcels(self) -> Iterator[Parcel | None]:
        """What the channel pulls: committed intents, one by one, each checked again in the moment before it leaves.

        None while the senders' rate releases nothing: the channel goes on with what is in flight.
        """
        while not self._tired():
            self._tell()
            room = self.carriers.room()
            if not room and len(self.flying) == len(self.landed):
                return
            wanted = min(self.chunk, room)
            granted = self.rt.limits.take(self.channel, self.sheet.lane, self.sheet.live, wanted) if room else 0
            if not granted:
                yield None
                if clock.uptime() - self.hold.renewed > self.rt.timing.lease / 3 and not self._keep():
                    return
                continue
            rows = self._next_chunk(granted)
            if not rows:
                return
            yield from self._handed_over(rows)

    def _tell(self) -> None:
        """Let the other workers know what the provider has answered lately: nothing at all, or that we are too fast for it."""
        self.carriers.tell()
        if self.eased:
            self.rt.limits.ease(self.channel, self.sheet.lane, self.sheet.live, self.eased)
            self.eased = 0.0

    def _next_chunk(self, granted: int) -> Sequence[Intent]:
        """One commit: what has landed, what was not started, our fence, the gates, and the next intents."""
        rows: Sequence[Intent] = ()
        with self.rt.db.write() as tx:
            if self._renewed(tx):
                if reason := parcels.closed(tx, self.sheet.alert.id):
                    moves.suppress_batch(tx, self.hold.lease, reason)
                else:
                    # Read before the commit: from here on, age only makes us more careful.
                    self.intended = clock.uptime()
                    rows = self._claim(tx, granted)
        self.rt.limits.put_back(self.channel, self.sheet.lane, self.sheet.live, granted - len(rows))
        return rows

    def _claim(self, tx: Connection, granted: int) -> Sequence[Intent]:
        """The next rows, of this batch or, when it has no more, of the next one that nobody has touched."""
        while True:
            if not self.channel.personal:
                moves.orphans(tx, self.hold.lease)
            lane, carrier = self.sheet.lane, self.channel.carrier
            rows = claims.claim(tx, self.hold.lease, lane, granted, MOST_ATTEMPTS, carrier)
            if rows:
                return rows
            following = batches.lease_next(tx, self.hold.lease, self.rt.worker, self.rt.timing.lease)
            if following is None:
                return ()
            self.hold = Hold(following, clock.uptime())
            self.holds.append(self.hold)

    def _handed_over(self, rows: Sequence[Intent]) -> Iterator[Parcel]:
        not_after = self.intended + self.rt.timing.stale
        for position, row in enumerate(rows):
            if clock.uptime() - self.intended > self.rt.timing.slice or self._tired():
                # Too long since the intent, the stop flag and the fence: give back what has not started, look again.
                self.unsent = rows[position:]
                self.chunk = max(FIRST_CHUNK, self.chunk // 2)
                return
            self.flying[row.id] = self.hold
            self.hold.flying += 1
            yield parcels.parcel(self.rt, self.sheet, row, not_after)
        if clock.uptime() - self.intended < self.rt.timing.slice / 4:
            self.chunk = min(LARGEST_CHUNK, self.chunk * 2)

    def _keep(self) -> bool:
        """Write down what has landed and push the leases out while waiting; False when somebody else has the batch."""
        with self.rt.db.write() as tx:
            return self._renewed(tx)

    def _renewed(self, tx: Connection) -> bool:
        """The fence of the batch at hand, and whatever is to be written down; batches with nothing in flight end here."""
        self._write_down(tx)
        for hold in tuple(self.holds):
            if hold is not self.hold and not hold.flying:
                self._end(tx, hold)
            elif hold is self.hold or clock.uptime() - hold.renewed > self.rt.timing.lease / 3:
                hold.lost = not batches.renew(tx, hold.lease, self.rt.timing.lease)
                hold.renewed = clock.uptime()
        return not self.hold.lost

    def _tired(self) -> bool:
        """True when this turn should end: something fatal, a provider in trouble, or enough for one job."""
        spent = clock.uptime() - self.began > self.rt.timing.job
        return bool(self.fatal) or self.trouble >= self._enough or spent

    @property
    def _enough(self) -> int:
        return ENOUGH_OF_MANY if self.sheet.personal else ENOUGH_TROUBLE

    # -- what came of it

    def _note(self, outcome: Outcome) -> None:
        self.landed.append(outcome)
        self.carriers.note(outcome)
        match outcome.error:
            case Misconfigured() as error:
                self.fatal = str(error)
            case Unavailable(slow_down=True) as error:
                # No trouble of the provider's: we are too fast for it, or were too late with this one.
                if error.code != TOO_LATE:
                    self.eased = max(self.eased, min(error.retry_after, LONGEST_EASE))
                self.reason = str(error)
            case Unavailable() | Uncertain() as error:
                self.trouble += 1
                self.reason = str(error)
            case _:
                self.trouble = 0

    def _write_down(self, tx: Connection) -> None:
        """Record every outcome that has landed since the last commit, and give back what never started."""
        if self.unsent:
            deliveries.give_back(tx, [row.id for row in self.unsent], self.hold.lease.epoch, free=True)
            self.unsent = ()
        landed = []
        for outcome in self.landed:
            number = self.sheet.number(outcome.parcel)
            hold = self.flying.pop(number)
            hold.flying -= 1
            hold.moved |= recording.moved(outcome)
            landed.append(Landed(number, hold.lease.epoch, outcome))
        self.landed = []
        recording.write_down(tx, self.sheet, landed, self.sheet.pull_after(self.rt.timing))

    # -- the end of the turn

    def _settle(self) -> None:
        """Write down the rest and give every batch back; then say who can go on."""
        self.carriers.tell()
        if not self.fatal and self.sheet.posted:
            receipts.read_back(self.rt, self.channel, self.sheet)
        ours = [hold.lease for hold in self.holds]
        with self.rt.db.write() as tx:
            self._write_down(tx)
            for hold in tuple(self.holds):
                self._end(tx, hold)
        with self.rt.db.write() as tx:
            broadcasting.finish_if_sent(tx, self.sheet.alert.id)
        for lease in ours:
            ringing.ring_next(self.rt, lease)

    def _end(self, tx: Connection, hold: Hold) -> None:
        """Give one batch back: done, to be continued, or dead with a reason for the operator."""
        self.holds.remove(hold)
        if hold.lost:
            return
        lease = hold.lease
        moves.bury(tx, lease, self.sheet.lane, MOST_ATTEMPTS)
        if reason := parcels.closed(tx, lease.alert_id):
            moves.suppress_batch(tx, lease, reason)
        left = claims.left(tx, lease, self.rt.timing.grace)
        idle = 0 if hold.moved else batches.idle_leases(tx, lease.batch_id)
        if not left.pending and not left.sending:
            batches.finish(tx, lease)
        elif self.fatal or idle >= MOST_IDLE:
            batches.kill(
                tx, lease, self.fatal or f"nothing moved for too long: {self.reason or 'nothing could be sent'}"
            )
        else:
            # A provider in trouble gets a pause that grows: 4, 4, 4, 8, 16 … up to 60 seconds.
            troubled = self.trouble >= self._enough and not self.carriers.another()
            calm = min(60.0, max(SILENCE, 2.0**idle)) if troubled else 0.0
            batches.release(tx, lease, max(left.next_in, self.wait, calm), hold.moved, self.reason)

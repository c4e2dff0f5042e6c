"""Hop 6 of the way out: take a batch, pass the last gates, commit the intent, hand over, write down what came of it.

At most once per intent: nothing is sent that was not committed as intended under our epoch a moment ago. At least once after
reconciliation: what may or may not have gone out is looked up at the provider before anybody repeats it. No transaction is open
while a provider thinks. docs/delivery.md lists the windows that remain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from broadcaster import clock
from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, pages, parcels, receipts, ringing
from broadcaster.store import batches, claims, deliveries, moves, stops
from broadcaster.store.batches import Lease
from channels.base import Action, Misconfigured, Outcome, Parcel, Receipt, Refused, Unavailable, Uncertain

#: Tries at one delivery that a provider turned away as busy or broken, before it fails for good.
MOST_ATTEMPTS = 6
#: Leases in a row that achieved nothing, each waiting longer (to a minute), before the operator is told: about 35 minutes.
MOST_IDLE = 40
#: Outcomes in a row that were not answers; then the provider gets a pause instead of more requests.
ENOUGH_TROUBLE = 3


def deliver(rt: Runtime, batch_id: int) -> None:
    """Send what may be sent of a batch. Safe to call at any time, any number of times, from any process."""
    with rt.db.write() as tx:
        rt.agree_on_time(tx)
        held = batches.lease(tx, batch_id, rt.worker, rt.timing.lease)
    if held is None:
        return
    if held.channel == "website":
        pages.deliver(rt, held)
    else:
        Delivering(rt, held).run()


class Delivering:
    """One lease on one batch, from taking it to giving it back."""

    def __init__(self, rt: Runtime, held: Lease) -> None:
        self.rt, self.held = rt, held
        self.began = self.renewed = clock.uptime()
        self.landed: list[Outcome] = []
        self.unsent: list[int] = []
        self.moved = False
        self.lost = False
        self.trouble = 0
        self.wait = 0.0
        self.fatal = ""
        self.reason = ""

    def run(self) -> None:
        """Reconcile, then send until nothing is left, the time is up, or somebody else has the batch."""
        with self.rt.db.read() as connection:
            self.sheet = parcels.sheet(self.rt, connection, self.held)
        try:
            self.channel = self.rt.channel(self.held.channel, self.sheet.live)
        except (NotReady, Misconfigured) as error:
            self.fatal = str(error)
        else:
            if self._page_is_out() and self._reconcile():
                for outcome in self.channel.send(self._parcels()):
                    self._note(outcome)
        if not self.lost:
            self._settle()

    # -- gates

    def _page_is_out(self) -> bool:
        """No text or post with a link leaves before its page is written, or has had its five seconds."""
        with self.rt.db.read() as connection:
            self.wait = parcels.page_wait(connection, self.held, self.rt.timing.page_wait)
        return self.wait <= 0

    def _closed(self, tx: Connection) -> str:
        """Why nothing more of this alert may go out, read in the same transaction as the intent; empty when it may."""
        return parcels.closed(tx, self.held.alert_id)

    # -- sending

    def _parcels(self) -> Iterator[Parcel | None]:
        """What the channel pulls: committed intents, one by one, each checked again in the moment before it leaves.

        None while the senders' rate releases nothing: the channel goes on with what is in flight.
        """
        while not self._tired():
            granted = self.rt.limits.take(self.channel, self.sheet.lane, self.sheet.live)
            if not granted:
                yield None
                if clock.uptime() - self.renewed > self.rt.timing.lease / 3 and not self._keep():
                    return
                continue
            rows = self._next_chunk(granted)
            if not rows:
                return
            for position, row in enumerate(rows):
                age = clock.uptime() - self.intended
                if age > self.rt.timing.slice or self._tired():
                    # Too long since the intent, the stop flag and the fence: give back what has not started, look again.
                    self.unsent = [late.id for late in rows[position:]]
                    break
                yield parcels.parcel(self.rt, self.sheet, row, self.intended + self.rt.timing.stale)

    def _keep(self) -> bool:
        """Write down what has landed and push the lease out while waiting; False when somebody else has the batch."""
        with self.rt.db.write() as tx:
            return self._hold(tx)

    def _hold(self, tx: Connection) -> bool:
        self._write_down(tx)
        self.lost = not batches.renew(tx, self.held, self.rt.timing.lease)
        self.renewed = clock.uptime()
        return not self.lost

    def _next_chunk(self, granted: int) -> Sequence[Any]:
        """One commit: what has landed, what was not started, our fence, the gates, and the next intents."""
        with self.rt.db.write() as tx:
            if not self._hold(tx):
                return ()
            if reason := self._closed(tx):
                moves.suppress_batch(tx, self.held, reason)
                return ()
            if not self.channel.personal:
                moves.orphans(tx, self.held)
            # Read before the commit: from here on, age only makes us more careful.
            self.intended = clock.uptime()
            rows = claims.claim(tx, self.held, self.sheet.lane, granted, MOST_ATTEMPTS)
        self.rt.limits.put_back(self.channel, self.sheet.lane, self.sheet.live, granted - len(rows))
        return rows

    def _tired(self) -> bool:
        """True when this lease should end: something fatal, a provider in trouble, or enough for one job."""
        spent = clock.uptime() - self.began > self.rt.timing.job
        return bool(self.fatal) or self.trouble >= ENOUGH_TROUBLE or spent

    def _note(self, outcome: Outcome) -> None:
        self.landed.append(outcome)
        match outcome.error:
            case Misconfigured() as error:
                self.fatal = str(error)
            case Unavailable() | Uncertain() as error:
                self.trouble += 1
                self.reason = str(error)
            case _:
                self.trouble = 0

    # -- writing down

    def _write_down(self, tx: Connection) -> None:
        """Record every outcome that has landed since the last commit, and give back what never started."""
        if self.unsent:
            deliveries.give_back(tx, self.unsent, self.held.epoch, free=True)
            self.unsent = []
        landed, self.landed = self.landed, []
        taken = [each for each in landed if each.error is None]
        if taken:
            self.moved = True
            rows = [(self.sheet.number(each.parcel), each.provider_id, each.url) for each in taken]
            deliveries.accept(tx, rows, self.held.epoch, self._pull_after())
        for outcome in landed:
            if outcome.error is not None:
                self._write_down_trouble(tx, self.sheet.number(outcome.parcel), outcome)
        if taken and not self.channel.personal:
            self.sheet.posted.extend(replace(each.parcel, provider_id=each.provider_id) for each in taken)

    def _write_down_trouble(self, tx: Connection, delivery_id: int, outcome: Outcome) -> None:
        error, epoch = outcome.error, self.held.epoch
        match error:
            case Refused():
                self.moved = True
                deliveries.fail(tx, delivery_id, epoch, error.reason, error.code)
                if error.opted_out:
                    stops.add(tx, outcome.parcel.to, self.sheet.lane, "provider")
            case Unavailable():
                wait = max(error.retry_after, self._backoff(tx, delivery_id))
                deliveries.give_back(tx, [delivery_id], epoch, wait, error.reason, error.code, free=error.slow_down)
            case Misconfigured():
                deliveries.give_back(tx, [delivery_id], epoch, 0, error.reason, error.code, free=True)
            case _:
                # Uncertain: left as sending. The next epoch looks it up when its grace is over.
                pass
        assert error is not None
        deliveries.note_attempt(tx, delivery_id, type(error).__name__, error.code, error.reason)

    def _backoff(self, tx: Connection, delivery_id: int) -> float:
        """Seconds before the next try: 1, 2, 4 … up to a minute."""
        return float(min(60, 2 ** (deliveries.attempts_of(tx, delivery_id) - 1)))

    def _pull_after(self) -> float:
        """Seconds until the provider is asked what became of an accepted one: at once for posts, which send no receipts."""
        return self.rt.timing.pull_after if self.channel.personal else 0.0

    # -- what may have gone out

    def _reconcile(self) -> bool:
        """Ask the provider about every row that an earlier owner left sending. False: the provider cannot say just now."""
        while True:
            with self.rt.db.read() as connection:
                rows = claims.unknown(connection, self.held, self.rt.timing.grace, limit=20)
            found: list[tuple[Any, Receipt | None]] = []
            try:
                for row in rows:
                    receipt = self._look(row)
                    found.append((row, receipt))
            except (Unavailable, Uncertain) as error:
                self.reason, self.trouble = str(error), ENOUGH_TROUBLE
            except Misconfigured as error:
                self.fatal = str(error)
            with self.rt.db.write() as tx:
                if not self._hold(tx):
                    return False
                for row, receipt in found:
                    self._resolve(tx, row, receipt)
            if self.trouble or self.fatal:
                return False
            if not rows or self._tired():
                return True

    def _look(self, row: Any) -> Receipt | None:
        """The provider's word on one row. Amending and retracting can simply be done again."""
        parcel = parcels.parcel(self.rt, self.sheet, row)
        if parcel.action in (Action.AMEND, Action.RETRACT):
            return None
        receipt = self.channel.find(parcel, row.intent_at)
        # A second try looks like the first: what failed then is not this one.
        return None if receipt is None or receipt.provider_id == row.earlier_id else receipt

    def _resolve(self, tx: Connection, row: Any, receipt: Receipt | None) -> None:
        self.moved = True
        if receipt is None:
            deliveries.give_back(
                tx, [row.id], row.epoch, reason="not found at the provider, so it is sent again", free=True
            )
            deliveries.note_attempt(tx, row.id, "NotFound", "", "looked for at the provider after an interruption")
            return
        deliveries.accept(tx, [(row.id, receipt.provider_id, receipt.url)], row.epoch, self._pull_after())
        receipts.write_down(tx, row.id, receipt)
        deliveries.note_attempt(tx, row.id, "Found", "", "found at the provider after an interruption")

    # -- the end of the lease

    def _settle(self) -> None:
        """Write down the rest and give the batch back: done, to be continued, or dead with a reason for the operator."""
        if not self.fatal and self.sheet.posted:
            receipts.read_back(self.rt, self.channel, self.sheet)
        with self.rt.db.write() as tx:
            self._write_down(tx)
            self._bury(tx)
            if reason := self._closed(tx):
                moves.suppress_batch(tx, self.held, reason)
            left = claims.left(tx, self.held, self.rt.timing.grace)
            idle = 0 if self.moved else batches.idle_leases(tx, self.held.batch_id)
            if not left.pending and not left.sending:
                batches.finish(tx, self.held)
                broadcasting.finish_if_sent(tx, self.held.alert_id)
            elif self.fatal or idle >= MOST_IDLE:
                batches.kill(
                    tx, self.held, self.fatal or f"nothing moved for too long: {self.reason or 'nothing could be sent'}"
                )
            else:
                # A provider in trouble gets a pause that grows: 4, 4, 4, 8, 16 … up to 60 seconds.
                calm = min(60.0, max(4.0, 2.0**idle)) if self.trouble >= ENOUGH_TROUBLE else 0.0
                batches.release(tx, self.held, max(left.next_in, self.wait, calm), self.moved, self.reason)
        ringing.ring_next(self.rt, self.held)

    def _bury(self, tx: Connection) -> None:
        """Rows that will never be sent get their final state: tried too often, orphaned, or of a phone that said stop."""
        moves.exhaust(tx, self.held, MOST_ATTEMPTS)
        moves.orphans(tx, self.held)
        moves.suppress_opted_out(tx, self.held, self.sheet.lane)

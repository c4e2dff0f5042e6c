"""The batches that one turn has leased: kept while anything of them is in flight, and given back when nothing is."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from broadcaster import clock
from broadcaster.runtime import Runtime
from broadcaster.services import parcels
from broadcaster.store import batches, claims, moves
from broadcaster.store.batches import Lease

#: Tries at one delivery that a provider turned away as busy or broken, before it fails for good.
MOST_ATTEMPTS = 6
#: Leases in a row that achieved nothing, each waiting longer, before the operator is told: about 35 minutes.
MOST_IDLE = 40
#: The shortest and the longest pause for a provider that does not answer, seconds.
SILENCE, LONGEST_SILENCE = 4.0, 60.0


@dataclass(slots=True)
class Hold:
    """One batch that is ours for now: how much of it is in flight, whether it moved, when its lease was last pushed out."""

    lease: Lease
    renewed: float
    flying: int = 0
    moved: bool = False
    lost: bool = False


@dataclass(slots=True)
class Verdict:
    """How a turn stands with its provider: what makes going on useless, why it waits, and for how many seconds at least."""

    fatal: str = ""
    reason: str = ""
    wait: float = 0.0
    silent: bool = False


class Holding:
    """The batches of one turn. `now` is the one whose deliveries are being claimed; of the others only answers are awaited."""

    def __init__(self, rt: Runtime, first: Lease) -> None:
        self._rt = rt
        self.now = Hold(first, clock.uptime())
        self._all = [self.now]
        self._flying: dict[int, Hold] = {}

    @property
    def leases(self) -> Sequence[Lease]:
        """All that have not been given back."""
        return [hold.lease for hold in self._all]

    @property
    def flying(self) -> int:
        """Deliveries handed over whose outcome is not written down."""
        return len(self._flying)

    def take_off(self, number: int) -> None:
        """A delivery of `now` is handed over."""
        self._flying[number] = self.now
        self.now.flying += 1

    def land(self, number: int, moved: bool) -> Lease:
        """Its outcome is being written down; returns the lease under which it left."""
        hold = self._flying.pop(number)
        hold.flying -= 1
        hold.moved |= moved
        return hold.lease

    def go_on(self, tx: Connection) -> bool:
        """Take the next batch of the alert that nobody has touched, because `now` has nothing more to claim."""
        lease = batches.lease_next(tx, self.now.lease, self._rt.worker, self._rt.timing.lease)
        if lease is not None:
            self.now = Hold(lease, clock.uptime())
            self._all.append(self.now)
        return lease is not None

    @property
    def pressing(self) -> bool:
        """True when the lease of `now` should be pushed out soon."""
        return self._due(self.now)

    def keep(self, tx: Connection, verdict: Verdict) -> bool:
        """The fence: push the leases out, give back what has nothing in flight; False when somebody else has `now` by this time."""
        for hold in tuple(self._all):
            if hold is not self.now and not hold.flying:
                self._end(tx, hold, verdict)
            elif hold is self.now or self._due(hold):
                hold.lost = not batches.renew(tx, hold.lease, self._rt.timing.lease)
                hold.renewed = clock.uptime()
        return not self.now.lost

    def end(self, tx: Connection, verdict: Verdict) -> None:
        """Give everything back."""
        for hold in tuple(self._all):
            self._end(tx, hold, verdict)

    def _due(self, hold: Hold) -> bool:
        return clock.uptime() - hold.renewed > self._rt.timing.lease / 3

    def _end(self, tx: Connection, hold: Hold, verdict: Verdict) -> None:
        """Give one batch back: done, to be continued, or dead with a reason for the operator."""
        self._all.remove(hold)
        if hold.lost:
            return
        lease = hold.lease
        moves.bury(tx, lease, MOST_ATTEMPTS)
        if reason := parcels.closed(tx, lease.alert_id):
            moves.suppress_batch(tx, lease, reason)
        left = claims.left(tx, lease, self._rt.timing.grace)
        idle = 0 if hold.moved else batches.idle_leases(tx, lease.batch_id)
        if not left.pending and not left.sending:
            batches.finish(tx, lease)
        elif verdict.fatal or idle >= MOST_IDLE:
            why = verdict.fatal or f"nothing moved for too long: {verdict.reason or 'nothing could be sent'}"
            batches.kill(tx, lease, why)
        else:
            # A provider that is silent gets a pause that grows: 4, 4, 4, 8, 16 … seconds.
            calm = min(LONGEST_SILENCE, max(SILENCE, 2.0**idle)) if verdict.silent else 0.0
            wait = max(_wait(left, hold.moved, idle), verdict.wait, calm)
            batches.release(tx, lease, wait, hold.moved, verdict.reason)


def _wait(left: claims.Left, moved: bool, idle: int) -> float:
    """Seconds until it is worth coming back.

    What could be sent by its time, and was not in a lease that moved nothing, waits for something else: for the part before it, or
    for an earlier alert's text to the same phone, whose answer was lost. That takes a grace, so we look again after 1, 2, 4 … s.
    """
    if left.due and moved:
        return 0.0
    return min(left.next_in, LONGEST_SILENCE, 2.0**idle) if left.due else left.next_in

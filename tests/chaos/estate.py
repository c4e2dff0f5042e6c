"""What a dead or cut-off worker leaves behind, and how long it lies still: batches without an owner, texts that may have gone out."""

import time

from sqlalchemy import select

from broadcaster.domain.lifecycle import BatchState, DeliveryState
from broadcaster.store.schema import batches, deliveries
from tests.chaos.town import Town

#: (batch, epoch) and (delivery, epoch).
Numbers = set[tuple[int, int]]


def held(town: Town, owner: str = "") -> Numbers:
    """Leased batches of the bulk lane, of all workers or of those with `owner` in their name."""
    query = select(batches.c.id, batches.c.epoch).where(
        batches.c.state == BatchState.LEASED, batches.c.lane == "bulk", batches.c.worker.contains(owner)
    )
    return {(row.id, row.epoch) for row in town.ask(lambda connection: connection.execute(query).all())}


def unknown(town: Town, owner: str = "") -> Numbers:
    """Texts that are with the provider, or may be."""
    query = (
        select(deliveries.c.id, deliveries.c.epoch)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            deliveries.c.state == DeliveryState.SENDING,
            deliveries.c.channel == "sms",
            batches.c.worker.contains(owner),
        )
    )
    return {(row.id, row.epoch) for row in town.ask(lambda connection: connection.execute(query).all())}


class Estate:
    """Taken down at the moment of a death; `settled` is asked again and again. Seconds since then; None: not yet."""

    def __init__(self, town: Town, owner: str = "") -> None:
        self._town, self._died = town, time.monotonic()
        self._batches, self._texts = held(town, owner), unknown(town, owner)
        self._told = f"{len(self._batches)} batches and {len(self._texts)} texts on their way"
        self.resumed: float | None = None
        self.resolved: float | None = None

    def __str__(self) -> str:
        return self._told

    def settled(self) -> bool:
        """True once somebody else has had every batch, and it is known of every text whether it went out."""
        now = round(time.monotonic() - self._died, 1)
        if self.resumed is None and not self._left():
            self.resumed = now
        if self.resolved is None and not self._texts & unknown(self._town):
            self.resolved = now
        return self.resumed is not None and self.resolved is not None

    def _left(self) -> Numbers:
        query = select(batches.c.id, batches.c.epoch).where(
            batches.c.id.in_([batch for batch, _ in self._batches]), batches.c.state != BatchState.DONE
        )
        rows = self._town.ask(lambda connection: connection.execute(query).all())
        return self._batches & {(row.id, row.epoch) for row in rows}

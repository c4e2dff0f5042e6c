"""The doorbell: tell the queue that there is work. It may be deaf; the sweep rings again, because the row is the truth."""

from collections.abc import Sequence

from broadcaster.runtime import Runtime
from broadcaster.store import batches
from broadcaster.store.batches import Lease


def ring(rt: Runtime, due: Sequence[tuple[int, str]]) -> None:
    """Ring for batches (id, lane), then remember it: a crash in between rings twice rather than never."""
    if not due:
        return
    with rt.db.read() as connection:
        before = batches.epochs(connection, [batch_id for batch_id, _ in due])
    if rt.queue.ring(due):
        with rt.db.write() as tx:
            batches.mark_rung(tx, before)


def ring_next(rt: Runtime, held: Lease) -> None:
    """After a lease: ring for this batch if it can go on at once, and for the one that waited behind it on its channel."""
    with rt.db.read() as connection:
        due = batches.ready(connection, held)
    ring(rt, due)

"""The website's shorter way out: publish everything public at once, then mark the pages that can be read back."""

from broadcaster import clock
from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, publishing, ringing
from broadcaster.store import alerts as alert_store
from broadcaster.store import batches, claims, deliveries, receipts
from broadcaster.store.batches import Lease
from broadcaster.store.deliveries import Accepted
from channels.base import ChannelError, Progress, Receipt

#: Seconds until a page that could not be written is tried again; the sweep also publishes whenever a folder is behind.
PAUSE = 2.0
#: A page is never given up.
NO_END = 30_000


def deliver(rt: Runtime, held: Lease) -> None:
    """Write the pages of an alert. Idempotent: a page that was written twice is one page."""
    with rt.db.write() as tx:
        alert = alert_store.get(tx, held.alert_id)
        deliveries.take_back(tx, held)
        rows = claims.claim(tx, held, alert.lane, deliveries.SLICE, NO_END, held.channel)
    problem, seen = "", {}
    try:
        published = publishing.publish(rt, alert.root, clock.utc_now())
        problem = published.problem
        seen = {page.language: page for page in published.pages if page.alert_id == alert.id}
    except (ChannelError, NotReady) as error:
        problem = str(error)
    with rt.db.write() as tx:
        for row in rows:
            page = seen.get(row.address)
            if page is None:
                deliveries.give_back(tx, [row.id], held.epoch, PAUSE, problem or "the page was not written", free=True)
                continue
            deliveries.accept(tx, [Accepted(row.id, held.epoch, page.provider_id, page.url)], 0)
            receipts.write_down(tx, row.id, Receipt(page.provider_id, Progress.DELIVERED))
        left = claims.left(tx, held, grace=0)
        if left.pending or left.sending:
            batches.release(tx, held, PAUSE, moved=bool(seen), reason=problem)
        else:
            batches.finish(tx, held)
            broadcasting.finish_if_sent(tx, held.alert_id)
        # Texts and posts that came first and wait for the page.
        woken = batches.wake(tx, held.alert_id)
    ringing.ring(rt, woken)
    ringing.ring_next(rt, held)

"""What may or may not have gone out is looked up at the provider, before anybody sends it again."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from broadcaster.runtime import Runtime
from broadcaster.services import parcels, receipts
from broadcaster.services.parcels import Sheet
from broadcaster.store import batches, claims, deliveries
from broadcaster.store.batches import Lease
from broadcaster.store.deliveries import Accepted
from channels.base import Action, Channel, ChannelError, Receipt

#: Lookups between two commits, each of which also renews the lease.
AT_ONCE = 20


class Reconciled(NamedTuple):
    """What came of it: whether the batch is still ours, how many rows are resolved, and which carrier could not say, and why."""

    ours: bool
    resolved: int
    silent: str = ""
    failure: ChannelError | None = None


def reconcile(
    rt: Runtime, sheet: Sheet, held: Lease, carriers: Callable[[str], Sequence[Channel]], tired: Callable[[], bool]
) -> Reconciled:
    """Ask about every row of the batch that an earlier owner left sending, until a carrier cannot say.

    `carriers` gives the channel through which a row was sent, by the name that the row carries; all of them when it has none, as
    after a restore. Rows whose grace is not over wait.
    """
    resolved, silent = 0, ""
    while True:
        with rt.db.read() as connection:
            rows = claims.unknown(connection, held, rt.timing.grace, limit=AT_ONCE)
        found: list[tuple[Any, Receipt | None, str]] = []
        failure: ChannelError | None = None
        for row in rows:
            receipt = None
            for channel in carriers(row.provider):
                try:
                    receipt = _look(rt, sheet, channel, row)
                except ChannelError as error:
                    failure, silent = error, channel.carrier
                if receipt is not None or failure is not None:
                    break
            if failure is not None:
                break
            found.append((row, receipt, channel.carrier))
        with rt.db.write() as tx:
            if not batches.renew(tx, held, rt.timing.lease):
                return Reconciled(False, resolved)
            for row, receipt, carrier in found:
                _resolve(tx, row, receipt, carrier, sheet.pull_after(rt.timing))
        resolved += len(found)
        if failure is not None or not rows or tired():
            return Reconciled(True, resolved, silent, failure)


def _look(rt: Runtime, sheet: Sheet, channel: Channel, row: Any) -> Receipt | None:
    """The provider's word on one row. Amending and retracting can simply be done again."""
    parcel = parcels.parcel(rt, sheet, row)
    if parcel.action in (Action.AMEND, Action.RETRACT):
        return None
    receipt = channel.find(parcel, row.intent_at)
    # A second try looks like the first: what failed then is not this one.
    return None if receipt is None or receipt.provider_id == row.earlier_id else receipt


def _resolve(tx: Connection, row: Any, receipt: Receipt | None, carrier: str, pull_after: float) -> None:
    if receipt is None:
        reason = "not found at the provider, so it is sent again"
        deliveries.give_back(tx, [row.id], row.epoch, reason=reason, free=True)
        deliveries.note_attempt(tx, row.id, "NotFound", "", "looked for at the provider after an interruption")
        return
    if not row.provider:
        deliveries.carried_by(tx, row.id, carrier)
    deliveries.accept(tx, [Accepted(row.id, row.epoch, receipt.provider_id, receipt.url)], pull_after)
    receipts.write_down(tx, row.id, receipt)
    deliveries.note_attempt(tx, row.id, "Found", "", "found at the provider after an interruption")

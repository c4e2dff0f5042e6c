"""The way back: what providers say became of each message, whether they call us, or we ask."""

from datetime import datetime

from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, parcels
from broadcaster.services.parcels import Sheet
from broadcaster.store import batches
from broadcaster.store import receipts as receipt_store
from broadcaster.store.receipts import write_down
from channels.base import Channel, ChannelError, Parcel, Receipt

__all__ = ["apply", "pull", "read_back", "write_down"]

#: Lookups of one job; the rest is asked for by the next.
LOOKUPS = 200


def apply(rt: Runtime, receipt: Receipt, now: datetime) -> bool:
    """A verified callback. False when it is about nothing of ours; a repeated or late one is fine and changes nothing."""
    try:
        number = rt.unseal(receipt.parcel_id) if receipt.parcel_id else None
    except ValueError:
        # From before a restore, perhaps: then only the provider's own id can say which one it is.
        number = None
    with rt.db.write() as tx:
        row = receipt_store.find(tx, number, receipt.provider_id)
        if row is None:
            return False
        if write_down(tx, row.id, receipt):
            broadcasting.complete_if_final(tx, row.alert_id)
    return True


def read_back(rt: Runtime, channel: Channel, sheet: Sheet) -> None:
    """Look at posts just made: only what can be seen in public counts as delivered. What cannot be seen yet is asked for later."""
    posted, sheet.posted = sheet.posted, []
    seen: list[tuple[Parcel, Receipt]] = []
    for parcel in posted:
        try:
            receipt = channel.find(parcel, sheet.now)
        except ChannelError:
            continue
        if receipt is not None:
            seen.append((parcel, receipt))
    with rt.db.write() as tx:
        for parcel, receipt in seen:
            write_down(tx, sheet.number(parcel), receipt)
        unseen = [sheet.number(parcel) for parcel in posted if parcel not in {each for each, _ in seen}]
        receipt_store.ask_later(tx, unseen, channel.lag)


def pull(rt: Runtime, batch_id: int) -> None:
    """Ask the provider about a batch's accepted deliveries of which no word has come."""
    with rt.db.read() as connection:
        held = batches.look(connection, batch_id)
        rows = receipt_store.to_pull(connection, batch_id, LOOKUPS)
        if held is None or not rows:
            return
        sheet = parcels.sheet(rt, connection, held)
    with rt.db.write() as tx:
        # First, so that two workers do not ask the same at once, and a provider that is down is not asked all the time.
        receipt_store.ask_later(tx, [row.id for row in rows], rt.timing.pull_again)
    channel = rt.channel(held.channel, sheet.live)
    for row in rows:
        parcel = parcels.known(rt, sheet, row)
        try:
            receipt = channel.find(parcel, row.intent_at or sheet.now)
        except ChannelError:
            return
        if receipt is None:
            continue
        with rt.db.write() as tx:
            write_down(tx, row.id, receipt)
    with rt.db.write() as tx:
        broadcasting.complete_if_final(tx, sheet.alert.id)

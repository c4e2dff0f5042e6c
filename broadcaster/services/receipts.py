"""The way back: what providers say became of each message, written down; who brought it is receiving.py or pulling.py."""

from collections.abc import Sequence

import structlog

from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting
from broadcaster.services.parcels import Sheet
from broadcaster.store import endings, progress, quiet
from broadcaster.store import receipts as receipt_store
from broadcaster.store.receipts import NOTHING, Applied, Word, write_down
from channels.base import Channel, ChannelError, Parcel, Receipt

__all__ = ["Word", "apply", "complete", "read_back", "write_down"]

log = structlog.get_logger(__name__)


def apply(rt: Runtime, words: Sequence[Word], wait: bool = True) -> Applied:
    """Apply many receipts in one transaction; repeated and late ones are fine and change nothing. `wait`: store/receipts.apply."""
    if not words:
        return NOTHING
    with rt.db.write() as tx:
        applied = receipt_store.apply(tx, words, rt.timing.pull_after, wait)
    complete(rt, applied)
    if applied.strange:
        log.warning("receipts_not_ours", number=applied.strange)
    return applied


def complete(rt: Runtime, applied: Applied) -> None:
    """Say so of alerts whose last delivery may have become final just now: once for each, whatever the number of receipts.

    After the commit, so that an alert's row and its deliveries are never locked together here; the sweep does it too.
    """
    for alert_id in applied.ended:
        with rt.db.read() as connection:
            if not endings.all_sent(connection, alert_id) or progress.unfinished(connection, alert_id):
                continue
        with rt.db.write() as tx:
            broadcasting.complete_if_final(tx, alert_id)


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
        quiet.ask_later(tx, unseen, channel.lag)

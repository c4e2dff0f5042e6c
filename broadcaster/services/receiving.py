"""The door for receipts: what a provider's callback has proved is taken here, whichever provider it was, and applied from here."""

from collections.abc import Collection
from datetime import datetime

import structlog

from broadcaster.runtime import Runtime
from broadcaster.services import receipts
from broadcaster.store import standing
from channels.base import Receipt

log = structlog.get_logger(__name__)


def accept(rt: Runtime, receipt: Receipt, modes: Collection[bool], now: datetime, carrier: str = "") -> None:
    """Take one receipt whose signature was verified. Returns when it is safe, or known to be about nothing of ours.

    `modes` says whose secret signed it: True the live account's, False the exercise's (docs/decisions/032); it may speak only
    about deliveries of these. `carrier` is the provider that sent it (Channel.carrier); empty: whoever carries the delivery.
    """
    try:
        number = rt.unseal(receipt.parcel_id)
    except ValueError:
        log.warning("receipt_of_nothing_of_ours")
        return
    with rt.db.read() as connection:
        mode = standing.mode_of_delivery(connection, number)
    if mode not in modes:
        log.warning("receipt_of_the_other_mode", delivery=number)
        return
    receipts.apply(rt, receipt, now)

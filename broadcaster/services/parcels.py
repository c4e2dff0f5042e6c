"""What a batch's parcels are made of: the frozen texts, the gates that the alert itself sets, and one parcel per row."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from broadcaster.domain.lifecycle import SENDING_ALERT, AlertState, DeliveryState
from broadcaster.runtime import Runtime, Timing
from broadcaster.services import pictures
from broadcaster.store import alerts as alert_store
from broadcaster.store.alerts import AlertRow
from broadcaster.store.batches import Lease
from broadcaster.store.schema import alerts, batches, db_now, deliveries
from channels.base import Action, Channel, Message, Parcel, Picture


@dataclass
class Sheet:
    """All that the parcels of one batch share. `posted` collects posts that still have to be read back."""

    alert: AlertRow
    channel: str
    personal: bool
    texts: Mapping[int, Message]
    now: datetime
    #: Where the carrier that was chosen says what became of them; empty: it says nothing by itself.
    callback: str = ""
    posted: list[Parcel] = field(default_factory=list)

    @cached_property
    def life(self) -> int | None:
        """Seconds for which a text is worth delivering."""
        if self.alert.expires_at is None:
            return None
        return max(60, int((self.alert.expires_at - self.now).total_seconds()))

    @property
    def live(self) -> bool:
        return self.alert.live

    @property
    def lane(self) -> str:
        return self.alert.lane

    def pull_after(self, timing: Timing) -> float:
        """Seconds until the provider is asked what became of an accepted one: at once for posts, which send no receipts."""
        return timing.pull_after if self.personal else 0.0

    @staticmethod
    def number(parcel: Parcel) -> int:
        """The delivery's row number, which our own token carries in the clear before its signature."""
        return int(parcel.id.partition(".")[0])


def sheet(rt: Runtime, connection: Connection, held: Lease) -> Sheet:
    """Read what the batch's parcels share, once."""
    alert = alert_store.get(connection, held.alert_id)
    now = connection.scalar(select(db_now()))
    assert now is not None
    texts = alert_store.texts(connection, held.alert_id)
    return Sheet(alert, held.channel, rt.personal(held.channel), texts, now)


def callback(rt: Runtime, channel: Channel) -> str:
    """Our public address for a carrier's receipts."""
    return f"{rt.settings.public_url.rstrip('/')}{channel.callback_path}" if channel.callback_path else ""


def parcel(rt: Runtime, shared: Sheet, row: Any, not_after: float = 0.0) -> Parcel:
    """The parcel of one delivery row. What should follow a post that is gone becomes a post of its own."""
    message = shared.texts[row.message_id]
    token = rt.seal(row.id)
    action = Action(row.action)
    if action is not Action.POST and not row.target:
        action = Action.POST
    return Parcel(
        id=token,
        to=row.address if shared.personal else "",
        text=message.parts[row.part],
        action=action,
        target=row.target or "",
        pictures=_pictures(rt, shared, message) if row.part == 0 else (),
        valid_for=shared.life,
        callback_url=f"{shared.callback}?d={token}" if shared.callback else "",
        lane=shared.lane,
        not_after=not_after,
        reference=_reference(shared, row) if shared.personal else "",
    )


def _reference(shared: Sheet, row: Any) -> str:
    """Our name of a delivery for good: of its alert, whose id nobody guesses, and its place in it; not of its row, whose number a

    restore gives to others.
    """
    place = f"{shared.alert.id} {shared.channel} {row.address} {row.part}"
    return hashlib.sha256(place.encode()).hexdigest()[:32]


def known(rt: Runtime, shared: Sheet, row: Any) -> Parcel:
    """The parcel of a delivery whose provider id is known: enough to ask about it."""
    return Parcel(
        id=rt.seal(row.id),
        to=row.address if shared.personal else "",
        text=shared.texts[row.message_id].parts[row.part],
        provider_id=row.provider_id,
        lane=shared.lane,
    )


def _pictures(rt: Runtime, shared: Sheet, message: Message) -> tuple[Picture, ...]:
    """The alert's pictures with their text alternative, where its kind lets them go that far."""
    if message.channel == "sms" or not rt.kinds[shared.alert.kind].pictures.reaches(message.channel):
        return ()
    return tuple(
        Picture(pictures.path_of(rt, each["file"]), pictures.mime_type(each["file"]), each["alt"][message.language])
        for each in shared.alert.draft["resources"]
    )


def page_wait(connection: Connection, held: Lease, patience: float) -> float:
    """Seconds that this batch should still wait for its alert's page: 0 when it is written, or has had its time."""
    unwritten = connection.scalar(
        select(func.count()).where(
            deliveries.c.alert_id == held.alert_id,
            deliveries.c.channel == "website",
            deliveries.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING)),
        )
    )
    if not unwritten:
        return 0.0
    age = connection.execute(
        select(db_now().label("now"), batches.c.created_at).where(batches.c.id == held.batch_id)
    ).one()
    waited = (age.now - age.created_at).total_seconds()
    return min(0.25, patience - waited) if waited < patience else 0.0


_STANDING = select(alerts.c.state, alerts.c.stop_at, alerts.c.expires_at, db_now().label("now")).where(
    alerts.c.id == bindparam("alert")
)


def closed(tx: Connection, alert_id: str) -> str:
    """Why nothing more of this alert may go out; empty when it may. Read in the transaction that commits the intent."""
    row = tx.execute(_STANDING, {"alert": alert_id}).one()
    state = AlertState(row.state)
    if row.stop_at is not None or state is AlertState.STOPPED:
        return "stopped"
    if state not in SENDING_ALERT:
        return str(state)
    if row.expires_at is not None and row.expires_at <= row.now:
        return "expired"
    return ""

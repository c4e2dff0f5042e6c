"""One single text to somebody's own phone, through the channel's SDK path: no delivery of any alert, counted nowhere."""

from datetime import timedelta

from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import carrying
from broadcaster.store.tokens import new_id
from channels.base import ChannelError, Parcel, Uncertain

CHANNEL = "sms"


def send(
    rt: Runtime,
    phone: str,
    text: str,
    live: bool,
    lane: str = "life-safety",
    valid_for: timedelta = timedelta(minutes=10),
) -> bool:
    """Hand a text over; False when it may have been taken, or not. NotReady when it surely was not.

    Whoever waits for one that may be lost asks for another.
    """
    parcel = Parcel(id=new_id(), to=phone, text=text, lane=lane, valid_for=int(valid_for.total_seconds()))
    carrier = carrying.carried(carrying.standing(rt, live), CHANNEL)
    channel = rt.channel(CHANNEL, live, carrier)
    # Somebody waits for it, so it waits for nobody; but the provider counts it with the others.
    rt.limits.owe(channel, lane, live)
    (outcome,) = channel.send([parcel])
    match outcome.error:
        case None:
            return True
        case Uncertain():
            return False
        case ChannelError() as error:
            raise NotReady(f"the text was not sent: {error.reason}")

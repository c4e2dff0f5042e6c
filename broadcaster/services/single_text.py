"""One text to one phone of the house, by the provider's SDK: no delivery of any alert, and never many."""

from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import carrying
from broadcaster.store.tokens import new_id
from channels.base import ChannelError, Parcel, Uncertain

CHANNEL = "sms"


def send(rt: Runtime, phone: str, text: str, live: bool, valid_for: int, lane: str = "life-safety") -> bool:
    """Hand it over; it is worth delivering for `valid_for` seconds. False when it may have been taken; NotReady when it was not."""
    parcel = Parcel(id=new_id(), to=phone, text=text, lane=lane, valid_for=valid_for)
    carrier = carrying.carried(carrying.standing(rt, live), CHANNEL)
    (outcome,) = rt.channel(CHANNEL, live, carrier).send([parcel])
    match outcome.error:
        case None:
            return True
        case Uncertain():
            return False
        case ChannelError() as error:
            raise NotReady(f"the text was not sent: {error.reason}")

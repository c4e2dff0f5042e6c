"""What every carrier of texts does alike: senders by lane, one text through the SDK, many through the window."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from channels.base import Action, Channel, Limits, Outcome, Parcel, Refused
from channels.bulk import Bulk
from channels.letter import Answer, Letter
from channels.senders import Sender, choose_sender
from channels.serial import Sent, one_by_one
from channels.window import WIDTH
from channels.wire import READ_TIMEOUT, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class TextingOptions:
    """What an account at any carrier has. `info_senders` carry the information lane (none: `senders` do); `timeout` is in seconds.

    `window` is how many requests all processes together may have in flight when many texts are sent.
    """

    senders: tuple[Sender, ...]
    info_senders: tuple[Sender, ...] = ()
    api_url: str = ""
    timeout: float = READ_TIMEOUT
    window: int = WIDTH


class Texting(Channel):
    """Texts to phones. Not amendable: what is wrong is corrected by another text."""

    name = "sms"
    limits = Limits("segments", per_part=2)
    actions = frozenset({Action.POST})
    personal = True
    lag = 30.0

    def __init__(self, wire: Wire, options: TextingOptions) -> None:
        self._wire, self._bulk = wire, Bulk(options.window, options.timeout)
        self._senders, self._info_senders = options.senders, options.info_senders

    def sender_for(self, parcel: Parcel) -> Sender:
        """The sender that carries this parcel: by lane, then always the same one for the same phone."""
        return choose_sender(self._senders_of(parcel.lane), parcel.to)

    def rate(self, lane: str) -> float:
        """All senders of the lane together: each carries its share by its own rate."""
        return sum(sender.rate for sender in self._senders_of(lane))

    def share(self, workers: int) -> None:
        self._bulk.share(workers)

    def _senders_of(self, lane: str) -> tuple[Sender, ...]:
        return self._info_senders if lane == "information" and self._info_senders else self._senders

    def _every_sender(self) -> tuple[Sender, ...]:
        """Of both lanes, each once."""
        return tuple(dict.fromkeys(self._senders + self._info_senders))

    def send(self, parcels: Iterable[Parcel | None]) -> Iterator[Outcome]:
        """A list of one goes through the SDK; all else may be many, and goes through a window of requests in flight."""
        if isinstance(parcels, Sequence) and len(parcels) <= 1:
            return one_by_one(parcels, self.actions, self._deliver)
        return self._bulk.send(parcels, self._letter, self._read)

    @abstractmethod
    def _deliver(self, parcel: Parcel) -> Sent:
        """Send one through the SDK. Raises a ChannelError."""

    @abstractmethod
    def _letter(self, parcel: Parcel) -> Letter:
        """The SDK's own request: it writes one of each kind, and only what differs is filled in."""

    @abstractmethod
    def _read(self, answer: Answer) -> Sent:
        """What an answer to such a request says. Raises a ChannelError."""

    def close(self) -> None:
        self._wire.close()
        self._bulk.close()


def life_of(parcel: Parcel, longest: int) -> int | None:
    """Seconds for which the provider may keep trying; None when nothing was said. Raises Refused when there are none left."""
    if parcel.valid_for is None:
        return None
    if parcel.valid_for < 1:
        raise Refused("it expired before it was sent", "expired")
    return min(parcel.valid_for, longest)

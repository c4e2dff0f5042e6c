"""The seam between the broadcaster and whoever carries a message: what goes in, what comes out, and what can go wrong.

The error tree says what to do next, not what happened::

    ChannelError
    ├── Unavailable     not taken: try again after `retry_after` seconds
    ├── Refused         final for this recipient or post; trying again cannot help
    ├── Uncertain       may have gone out: look (Channel.find) before repeating
    └── Misconfigured   ours to mend (dead token, no credit): stop and tell the operator now
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar


class Action(StrEnum):
    """What a parcel asks of its channel. Amend and retract are idempotent: already gone means done."""

    POST = "post"
    REPLY = "reply"
    AMEND = "amend"
    RETRACT = "retract"


class Progress(StrEnum):
    """How far a provider says a message has come. Order of definition is order of progress; see `rank`."""

    ACCEPTED = "accepted"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"

    @property
    def rank(self) -> int:
        """Monotone: receipts arrive repeated and in any order, and only a higher rank may replace a lower one.

        Delivered outranks failed: a phone that showed the text has it, whatever a late carrier report says.
        """
        return list(type(self)).index(self)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that goes with a post. `alt` is its text alternative in the post's language."""

    path: Path
    mime_type: str
    alt: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message of a channel may hold. `unit` names what `per_part` counts:
    "segments" (SMS), "weighted" (X's weighted characters), "characters" (code points).
    `parts` is the most parts a text may be cut into (1: it must fit). `pictures` is how many images a post may carry.
    """

    unit: str
    per_part: int
    parts: int = 1
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """The frozen text of an alert for one channel and language.

    `parts` is one text, or the posts of a thread in order. `title` is a heading where the channel has one, `link` the address of
    the page, already in the text. `units` are the lengths of the parts in the channel's own units (Limits.unit), and `notes` what
    was done to the text that a person should know, such as characters replaced to save a segment.
    """

    channel: str
    language: str
    parts: tuple[str, ...]
    title: str = ""
    link: str = ""
    units: tuple[int, ...] = ()
    encoding: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to one place, ready to hand over.

    `id` is the caller's own unguessable token for the delivery; it rides in callback URLs.
    `to` is an E.164 phone (sms), empty for the configured account (x, facebook), a relative file path (website).
    `target` is the provider's id of the post to reply to, amend or retract. `provider_id` is set when the provider's id of
    this very parcel is already known (find then reads it back directly).
    `valid_for` (seconds) is how long the provider may keep trying. `generation` orders writes of one page: a lower one never
    replaces a higher one. `lane` picks the sender ("life-safety" or "information").
    `not_after` is a reading of the clock that counts sleep too (CLOCK_BOOTTIME, seconds; 0: none): later than that nothing of it
    may leave, because somebody else may have it by then.
    `reference` names the delivery for good, where `id` is another one after a restore: a provider that keeps the sender's own name of
    a message is given this one (empty: the id).
    """

    id: str
    to: str
    text: str
    action: Action = Action.POST
    target: str = ""
    provider_id: str = ""
    pictures: tuple[Picture, ...] = ()
    valid_for: int | None = None
    callback_url: str = ""
    generation: int = 0
    lane: str = "life-safety"
    not_after: float = 0.0
    reference: str = ""


class ChannelError(Exception):
    """Something a provider or the way to it did; `code` is the provider's own code or ours, `reason` is for an operator."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(f"{reason} ({code})" if code else reason)
        self.reason = reason
        self.code = code


#: Code of what was not even tried, because its `not_after` had passed.
TOO_LATE = "too_late"


class Unavailable(ChannelError):
    """Not taken by the provider; try again after `retry_after` seconds.

    `slow_down` says that it was a rate limit: not an error of this message, so it costs no attempt.
    """

    def __init__(self, reason: str, code: str = "", retry_after: float = 5.0, slow_down: bool = False) -> None:
        super().__init__(reason, code)
        self.retry_after = retry_after
        self.slow_down = slow_down


class Refused(ChannelError):
    """Final for this recipient or post. `opted_out` says that the resident has told the provider STOP."""

    def __init__(self, reason: str, code: str = "", opted_out: bool = False) -> None:
        super().__init__(reason, code)
        self.opted_out = opted_out


class Uncertain(ChannelError):
    """It may have gone out. Look with `find` before doing it again."""


class Misconfigured(ChannelError):
    """Our credentials, sender or account are wrong: nothing will work until the operator mends it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one parcel: accepted under `provider_id`, or `error`. `url` is where people can see it."""

    parcel: Parcel
    provider_id: str = ""
    url: str = ""
    error: ChannelError | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says later about one message.

    `parcel_id` is set when the callback carried it. `transient` marks a failure worth one more try (Twilio 30003, 30008).
    """

    provider_id: str
    progress: Progress
    parcel_id: str = ""
    code: str = ""
    reason: str = ""
    transient: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a provider's own list of messages. `cursor` is where the list goes on, for `Channel.listing`; empty: its end."""

    receipts: tuple[Receipt, ...]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Answer of a harmless call: whose account answers, and what each sender can do, in words for an operator."""

    account: str
    senders: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


class Channel(ABC):
    """One way to residents. Subclasses set the class attributes and `send`, `find` and `check`; instances are safe for one thread."""

    name: ClassVar[str]
    #: Who carries it; two carriers of one channel share its name. Unless set, the channel's own name.
    carrier: ClassVar[str]
    #: Where this carrier's receipts come back, below the public address; empty: it sends none.
    callback_path: ClassVar[str] = ""
    limits: ClassVar[Limits]
    actions: ClassVar[frozenset[Action]]
    #: True when it is addressed to people one by one (sms); False when it has one place that all can read.
    personal: ClassVar[bool] = False
    #: Seconds within which the provider's own list shows everything it has taken (its lag).
    lag: ClassVar[float] = 10.0
    #: True when `listing` can tell what became of many messages at once.
    lists: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "carrier"):
            cls.carrier = cls.name

    @abstractmethod
    def send(self, parcels: Iterable[Parcel | None]) -> Iterator[Outcome]:
        """Pull parcels as slots free and yield one outcome for each as it lands, in any order.

        Pulling is the caller's last gate: a parcel is requested from the iterable only when it is about to be sent. None from
        the iterable means "not yet": go on with what is in flight, and ask again in a moment.
        Errors are outcomes, never raised, so that one parcel cannot harm the next.
        """

    @abstractmethod
    def find(self, parcel: Parcel, since: datetime) -> Receipt | None:
        """Ask the provider whether it has this parcel: by `provider_id` when known, else by what it looks like since `since`.

        None means that it certainly is not there. Raises Unavailable when the provider cannot say.
        """

    def listing(self, since: datetime, cursor: str = "") -> Listed:
        """A page of what was sent since `since` (by our clock), newest first; `cursor` is that of the page before, empty for the first.

        May be asked by another process than the page before. Whoever is not in the list by its end must be asked about with `find`.
        Raises ChannelError; a channel that does not list keeps this default.
        """
        raise Refused(f"{self.carrier} does not list messages", "no_list")

    def parse_receipt(self, form: Mapping[str, str]) -> Receipt:
        """Turn a verified callback's fields into a Receipt. Raises ValueError naming the missing field.

        A channel whose provider sends no callbacks keeps this default.
        """
        raise ValueError(f"{self.name} sends no receipts")

    def verify_receipt(self, url: str, form: Mapping[str, str], signature: str) -> bool:
        """True when the provider signed this callback for exactly this URL and these fields; by default nothing is believed."""
        return False

    @abstractmethod
    def check(self) -> Health:
        """A harmless call that proves the credentials. Raises Misconfigured or Unavailable."""

    def rate(self, lane: str) -> float | None:
        """Messages a second that the senders of `lane` may send together; None: the provider sets no such limit."""
        return None

    def share(self, workers: int) -> None:  # noqa: B027 - one request at a time is everybody's share
        """So many processes use this account at once: keep to a share of what it takes at the same time."""

    def close(self) -> None:  # noqa: B027 - a channel without connections has nothing to give back
        """Give back connections."""

"""The one place where the parts are joined: from settings to a database, a queue, channels, and what the city is."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

import channels
from broadcaster import clock, providers
from broadcaster.domain.errors import NotReady
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.profile import Profile
from broadcaster.settings import Settings
from broadcaster.store import documents
from broadcaster.store.breaker import Breaker
from broadcaster.store.database import Database
from broadcaster.store.lately import Lately
from broadcaster.store.limits import RateLimits
from broadcaster.store.paces import Paces
from broadcaster.store.queue import Queue
from broadcaster.store.receipt_stream import ReceiptStream
from broadcaster.store.schema import db_now, installation
from broadcaster.store.tokens import Sealer
from channels.base import Action, Channel, Limits

if TYPE_CHECKING:
    from broadcaster.store.geo_addresses import Geocoder

#: The checkout: templates/, playbooks/ and profiles/ lie beside the package.
FOLDER = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Timing:
    """The engine's patience, all in seconds; DESIGN's promises hold for these relations, tests only shrink them.

    `grace` must be longer than a provider call's time limit plus the provider's lag; `lease` longer than a call's time limit.
    """

    #: A provider call's time limit.
    call: float = 10.0
    lease: float = 30.0
    grace: float = 60.0
    #: A committed intent older than this is not sent but given back, and the stop flag read again.
    slice: float = 1.0
    #: Past this age of its intent nothing leaves, not even a request that is being written; well below the grace.
    stale: float = 15.0
    #: The same for a text, which is written in one go: a worker that was paused must not wake and send what was stopped meanwhile.
    #: Longer than a connection may take (3 s).
    stale_text: float = 5.0
    #: How long a text waits for its page.
    page_wait: float = 5.0
    #: One job works on a batch at most so long, then the next in the lane has its turn.
    job: float = 20.0
    #: When to ask about an accepted text of which no receipt came, and how often again.
    pull_after: float = 45.0
    pull_again: float = 120.0
    #: How often the same batch is rung again.
    ring_again: float = 10.0
    #: A process whose clock is further from the database's refuses to work.
    clock_slack: float = 2.0


class Pacer:
    """Keeps one process from doing the same too often; forgets nothing that matters, for the rows are the truth."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def due(self, what: str, seconds: float) -> bool:
        """True at most once in `seconds` for each `what`."""
        now = clock.uptime()
        if now - self._last.get(what, float("-inf")) < seconds:
            return False
        if len(self._last) > 10_000:
            self._last.clear()
        self._last[what] = now
        return True


@dataclass(slots=True)
class Runtime:
    """Everything that services need, made once in a process. Channels are made on first use, one set per process."""

    settings: Settings
    db: Database
    profile: Profile
    kinds: Mapping[str, AlertKind]
    queue: Queue
    receipt_stream: ReceiptStream
    limits: RateLimits
    breaker: Breaker
    sealer: Sealer
    worker: str
    timing: Timing = Timing()
    folder: Path = FOLDER
    pacer: Pacer = field(default_factory=Pacer)
    paces: Paces = field(default_factory=Paces)
    lately: Lately = field(default_factory=Lately)
    _channels: dict[tuple[str, bool, str], Channel] = field(default_factory=dict)
    _geocoder: "Geocoder | None" = None
    _epoch: int | None = None

    def channel(self, name: str, live: bool, carrier: str = "") -> Channel:
        """The channel by name and carrier (empty: the first that is set up); NotReady when it is not set up.

        Exercises get their own credentials, or the sandbox.
        """
        carrier = carrier or next(iter(self.carriers(name, live)), "")
        key = (name, live, carrier)
        if key not in self._channels:
            self._channels[key] = providers.make(name, self.settings, live, self.timing.call, carrier)
        return self._channels[key]

    def carriers(self, name: str, live: bool) -> tuple[str, ...]:
        """Who is set up to carry a channel, in order of preference; empty when nobody is. What can be asked of `channel`."""
        return providers.carriers(name, self.settings, live)

    def channel_names(self, live: bool = True) -> tuple[str, ...]:
        """Channels that are set up, in the table's order."""
        return tuple(name for name in channels.CHANNELS if not providers.missing(name, self.settings, live))

    def missing(self, name: str, live: bool = True) -> str:
        """What a channel lacks before it can be chosen, in words; empty when it is set up."""
        return providers.missing(name, self.settings, live)

    def limits_of(self, name: str) -> Limits:
        return channels.load(name).limits

    def actions(self, name: str) -> frozenset[Action]:
        return channels.load(name).actions

    def personal(self, name: str) -> bool:
        return channels.load(name).personal

    def geocoder(self) -> "Geocoder":
        """Looks addresses up; Nominatim's usage policy: once a second for the whole application, and say who asks."""
        if self._geocoder is None:
            from broadcaster.store.geo_addresses import Geocoder

            who = f"broadcaster ({self.settings.public_url})"
            turn = partial(self.limits.turn, "geocoder", 1.0)
            self._geocoder = Geocoder(self.settings.geocoder_url, self.profile.geocoder, who, turn)
        return self._geocoder

    def seal(self, delivery_id: int) -> str:
        """The token of a delivery, for callbacks: a number that was given out before a restore is not this one."""
        return self.sealer.seal(f"delivery.{self._epoch_of_installation()}", delivery_id)

    def unseal(self, token: str) -> int:
        """The delivery's number; ValueError when the token is not from here, or from before a restore."""
        return self.sealer.unseal(f"delivery.{self._epoch_of_installation()}", token)

    def _epoch_of_installation(self) -> int:
        if self._epoch is None:
            with self.db.read() as connection:
                self._epoch = abs(connection.scalar(select(installation.c.epoch)) or 1)
        return self._epoch

    def agree_on_time(self, connection: Connection) -> None:
        """NotReady when this machine's clock and the database's differ: leases and expiries would not mean the same."""
        theirs = connection.scalar(select(db_now()))
        assert theirs is not None
        apart = abs((clock.utc_now() - theirs).total_seconds())
        if apart > self.timing.clock_slack:
            raise NotReady(f"this machine's clock is {apart:.1f} s away from the database's; set it right first")

    def close(self) -> None:
        """Give back connections."""
        for channel in self._channels.values():
            channel.close()
        self.receipt_stream.close()
        self.db.dispose()


def build(settings: Settings, timing: Timing | None = None) -> Runtime:
    """Join the parts. Invalid names what is wrong in the profile or a kind; nothing is started or written."""
    if not settings.secret_key.get_secret_value():
        raise NotReady("BROADCASTER_SECRET_KEY is not set; `broadcaster run` makes one, other commands need it")
    profile = (
        settings.profile if settings.profile.is_absolute() or settings.profile.exists() else FOLDER / settings.profile
    )
    return Runtime(
        settings=settings,
        db=Database(settings.database, scratch=settings.var_dir / "register"),
        profile=documents.load_profile(profile),
        kinds=documents.load_kinds(FOLDER / "templates" / "alerts"),
        queue=Queue(settings.redis),
        receipt_stream=ReceiptStream(settings.redis),
        limits=RateLimits(settings.redis, settings.sms_rate),
        breaker=Breaker(settings.redis),
        sealer=Sealer(settings.secret_key.get_secret_value()),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        timing=timing or Timing(),
    )

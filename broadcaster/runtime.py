"""The one place where the parts are joined: from settings to a database, a queue, channels, and what the city is."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, select

import channels
from broadcaster import clock, providers
from broadcaster.domain.errors import NotReady
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.profile import Profile
from broadcaster.settings import Settings
from broadcaster.store import documents
from broadcaster.store.database import Database
from broadcaster.store.geo import Geocoder
from broadcaster.store.limits import RateLimits
from broadcaster.store.queue import Queue
from broadcaster.store.schema import db_now
from broadcaster.store.tokens import Sealer
from channels.base import Action, Channel, Limits

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
    limits: RateLimits
    sealer: Sealer
    geocoder: Geocoder
    worker: str
    timing: Timing = Timing()
    folder: Path = FOLDER
    pacer: Pacer = field(default_factory=Pacer)
    _channels: dict[tuple[str, bool], Channel] = field(default_factory=dict)

    def channel(self, name: str, live: bool) -> Channel:
        """The channel by name; NotReady when it is not set up. Exercises get their own credentials, or the sandbox."""
        key = (name, live)
        if key not in self._channels:
            self._channels[key] = providers.make(name, self.settings, live, self.timing.call)
        return self._channels[key]

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
        self.db.dispose()


def build(settings: Settings, timing: Timing | None = None) -> Runtime:
    """Join the parts. Invalid names what is wrong in the profile or a kind; nothing is started or written."""
    if not settings.secret_key.get_secret_value():
        raise NotReady("BROADCASTER_SECRET_KEY is not set; `broadcaster run` makes one, other commands need it")
    profile = (
        settings.profile if settings.profile.is_absolute() or settings.profile.exists() else FOLDER / settings.profile
    )
    city, limits = documents.load_profile(profile), RateLimits(settings.redis, settings.sms_rate)
    return Runtime(
        settings=settings,
        db=Database(settings.database),
        profile=city,
        kinds=documents.load_kinds(FOLDER / "templates" / "alerts"),
        queue=Queue(settings.redis),
        limits=limits,
        sealer=Sealer(settings.secret_key.get_secret_value()),
        # Nominatim's usage policy: once a second for the whole application, and say who asks.
        geocoder=Geocoder(
            settings.geocoder_url,
            city.geocoder,
            f"broadcaster ({settings.public_url})",
            lambda: limits.turn("geocoder", 1.0),
        ),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        timing=timing or Timing(),
    )

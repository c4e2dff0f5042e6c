"""What will be done to an installation, and when: decided by a seed alone, so that a run that failed can be had again."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

#: Victim → words in its command line (tests/processes/installed.py).
VICTIMS = {
    "urgent": "worker --lane urgent",
    "bulk": "worker --lane bulk",
    "sweep": " sweep",
    "web": "web --bind",
    "webhooks": "web --only webhooks",
    "valkey": "valkey-server",
}
#: What a text or a post may meet at its provider; the names are the sandbox's. None of them means "never try again".
SPOILT = (
    "latency",
    "hang",
    "hang_after",
    "drop_before",
    "drop_after",
    "500",
    "503_after",
    "503",
    "429",
    "not_json",
    "empty",
)
RECEIPTS = ("callbacks_lost", "callbacks_repeated", "callbacks_shuffled")
#: Requests that send something, by provider, as the sandbox's rules match them.
SENDS = {"twilio": "POST /2010", "x": "POST /2/tweets", "facebook": "/^POST /v[0-9.]+/[0-9]+/feed/"}


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that is done `at` seconds after the storm began (before 0: before the alert is sent).

    kill and pause (for `seconds`) have a victim; fault a provider, a name, a number of requests and a delay; lag has seconds;
    flush (of the queue), plug (everything at once) and restart (of PostgreSQL) need nothing.
    """

    at: float
    what: str
    whom: str = ""
    seconds: float = 0.0
    fault: str = ""
    times: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything. Times in seconds; `rate` in texts a second over all workers; `call` is the product's limit of one call.

    `pauses` are the shortest and the longest; `lag` is the provider's longest, which must stay well below the product's grace.
    """

    people: int
    rate: float
    span: float
    kills: int
    pauses: tuple[float, ...]
    faults: int
    lag: float
    call: float
    #: Also pull the plug, restart PostgreSQL, set a clock wrong, back up and restore.
    whole: bool

    @property
    def echo(self) -> float:
        """How long something may still arrive after all seems to be over."""
        return self.lag + self.call + 2.0


#: The product's own timing: stale 15 s, lease 30 s, grace 60 s. The longest pause outsleeps the lease, in one run of four the grace.
LONG = Scale(3000, 40.0, 110.0, 25, (2.0, 8.0, 17.0, 25.0, 40.0), 14, 9.0, 10.0, whole=True)
#: For tests/chaos/quick.py: stale 1.5 s, lease 2.5 s, grace 4 s.
SHORT = Scale(300, 50.0, 6.0, 6, (1.0, 5.0), 5, 1.0, 1.0, whole=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: its workers, the storm over the first alert, and where the others are cut (parts of the audience)."""

    seed: int
    urgent: int
    bulk: int
    storm: tuple[Blow, ...]
    stop_at: float
    stop_storm: tuple[Blow, ...]
    backup_at: float
    #: How far off a clock is, in seconds.
    astray: float

    def document(self) -> dict[str, Any]:
        """As it is printed and kept."""
        return asdict(self)


def plan(seed: int, scale: Scale) -> Plan:
    """The same for the same seed and scale."""
    draw = random.Random(f"chaos {seed}")  # not for secrets
    urgent, bulk = draw.choice(((1, 1), (1, 2), (2, 1), (2, 2)))
    storm = [
        *_before(draw, scale),
        *_kills(draw, scale),
        *_pauses(draw, scale),
        *_faults(draw, scale),
        *_rare(draw, scale),
    ]
    return Plan(
        seed,
        urgent,
        bulk,
        tuple(sorted(storm, key=lambda blow: blow.at)),
        stop_at=round(draw.uniform(0.15, 0.5), 2),
        stop_storm=tuple(sorted(_around_the_stop(draw, scale), key=lambda blow: blow.at)),
        backup_at=round(draw.uniform(0.1, 0.4), 2),
        astray=round(draw.choice((-1, 1)) * draw.choice((3.0, 40.0, 90.0, 4000.0)), 1),
    )


def _moment(draw: random.Random, scale: Scale) -> float:
    return round(draw.uniform(0.0, scale.span), 2)


def _before(draw: random.Random, scale: Scale) -> Iterator[Blow]:
    """Posts leave in the first second, so what they meet must be there before."""
    for provider in ("x", "facebook"):
        yield Blow(-1.0, "fault", provider, _delay(draw, scale), draw.choice(SPOILT), draw.randint(1, 2))
    for provider in SENDS:
        yield Blow(-1.0, "lag", provider, round(draw.uniform(0, scale.lag), 1))


def _kills(draw: random.Random, scale: Scale) -> Iterator[Blow]:
    """Everyone at least once where there are enough; workers most often."""
    names = [*VICTIMS, "child"]
    weights = (4, 8, 3, 2, 3, 3, 3)
    chosen = names[: scale.kills] + draw.choices(names, weights, k=max(0, scale.kills - len(names)))
    for name in chosen:
        yield Blow(_moment(draw, scale), "kill", name)


def _pauses(draw: random.Random, scale: Scale) -> Iterator[Blow]:
    for shortest in scale.pauses:
        seconds = round(shortest * draw.uniform(1.0, 1.3), 1)
        yield Blow(
            _moment(draw, scale), "pause", draw.choice(("bulk", "bulk", "bulk", "urgent", "sweep", "webhooks")), seconds
        )


def _faults(draw: random.Random, scale: Scale) -> Iterator[Blow]:
    for _ in range(scale.faults):
        name = draw.choice(SPOILT)
        yield Blow(_moment(draw, scale), "fault", "twilio", _delay(draw, scale), name, draw.randint(1, 12))
    for name in RECEIPTS:
        yield Blow(_moment(draw, scale), "fault", "twilio", 2.0, name, draw.randint(10, 200))


def _delay(draw: random.Random, scale: Scale) -> float:
    """Below and above the time that the product gives a call."""
    return round(draw.choice((0.2, 0.7, 1.4)) * scale.call, 1)


def _rare(draw: random.Random, scale: Scale) -> Iterator[Blow]:
    yield Blow(_moment(draw, scale), "flush")
    for _ in range(3):
        yield Blow(_moment(draw, scale), "lag", "twilio", round(draw.uniform(0, scale.lag), 1))
    if scale.whole:
        yield Blow(_moment(draw, scale), "plug")
        yield Blow(_moment(draw, scale), "restart")
        if draw.random() < 0.25:
            yield Blow(_moment(draw, scale), "pause", "bulk", 95.0)


def _around_the_stop(draw: random.Random, scale: Scale) -> Iterator[Blow]:
    """0 is the moment at which the stop is given. Some worker sleeps through it; others may have died, or do so right after."""
    for _ in range(draw.randint(1, 2)):
        yield Blow(round(draw.uniform(-1.0, 0.5), 2), "pause", "bulk", round(draw.uniform(0.2, 1.2) * scale.call, 1))
    for _ in range(draw.randint(0, 2)):
        yield Blow(round(draw.uniform(-1.0, 3.0), 2), "kill", draw.choice(("bulk", "sweep", "valkey", "webhooks")))
    yield Blow(-1.0, "fault", "twilio", _delay(draw, scale), draw.choice(("latency", "hang_after", "drop_after")), 5)

"""How long the texts of an alert take with the senders there are, what they cost, and which zones they reach too late."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from broadcaster.domain.profile import Money

#: Longer than this for a zone is worth more senders: the lead of a flash flood is often no more (`channels check` says so).
TOO_LONG = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast texts leave: `segments` a second that the senders release together, `texts` a second by the operator's own limit.

    Providers count segments: Twilio's senders release "one message segment per second" and so on, so a text of two takes twice as
    long (https://www.twilio.com/docs/api/errors/30001). None: no limit is known.
    """

    segments: float | None = None
    texts: float | None = None

    def seconds(self, texts: int, segments: int) -> float | None:
        """Seconds for `texts` that have `segments` together; None when nothing limits them that we know of."""
        waits = []
        if self.segments:
            waits.append(segments / self.segments)
        if self.texts:
            waits.append(texts / self.texts)
        return max(waits, default=None)


@dataclass(frozen=True, slots=True)
class Zone:
    """The phones of one zone by the language of their text, and when the hazard is there (None: nobody has said)."""

    code: str
    phones: Mapping[str, int]
    arrival: datetime | None = None


@dataclass(frozen=True, slots=True)
class ZoneForecast:
    """When a zone's last text has left; `late` when the hazard is there first. `finish` is None where no rate is known."""

    code: str
    phones: int
    seconds: float | None
    finish: datetime | None
    arrival: datetime | None

    @property
    def late(self) -> bool:
        return self.finish is not None and self.arrival is not None and self.finish > self.arrival


@dataclass(frozen=True, slots=True)
class Forecast:
    """All texts of an alert: how many, in how many segments, when the last has left (None: unknown), the cost (None: no price).

    `zones` in the order of sending.
    """

    phones: int
    segments: int
    begins: datetime
    seconds: float | None
    finish: datetime | None
    cost: Money | None
    zones: tuple[ZoneForecast, ...]

    @property
    def late(self) -> tuple[ZoneForecast, ...]:
        """Zones whose last text leaves after the hazard is there."""
        return tuple(zone for zone in self.zones if zone.late)


def forecast(
    phones: Mapping[str, int],
    zones: Sequence[Zone],
    segments: Mapping[str, int],
    pace: Pace,
    begins: datetime,
    price: Money | None = None,
) -> Forecast:
    """Forecast a send that begins at `begins`. `phones` and `segments` are by the language of the text.

    Zones where the hazard is sooner go first; those with the same time, or without one, go together and end together. A phone
    with places in several zones is counted in each, so the middle of a forecast is rather too late than too early; its end is
    not touched by that.
    """
    texts, units = _load(phones, segments)
    end = pace.seconds(texts, units)
    found: list[ZoneForecast] = []
    gone_texts = gone_units = 0
    for arrival, group in groupby(sorted(zones, key=_soonest), key=lambda zone: zone.arrival):
        together = list(group)
        more = [_load(zone.phones, segments) for zone in together]
        gone_texts += sum(each for each, _ in more)
        gone_units += sum(each for _, each in more)
        seconds = pace.seconds(min(gone_texts, texts), min(gone_units, units))
        finish = _after(begins, seconds)
        found += [
            ZoneForecast(zone.code, number, seconds, finish, arrival)
            for zone, (number, _) in zip(together, more, strict=True)
        ]
    return Forecast(texts, units, begins, end, _after(begins, end), price.times(units) if price else None, tuple(found))


def _load(phones: Mapping[str, int], segments: Mapping[str, int]) -> tuple[int, int]:
    """Texts, and their segments together."""
    return sum(phones.values()), sum(number * segments.get(tag, 1) for tag, number in phones.items())


def _soonest(zone: Zone) -> tuple[bool, float]:
    return zone.arrival is None, zone.arrival.timestamp() if zone.arrival else 0.0


def _after(begins: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else begins + timedelta(seconds=seconds)


def last_left(samples: Iterable[tuple[datetime, int]], left: int) -> datetime | None:
    """When nothing will be left, by the pace of `samples` (moment, texts gone by then), oldest first; None while it cannot be said."""
    points = list(samples)
    if len(points) < 2 or left <= 0:
        return None
    (first_at, first), (last_at, last) = points[0], points[-1]
    seconds, gone = (last_at - first_at).total_seconds(), last - first
    return last_at + timedelta(seconds=left * seconds / gone) if seconds > 0 and gone > 0 else None

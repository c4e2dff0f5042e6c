"""How long the texts of an alert take with the senders there are, what they cost, and which zones they reach too late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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

    @property
    def per_second(self) -> float:
        """Texts of one segment a second; 0 when no limit is known."""
        return min((each for each in (self.segments, self.texts) if each), default=0.0)

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
    """The phones of one zone by the language of their text, and when the hazard is there (None: nobody has said).

    `turn` puts the zones in order, the soonest first; those with the same, or with none, are told together, and those last.
    """

    code: str
    phones: Mapping[str, int]
    arrival: datetime | None = None
    turn: datetime | None = None


@dataclass(frozen=True, slots=True)
class ZoneForecast:
    """When a zone's last text has left; `late` when the hazard is there first. `finish` is None where no rate is known.

    `texts_by` is how many texts have left by then, its own and those of the zones before it.
    """

    code: str
    phones: int
    texts_by: int
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

    Zones go by their turn; those with the same end together. A phone with places in several zones is counted in each, so the middle
    of a forecast is rather too late than too early; its end is not touched by that.
    """
    texts, units = _load(phones, segments)
    end = pace.seconds(texts, units)
    found: list[ZoneForecast] = []
    gone_texts = gone_units = 0
    for _, group in groupby(sorted(zones, key=_soonest), key=lambda zone: zone.turn):
        together = list(group)
        more = [_load(zone.phones, segments) for zone in together]
        gone_texts += sum(each for each, _ in more)
        gone_units += sum(each for _, each in more)
        seconds = pace.seconds(min(gone_texts, texts), min(gone_units, units))
        finish = _after(begins, seconds)
        found += [
            ZoneForecast(zone.code, number, min(gone_texts, texts), seconds, finish, zone.arrival)
            for zone, (number, _) in zip(together, more, strict=True)
        ]
    return Forecast(texts, units, begins, end, _after(begins, end), price.times(units) if price else None, tuple(found))


def _load(phones: Mapping[str, int], segments: Mapping[str, int]) -> tuple[int, int]:
    """Texts, and their segments together."""
    return sum(phones.values()), sum(number * segments.get(tag, 1) for tag, number in phones.items())


def _soonest(zone: Zone) -> tuple[bool, float]:
    return zone.turn is None, zone.turn.timestamp() if zone.turn else 0.0


def _after(begins: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else begins + timedelta(seconds=seconds)


def measured(samples: Sequence[tuple[datetime, int]]) -> float | None:
    """Texts a second between the first and the last sample (moment, texts gone by then); None while nothing can be said."""
    if len(samples) < 2:
        return None
    (first_at, first), (last_at, last) = samples[0], samples[-1]
    seconds, gone = (last_at - first_at).total_seconds(), last - first
    return gone / seconds if seconds > 0 and gone > 0 else None


def again(before: Forecast, gone: int, left: int, per_second: float | None, now: datetime) -> Forecast:
    """The forecast while it is being sent: `gone` texts are handed over, `left` are not, and so many are each second.

    A provider takes texts faster than its senders release their segments, so nothing ends sooner than was worked out before. What is
    through has no finish any more; nor has what waits while nothing moves.
    """

    def until(waiting: int, planned: datetime | None) -> datetime | None:
        if waiting <= 0:
            return planned if planned is not None and planned > now else None
        if not per_second:
            return None
        handed_over = now + timedelta(seconds=waiting / per_second)
        return max(handed_over, planned) if planned is not None else handed_over

    zones = []
    for zone in before.zones:
        finish = until(min(zone.texts_by - gone, left), zone.finish)
        zones.append(replace(zone, seconds=_between(now, finish), finish=finish))
    finish = until(left, before.finish)
    return replace(before, begins=now, seconds=_between(now, finish), finish=finish, zones=tuple(zones))


def _between(now: datetime, finish: datetime | None) -> float | None:
    return None if finish is None else (finish - now).total_seconds()

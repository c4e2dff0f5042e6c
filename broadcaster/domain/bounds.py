"""Within what somebody may act: the channels and zones that they may draft and approve for."""

from collections.abc import Iterable
from dataclasses import dataclass

#: The page is written for every alert, whoever writes it, so nobody can be kept from it.
ALWAYS = frozenset({"website"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """Empty sets are no limit. Looking, and stopping an alert, are never limited: a stop makes nothing worse."""

    channels: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()

    @classmethod
    def of(cls, channels: Iterable[str] | None, zones: Iterable[str] | None) -> "Bounds":
        """As they are stored: None is no limit."""
        return cls(frozenset(channels or ()), frozenset(zones or ()))

    @property
    def none(self) -> bool:
        """True when there is no limit at all."""
        return not self.channels and not self.zones

    def channels_outside(self, channels: Iterable[str]) -> tuple[str, ...]:
        """Those of `channels` that are not within."""
        return tuple(each for each in channels if self.channels and each not in self.channels | ALWAYS)

    def zones_outside(self, zones: Iterable[str]) -> tuple[str, ...]:
        """Those of `zones` that are not within."""
        return tuple(each for each in zones if self.zones and each not in self.zones)


#: No limit.
EVERYTHING = Bounds()

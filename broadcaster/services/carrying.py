"""For operators: every carrier that is set up, whether its breaker lets anything through, and so who carries each channel."""

from collections.abc import Sequence
from dataclasses import dataclass

import channels
from broadcaster.runtime import Runtime
from broadcaster.store.breaker import BreakerState, breaker_key


@dataclass(frozen=True, slots=True)
class Carrying:
    """One carrier's account of a channel, and its breaker."""

    channel: str
    carrier: str
    live: bool
    breaker: BreakerState


def standing(rt: Runtime, live: bool) -> tuple[Carrying, ...]:
    """Every carrier that is set up, channel by channel, in order of preference. The website has none: it is written here."""
    return tuple(
        Carrying(name, carrier, live, rt.breaker.state(breaker_key(carrier, live)))
        for name in channels.CHANNELS
        if name != "website"
        for carrier in rt.carriers(name, live)
    )


def carried(found: Sequence[Carrying], channel: str) -> str:
    """Who carries a channel now: the first whose breaker is closed; empty when nobody does."""
    return next((each.carrier for each in found if each.channel == channel and each.breaker.closed), "")

"""Whom a submitted alert would reach now: from what its submission counted, and counted again only when the register changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from broadcaster.domain.alert import Selector
from broadcaster.runtime import Runtime
from broadcaster.store import areas, audience, fanout, generations
from broadcaster.store.alerts import AlertRow
from broadcaster.store.audience import Count


@dataclass(frozen=True, slots=True)
class Reach:
    """`phones` without those who said stop; `expected` with them, by language of the text and group (areas.groups).

    Both hold for one generation of the register. Who says stop later is excluded with that reason, so `expected` stays right.
    """

    generation: int
    phones: int
    expected: Mapping[str, Sequence[int]]


NOBODY = Reach(0, 0, {})


def personal(rt: Runtime, alert: AlertRow) -> bool:
    """True when an alert goes to phones one by one."""
    return any(rt.personal(channel) for channel in alert.draft["channels"])


def counted(
    rt: Runtime, connection: Connection, selector: Selector, languages: Sequence[str], lane: str, live: bool
) -> tuple[Count, Reach]:
    """Count an audience now, and what every plan of it is to hold."""
    spoken = fanout.spoken_first(languages, rt.profile.fallback)
    groups = areas.groups(connection, selector)
    area = areas.compile_area(connection, selector, groups[0].area.generation)
    found = audience.count(connection, area, languages=spoken, lane=lane, exercise=not live)
    expected = audience.expected(connection, groups, languages=spoken, exercise=not live)
    return found, Reach(area.generation, found.phones, expected)


def of_alert(rt: Runtime, connection: Connection, alert: AlertRow) -> Reach:
    """The audience of a submitted alert at this moment. A second's work for a million phones if the register changed since."""
    if not personal(rt, alert):
        return NOBODY
    selector, frozen = fanout.selector_of(alert.draft["area"]), alert.audience or {}
    generation = generations.current(connection)
    if frozen.get("generation") != generation or "expected" not in frozen:
        return counted(rt, connection, selector, alert.draft["languages"], alert.lane, alert.live)[1]
    area = areas.compile_area(connection, selector, generation)
    away = audience.opted_out(connection, area, lane=alert.lane, exercise=not alert.live)
    expected = frozen["expected"]
    return Reach(generation, sum(map(sum, expected.values())) - away, expected)

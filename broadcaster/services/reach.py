"""Whom a submitted alert would reach now: from what its submission counted, and counted again only when the register changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from broadcaster.domain.alert import Selector
from broadcaster.domain.kind import Audience
from broadcaster.runtime import Runtime
from broadcaster.store import alerts as alert_store
from broadcaster.store import areas, audience, generations, plans, recipients
from broadcaster.store.alerts import AlertRow
from broadcaster.store.areas import Area
from broadcaster.store.audience import Count
from broadcaster.store.zone_files import Zone
from channels import CHANNELS


@dataclass(frozen=True, slots=True)
class Reach:
    """`phones` without those who said stop; `expected` with them, by language of the text and group (areas.groups).

    Both hold for one generation of the register. Who says stop later is excluded with that reason, so `expected` stays right.
    `recipients_of` are alerts whose recipients it is for, whatever the register says now: only for them unless `area`.
    """

    generation: int
    phones: int
    expected: Mapping[str, Sequence[int]]
    recipients_of: tuple[str, ...] = ()
    area: bool = True


NOBODY = Reach(0, 0, {})


def personal(rt: Runtime, alert: AlertRow) -> bool:
    """True when an alert goes to phones one by one."""
    return any(rt.personal(channel) for channel in alert.draft["channels"])


def counted(
    rt: Runtime, connection: Connection, selector: Selector, languages: Sequence[str], lane: str, live: bool
) -> tuple[Count, Reach]:
    """Count an audience now, and what every plan of it is to hold."""
    spoken = plans.spoken_first(languages, rt.profile.fallback)
    groups = areas.groups(connection, selector)
    area = areas.compile_area(connection, selector, groups[0].area.generation)
    found = audience.count(connection, area, languages=spoken, lane=lane, exercise=not live)
    expected = audience.expected(connection, groups, languages=spoken, exercise=not live)
    return found, Reach(area.generation, found.phones, expected)


def of_recipients(
    rt: Runtime, connection: Connection, earlier: Sequence[str], languages: Sequence[str]
) -> tuple[Count, Reach]:
    """Count those who got one of these alerts or may have, by the language of the text that they get now."""
    fallback = plans.spoken_first(languages, rt.profile.fallback)[0]
    found: dict[str, int] = {}
    for channel in filter(rt.personal, CHANNELS):
        for tag, number in recipients.count(connection, channel, earlier).items():
            told = tag if tag in languages else fallback
            found[told] = found.get(told, 0) + number
    phones = sum(found.values())
    expected = {tag: [number] for tag, number in found.items()}
    counted = Count(phones, 0, {}, found, {}, {}, 0, {})
    return counted, Reach(generations.current(connection), phones, expected, tuple(earlier), area=False)


def of_kind(rt: Runtime, alert: AlertRow) -> Audience:
    """Whom an alert is for, as its kind says."""
    kind = rt.kinds.get(alert.kind)
    return kind.audience if kind else Audience.AREA


def with_recipients(rt: Runtime, tx: Connection, alert: AlertRow, found: Reach) -> Reach:
    """In the approval's transaction: an all-clear also reaches whoever was told what it lifts and is in its area no more.

    Not while the same is still in force elsewhere: then not everybody who was told may hear that it is over.
    """
    if of_kind(rt, alert) is not Audience.BOTH or found is NOBODY:
        return found
    lifted = recipients.lifted_by(alert.id)
    if recipients.still_elsewhere(tx, alert.incident_id, lifted):
        return found
    return replace(found, recipients_of=recipients.tellers(tx, lifted))


def counted_lately(
    rt: Runtime, connection: Connection, selector: Selector, languages: Sequence[str], lane: str, live: bool
) -> tuple[Count, Reach]:
    """As `counted`, at most some seconds old: for somebody who is typing, and never for what is decided on."""
    key = (generations.current(connection), repr(selector), tuple(languages), lane, live)
    return rt.lately.of(key, lambda: counted(rt, connection, selector, languages, lane, live))


def of_alert(rt: Runtime, connection: Connection, alert: AlertRow) -> Reach:
    """The audience of a submitted alert at this moment. A second's work for a million phones if the register changed since."""
    if not personal(rt, alert):
        return NOBODY
    if of_kind(rt, alert) is Audience.RECIPIENTS:
        earlier = [each.id for each in alert_store.references(connection, alert.id)]
        return of_recipients(rt, connection, earlier, alert.draft["languages"])[1]
    selector, frozen = plans.selector_of(alert.draft["area"]), alert.audience or {}
    generation = generations.current(connection)
    if frozen.get("generation") != generation or "expected" not in frozen:
        return counted(rt, connection, selector, alert.draft["languages"], alert.lane, alert.live)[1]
    area = areas.compile_area(connection, selector, generation)
    away = audience.opted_out(connection, area, lane=alert.lane, exercise=not alert.live)
    expected = frozen["expected"]
    return Reach(generation, sum(map(sum, expected.values())) - away, expected)


@dataclass(frozen=True, slots=True)
class People:
    """How many live where an alert is for. `number` is of the whole zones that say so; `unknown` are those that do not, `partly` the
    zones of which only a part is meant, or that are reached beside the area: how many live in that part, nobody has counted.
    """

    number: int
    unknown: Sequence[str]
    partly: Sequence[str]


def people(area: Area, zones: Iterable[Zone]) -> People:
    """The population of an area, as far as its zones know it."""
    whole = [zone for zone in zones if zone.code in area.zones]
    return People(
        sum(zone.population or 0 for zone in whole),
        [zone.code for zone in whole if zone.population is None],
        spill(area),
    )


def spill(area: Area) -> list[str]:
    """The zones that an area touches and does not hold: their places without a point are reached with it."""
    return [code for code in dict.fromkeys((*area.touched, *area.partial)) if code and code not in area.zones]

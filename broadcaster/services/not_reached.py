"""Who did not get it: counted per zone for whoever writes, and named on a list for crews, behind a right of its own.

A list names people and where they live. So it takes an approver and a reason, each opening is journaled, its link dies after some
hours, what is on it is read anew each time and kept nowhere, and no address of a page holds a number.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from broadcaster.domain.errors import Conflict, Invalid, NotAllowed, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.domain.street import Address, Why, address_of
from broadcaster.runtime import Runtime
from broadcaster.store import alerts as alert_store
from broadcaster.store import areas, crew_lists, journal, not_reached, zones
from broadcaster.store.alerts import AlertRow
from broadcaster.store.areas import Area
from broadcaster.store.crew_lists import CrewList
from broadcaster.store.phone_numbers import is_landline
from broadcaster.store.plans import generation_of, selector_of
from broadcaster.store.tokens import new_id

#: For how many hours a list can be opened.
HOURS, MOST_HOURS = 12, 48


@dataclass(frozen=True, slots=True)
class Line:
    """One household on a list. `call` are phones that somebody can ring: landlines, and all where nothing else is known."""

    address: Address | None
    words: str
    household: str
    why: Why
    phones: int
    call: tuple[str, ...]
    languages: tuple[str, ...]
    lat: float | None
    lon: float | None


@dataclass(frozen=True, slots=True)
class Street:
    """The households of one street in order of their numbers; `name` is empty for those of which no street is known.

    `unknown`: nothing at all is known of them but a phone.
    """

    name: str
    lines: tuple[Line, ...]
    unknown: bool = False


def may_list(actor: Actor, zone: str = "") -> None:
    """NotAllowed unless this person may see who lives where: approvers, within their own zones."""
    if not actor.person:
        raise NotAllowed("an API key may not list households")
    actor.must(Role.APPROVER, "list households")
    if zone and actor.bounds.zones_outside([zone]):
        raise NotAllowed(f"{actor.name} may not list households of {zone}: that zone is not theirs")


def counts(rt: Runtime, connection: Connection, alert: AlertRow) -> Mapping[str, Mapping[Why, int]]:
    """Zone code → why → households. Empty when the alert has no texts."""
    if not _channel(rt, alert):
        return {}
    area, shown = _area(connection, alert), _zones(connection, alert)
    found: dict[str, Counter[Why]] = {code: Counter() for code in shown}
    for one in _missed(rt, connection, alert, area):
        for zone in {spot.zone for spot in one.spots} & shown.keys():
            found[zone][one.why] += 1
    for code, zone in shown.items():
        if number := len(not_reached.without_number(connection, code, zone.shape, area)):
            found[code][Why.NO_NUMBER] = number
    return found


def make(rt: Runtime, alert_id: str, zone: str, hours: int, reason: str, actor: Actor, now: datetime) -> str:
    """A link to the list of one zone, which dies after `hours`. Invalid without a reason; NotAllowed without the right."""
    may_list(actor, zone)
    problems = []
    if not 1 <= hours <= MOST_HOURS:
        problems.append(Problem("hours", f"is not from 1 to {MOST_HOURS}", "Crews come back: make a new list then."))
    if not reason.strip():
        problems.append(Problem("reason", "must be filled in", "Say which crew it is for; the journal keeps it."))
    with rt.db.write() as tx:
        alert = alert_store.get(tx, alert_id)
        if zone not in _zones(tx, alert):
            problems.append(Problem("zone", "is not one of the zones", "Choose a zone of this alert."))
        if problems:
            raise Invalid(problems)
        list_id, expires = new_id(), now + timedelta(hours=hours)
        crew_lists.make(tx, list_id, alert_id, zone, actor.id, now, expires)
        body = {"list": list_id, "zone": zone, "until": expires}
        journal.append(
            tx, alert.incident, actor, "list.make", now, alert_id=alert_id, grounds=reason.strip()[:300], body=body
        )
    return list_id


def open_list(rt: Runtime, list_id: str, actor: Actor, now: datetime) -> Sequence[Street]:
    """The households, street by street, read this moment. Conflict when its time is over; each opening is journaled first."""
    with rt.db.write() as tx:
        found = crew_lists.get(tx, list_id)
        may_list(actor, found.zone)
        if not found.opens(now):
            raise Conflict("this list has run out; make a new one")
        crew_lists.count_opening(tx, list_id)
        alert = alert_store.get(tx, found.alert_id)
        body = {"list": list_id, "zone": found.zone, "opening": found.openings + 1}
        journal.append(tx, alert.incident, actor, "list.open", now, alert_id=alert.id, body=body)
    with rt.db.read() as connection:
        return _streets(rt, connection, alert, found)


def withdraw(rt: Runtime, list_id: str, actor: Actor, now: datetime) -> None:
    """Let the link die now."""
    with rt.db.write() as tx:
        found = crew_lists.get(tx, list_id)
        may_list(actor, found.zone)
        if crew_lists.withdraw(tx, list_id, now):
            alert = alert_store.get(tx, found.alert_id)
            journal.append(tx, alert.incident, actor, "list.withdraw", now, alert_id=alert.id, body={"list": list_id})


def _streets(rt: Runtime, connection: Connection, alert: AlertRow, found: CrewList) -> Sequence[Street]:
    area = _area(connection, alert)
    lines = []
    for one in _missed(rt, connection, alert, area):
        if any(spot.zone == found.zone for spot in one.spots):
            spot = one.at(found.zone)
            call = tuple(sorted(phone for phone in one.phones if is_landline(phone)))
            where = address_of(spot.name, one.household)
            called = tuple(sorted(one.languages))
            point = spot.lat, spot.lon
            if not (spot.name or one.household or spot.lat is not None):
                call = tuple(sorted(one.phones))
            lines.append(Line(where, spot.name, one.household, one.why, len(one.phones), call, called, *point))
    zone = zones.some(connection, [found.zone]).get(found.zone)
    for each in not_reached.without_number(connection, found.zone, zone.shape, area) if zone else ():
        where, point = address_of(each.place, each.household), (each.lat, each.lon)
        lines.append(Line(where, each.place, each.household, Why.NO_NUMBER, 0, (), (), *point))
    return _by_street(lines)


def _by_street(lines: Sequence[Line]) -> Sequence[Street]:
    """Streets by name, then those without: by their words, so that neighbours of one list stay together."""
    streets: dict[str, list[Line]] = {}
    for line in lines:
        streets.setdefault(line.address.street.casefold() if line.address else "", []).append(line)
    nameless = streets.pop("", [])
    found = []
    for _, mine in sorted(streets.items()):
        mine.sort(key=lambda line: line.address.order if line.address else ("", 0, "", ""))
        found.append(Street(mine[0].address.street if mine[0].address else "", tuple(mine)))
    nameless.sort(key=lambda line: (line.words.casefold(), line.household, line.call))
    for unknown in (False, True):
        mine = [line for line in nameless if unknown is not bool(line.words or line.household or line.lat is not None)]
        if mine:
            found.append(Street("", tuple(mine), unknown))
    return found


def _missed(rt: Runtime, connection: Connection, alert: AlertRow, area: Area) -> Sequence[not_reached.Missed]:
    channel = _channel(rt, alert)
    return not_reached.missed(connection, alert.id, channel, alert.lane, area, not alert.live) if channel else ()


def _channel(rt: Runtime, alert: AlertRow) -> str:
    """The channel that goes to phones; empty when the alert has none."""
    return next((name for name in alert.draft["channels"] if rt.personal(name)), "")


def _area(connection: Connection, alert: AlertRow) -> Area:
    """Whom it was for, as of the people that it went to."""
    return areas.compile_area(connection, selector_of(alert.draft["area"]), generation_of(connection, alert.id))


def _zones(connection: Connection, alert: AlertRow) -> Mapping[str, Any]:
    """The zones that it was for, by code."""
    told = (alert.audience or {}).get("zones", {}), (alert.audience or {}).get("instruction_zones", ())
    codes = dict.fromkeys((*alert.draft["area"].get("zones", ()), *told[0], *told[1]))
    return zones.some(connection, list(codes))

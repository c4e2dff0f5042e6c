"""Who did not get an alert's text: its deliveries that did not arrive, whose they are, and households that have no number at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from broadcaster.domain.lifecycle import DeliveryState
from broadcaster.domain.street import Why
from broadcaster.store import address_lists
from broadcaster.store.areas import Area
from broadcaster.store.generations import visible
from broadcaster.store.phone_numbers import is_landline
from broadcaster.store.schema import batches, deliveries, opt_outs, phones, place_zones, places

#: Carriers' words for a phone that takes no texts (channels/twilio_codes.py).
_LANDLINE_CODES = frozenset({"21614", "30006"})
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of a household in one zone, as the register names it."""

    zone: str
    name: str
    lat: float | None
    lon: float | None


@dataclass(slots=True)
class Missed:
    """A household of which nobody is known to have the text. `phones` are E.164 with why each did not get it."""

    household: str
    phones: dict[str, Why] = field(default_factory=dict)
    languages: set[str] = field(default_factory=set)
    spots: set[Spot] = field(default_factory=set)

    @property
    def why(self) -> Why:
        """The nearest to having it of its phones'."""
        order = list(Why)
        return min(self.phones.values(), key=order.index, default=Why.NO_NUMBER)

    def at(self, zone: str) -> Spot:
        """Its place in a zone, one with a point or a name before others."""
        mine = [spot for spot in self.spots if spot.zone == zone]
        return min(mine, key=lambda spot: (spot.lat is None, not spot.name, spot.name))


def missed(
    connection: Connection, alert_id: str, channel: str, lane: str, area: Area, exercise: bool
) -> Sequence[Missed]:
    """Every household of the audience that is not known to have the text, but those without a number (see `without_number`).

    A household is one name in the register, or a phone that has none. One phone with the text is enough.
    """
    found: dict[str, Missed] = {}
    rows = [*_undelivered(connection, alert_id, channel), *_stopped(connection, lane, area, exercise)]
    whys = {row[0]: row[1] for row in rows}
    for chunk in _chunks(sorted(whys)):
        for phone_id, phone, household, language in _people(connection, chunk):
            one = found.setdefault(household or phone, Missed(household))
            one.phones[phone] = whys[phone_id]
            one.languages.add(language)
        _place(connection, chunk, area.generation, found)
    named = [key for key in found if found[key].household]
    alone = [key for key in found if not found[key].household]
    for key in (*_reached(connection, alert_id, channel, area.generation, named), *_have(connection, alert_id, alone)):
        found.pop(key, None)
    return [one for one in found.values() if one.spots]


def _undelivered(connection: Connection, alert_id: str, channel: str) -> Iterator[tuple[int, Why]]:
    query = select(deliveries.c.phone_id, deliveries.c.address, deliveries.c.state, deliveries.c.code)
    query = query.join(batches, batches.c.id == deliveries.c.batch_id)
    query = query.where(batches.c.alert_id == alert_id, batches.c.channel == channel)
    query = query.where(deliveries.c.state != DeliveryState.DELIVERED, deliveries.c.phone_id.is_not(None))
    for row in connection.execute(query):
        yield row.phone_id, _why(row)


def _why(row: Any) -> Why:
    if row.code in _LANDLINE_CODES or is_landline(row.address):
        return Why.LANDLINE
    if row.state == DeliveryState.UNCONFIRMED:
        return Why.UNCONFIRMED
    if row.state in (DeliveryState.FAILED, DeliveryState.SUPPRESSED):
        return Why.FAILED
    return Why.OPEN


def _stopped(connection: Connection, lane: str, area: Area, exercise: bool) -> Iterator[tuple[int, Why]]:
    """Phones of the area that said stop: no delivery was ever made for them."""
    query = select(phones.c.id, place_zones.c.zone, place_zones.c.by_point, places.c.lat, places.c.lon)
    query = query.join(opt_outs, opt_outs.c.phone == phones.c.phone).join(
        place_zones, place_zones.c.phone_id == phones.c.id
    )
    query = query.join(places, places.c.id == place_zones.c.place_id).where(opt_outs.c.lane == lane)
    query = query.where(visible(phones, area.generation), visible(place_zones, area.generation))
    if exercise:
        query = query.where(phones.c.exercise)
    for row in connection.execute(query):
        if row.zone in area.zones or (row.zone in area.touched and not row.by_point) or _drawn_around(area, row):
            yield row.id, Why.STOPPED


def _drawn_around(area: Area, row: Any) -> bool:
    if area.shape is None or row.lat is None or row.zone not in area.partial:
        return False
    return bool(area.shape.contains(np.array([row.lat]), np.array([row.lon]))[0])


def _people(connection: Connection, ids: Sequence[int]) -> Sequence[Any]:
    query = select(phones.c.id, phones.c.phone, phones.c.household, phones.c.language)
    return connection.execute(query.where(phones.c.id.in_(ids)).order_by(phones.c.id)).all()


def _place(connection: Connection, ids: Sequence[int], generation: int, found: Mapping[str, Missed]) -> None:
    """Give every household its places, with the zones they belong to."""
    query = select(phones.c.phone, phones.c.household, place_zones.c.zone, places.c.name, places.c.lat, places.c.lon)
    query = query.join(place_zones, place_zones.c.phone_id == phones.c.id)
    query = query.join(places, places.c.id == place_zones.c.place_id)
    for row in connection.execute(query.where(phones.c.id.in_(ids), visible(place_zones, generation))):
        one = found.get(row.household or row.phone)
        if one is not None:
            one.spots.add(Spot(row.zone, row.name, row.lat, row.lon))


def _reached(
    connection: Connection, alert_id: str, channel: str, generation: int, households: Sequence[str]
) -> Iterator[str]:
    """Those of the households of which another phone has the text."""
    for chunk in _chunks(households):
        query = select(phones.c.household).join(
            deliveries, (deliveries.c.address == phones.c.phone) & (deliveries.c.alert_id == alert_id)
        )
        query = query.where(deliveries.c.channel == channel, deliveries.c.state == DeliveryState.DELIVERED)
        query = query.where(phones.c.household.in_(chunk), visible(phones, generation))
        yield from connection.scalars(query.distinct())


def _have(connection: Connection, alert_id: str, numbers: Sequence[str]) -> Iterator[str]:
    """Those of the phones that have the text, whatever their owners said later."""
    for chunk in _chunks(numbers):
        query = select(deliveries.c.address).where(deliveries.c.alert_id == alert_id, deliveries.c.address.in_(chunk))
        yield from connection.scalars(query.where(deliveries.c.state == DeliveryState.DELIVERED))


def without_number(connection: Connection, zone: str, shape: Any, area: Area) -> Sequence[address_lists.Household]:
    """Households of the city's own list that live in a zone (within the area, where that was drawn) and are not in the register."""
    listed = address_lists.within(connection, zone, shape)
    if area.shape is not None and zone not in area.zones:
        listed = [each for each in listed if each.lat is None or _inside(area, each)]
    names, named_places = set(), set()
    query = select(phones.c.household, places.c.name).join(place_zones, place_zones.c.phone_id == phones.c.id)
    query = query.join(places, places.c.id == place_zones.c.place_id).where(place_zones.c.zone == zone)
    counts = visible(place_zones, area.generation), visible(phones, area.generation)
    for household, place in connection.execute(query.where(*counts).distinct()):
        names.add(household)
        named_places.add(place.casefold())
    return [
        each
        for each in listed
        if (not each.household or each.household not in names)
        and (not each.place or each.place.casefold() not in named_places)
    ]


def _inside(area: Area, each: address_lists.Household) -> bool:
    assert area.shape is not None
    return bool(area.shape.contains(np.array([each.lat]), np.array([each.lon]))[0])


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]

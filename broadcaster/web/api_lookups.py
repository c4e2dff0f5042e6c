"""What there is to choose from, and whom an area reaches."""

import re

from flask import Response, jsonify

from broadcaster.domain.alert import Circle, Selector
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.kind import AlertKind, Lane
from broadcaster.services import composing, forecasting, scopes
from broadcaster.store import areas, audience
from broadcaster.store import zones as zone_store
from broadcaster.store.audience import Count
from broadcaster.web import api_answered as answered
from broadcaster.web import api_asked as asked
from broadcaster.web.api_answers import answers
from broadcaster.web.api_blanks import blank
from broadcaster.web.api_door import LOOKUPS, blueprint, me, needs
from broadcaster.web.context import runtime

_TAGS = [LOOKUPS]
_PAIR = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]{1,12})?),(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)")


def _kind(kind: AlertKind) -> dict[str, object]:
    return {
        "name": kind.name,
        "title": dict(kind.title),
        "lane": str(kind.lane),
        "channels": list(kind.channels),
        "msg_types": [str(each) for each in kind.msg_types],
        "always_two": kind.always_two,
        "needs": list(kind.needs),
        "expires_after_minutes": int(kind.expires_after.total_seconds() // 60),
        "fields": [blank(spec) for spec in kind.fields.values()],
    }


@blueprint.get("/kinds", tags=_TAGS, operation_id="listKinds", responses=answers(answered.KindList, 200))
@needs()
def kinds() -> Response:
    """Kinds of alert, and the fields of each"""
    return jsonify({"kinds": [_kind(each) for _, each in sorted(runtime().kinds.items())]})


@blueprint.get("/zones", tags=_TAGS, operation_id="listZones", responses=answers(answered.ZoneList, 200))
@needs()
def zones() -> Response:
    """Zones that alerts can be for"""
    with runtime().db.read() as connection:
        found = zone_store.listing(connection)
    shown = [{"id": each.code, "names": dict(each.names), "population": each.population} for each in found]
    return jsonify({"zones": shown})


@blueprint.get("/audience", tags=_TAGS, operation_id="countAudience", responses=answers(answered.Audience, 200, 422))
@needs("audience:read")
def count(query: asked.AudienceQuery) -> Response:
    """Whom an area reaches now

    By `zones`, by `polygon`, or by `lat`, `lon` and `radius_km`.
    """
    rt = runtime()
    lane = composing.kind_of(rt, query.kind).lane if query.kind else Lane.LIFE_SAFETY
    exercise = query.exercise or scopes.EXERCISE in me().scopes
    with rt.db.read() as connection:
        area = areas.compile_area(connection, _selector(query))
        found = audience.count(connection, area, languages=rt.profile.languages, lane=str(lane), exercise=exercise)
    seconds = forecasting.seconds_for(rt, found.phones, str(lane), live=not exercise)
    return jsonify(counted(found) | {"seconds": seconds})


def counted(found: Count) -> dict[str, object]:
    """A count as the API shows it."""
    return {
        "phones": found.phones,
        "households": found.households,
        "zones": dict(found.zones),
        "languages": dict(found.languages),
        "excluded": dict(found.excluded),
        "unplaced": found.unplaced,
    }


def _selector(query: asked.AudienceQuery) -> Selector:
    parts = (query.lat, query.lon, query.radius_km)
    missing = [name for name, part in zip(("lat", "lon", "radius_km"), parts, strict=True) if part is None]
    if 0 < len(missing) < 3:
        raise Invalid([Problem(name, "is missing", "A circle is lat, lon and radius_km.") for name in missing])
    drawn = not missing
    if not (query.zones or query.polygon or drawn):
        raise Invalid([Problem("zones", "no area is given", "Give zones, polygon, or lat, lon and radius_km.")])
    return Selector(
        zones=tuple(query.zones.split(",")) if query.zones else (),
        polygon=_corners(query.polygon or ""),
        circle=Circle(query.lat or 0.0, query.lon or 0.0, query.radius_km or 0.0) if drawn else None,
    )


def _corners(text: str) -> tuple[tuple[float, float], ...]:
    found = [_PAIR.fullmatch(pair) for pair in text.split()]
    wrong = [number for number, each in enumerate(found, start=1) if each is None]
    if wrong:
        raise Invalid([Problem("polygon", f"pair {wrong[0]} is not lat,lon", "Write -27.55,152.99 -27.55,153.01 …")])
    return tuple((float(each[1]), float(each[2])) for each in found if each)

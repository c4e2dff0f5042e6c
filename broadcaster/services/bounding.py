"""Whether an alert is within what somebody may act for: asked in drafting and approval, whichever door they came by."""

from collections.abc import Iterable

from sqlalchemy import Connection

from broadcaster.domain.alert import Selector
from broadcaster.domain.errors import Invalid, NotAllowed
from broadcaster.domain.rules import Actor
from broadcaster.store import areas, geo, plans, zones
from broadcaster.store.alerts import AlertRow


def must_cover(connection: Connection, actor: Actor, channels: Iterable[str], selector: Selector) -> None:
    """NotAllowed when a channel, a zone or a drawn area is outside the actor's bounds.

    A drawn area must lie in their zones altogether. What cannot be worked out (no area yet, an address nobody has looked up, a polygon
    that crosses itself) can be kept as a draft, and not be submitted.
    """
    bounds = actor.bounds
    if bounds.none:
        return
    if outside := bounds.channels_outside(channels):
        raise NotAllowed(f"{actor.name} may not use the channel {', '.join(outside)}; an admin sets who may use which")
    if outside := bounds.zones_outside(selector.zones):
        raise NotAllowed(f"{actor.name} may not alert the zone {', '.join(outside)}; an admin sets who may alert which")
    if bounds.zones and (selector.polygon or selector.circle) and not _within(connection, selector, bounds.zones):
        raise NotAllowed(f"{actor.name} may not alert all of this area; an admin sets who may alert which zones")


def _within(connection: Connection, selector: Selector, allowed: frozenset[str]) -> bool:
    try:
        drawn = areas.compile_area(connection, selector).shape
    except Invalid:
        return True
    own = zones.some(connection, sorted(allowed))
    return drawn is None or (bool(own) and geo.union(each.shape for each in own.values()).covers(drawn))


def must_cover_alert(connection: Connection, actor: Actor, alert: AlertRow) -> None:
    """The same for an alert as it is stored."""
    must_cover(connection, actor, alert.draft["channels"], plans.selector_of(alert.draft["area"]))


def covers_alert(connection: Connection, actor: Actor, alert: AlertRow) -> bool:
    """True when the alert is within the actor's bounds; for pages, that ask before they offer."""
    try:
        must_cover_alert(connection, actor, alert)
    except NotAllowed:
        return False
    return True

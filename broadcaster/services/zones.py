"""Zones in: a GeoJSON file replaces zones by their code, and every place with a point learns where it belongs now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from broadcaster.domain.profile import Profile
from broadcaster.domain.rules import Actor
from broadcaster.services.building import Building
from broadcaster.services.pacing import Pace
from broadcaster.store import geo, memberships, zones
from broadcaster.store.database import Database
from broadcaster.store.zone_files import read_zones


@dataclass(frozen=True, slots=True)
class ZoneReport:
    """What an import of zones did; `moved` counts places that belong elsewhere now."""

    new: int
    changed: int
    same: int
    moved: int

    def summary(self) -> str:
        """One line for a person."""
        return (
            f"{self.new} new zones, {self.changed} changed, {self.same} the same; {self.moved} places belong elsewhere"
        )


def import_zones(
    db: Database,
    profile: Profile,
    data: bytes,
    *,
    actor: Actor,
    now: datetime,
    name: str = "-",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ZoneReport:
    """Import the GeoJSON in `data`; zones that it does not name stay.

    Invalid with every problem and its place; Conflict while another import is under way; the former zones stay in force
    until all is worked out.
    """
    given = read_zones(data, name, profile.languages[0])
    with Building(db, "zones", name, now) as building:
        with db.read() as connection:
            known = {zone.code: zone for zone in zones.listing(connection, building.base)}
        changed = [zone for zone in given if zone != known.get(zone.code)]
        for start in range(0, len(changed), 50):
            with building.slice() as tx:
                zones.put(tx, changed[start : start + 50], building.generation.id, now)
        redrawn = [zone for zone in changed if zone.code not in known or zone.geometry != known[zone.code].geometry]
        moved = _settle(db, building, {zone.code: zone.shape for zone in redrawn}, progress) if redrawn else 0
        new = sum(zone.code not in known for zone in given)
        report = ZoneReport(new, len(changed) - new, len(given) - len(changed), moved)
        body = {"new": new, "changed": report.changed, "same": report.same, "moved": moved}
        building.finish(actor, "zones imported", body)
    return report


def _settle(
    db: Database, building: Building, shapes: Mapping[str, geo.Shape], progress: Callable[[int, int], None]
) -> int:
    """Work out anew which places belong to the zones in `shapes`; returns how many belong elsewhere now."""
    after, done, moved, pace = 0, 0, 0, Pace()
    with db.read() as connection:
        total = memberships.points(connection, building.base)
    while True:
        with db.read() as connection:
            page, after = memberships.page(connection, building.base, after, pace.size)
        if not page:
            return moved
        joins, leaves = memberships.compare(page, shapes)
        if joins or leaves:
            with pace, building.slice() as tx:
                memberships.change(tx, joins, leaves, building.generation.id)
        moved += len({place_id for _, place_id, _ in (*joins, *leaves)})
        done += len(page)
        progress(done, total)

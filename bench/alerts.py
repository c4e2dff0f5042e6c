"""The alerts that the benchmarks send, written, submitted and approved through the real services by Ada and Ben."""

from dataclasses import replace
from datetime import UTC
from itertools import count

from bench.residents import ZONES
from bench.site import Site
from broadcaster import clock
from broadcaster.domain.alert import Draft, Selector
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import FOLDER
from broadcaster.services import approval, drafting, publishing
from broadcaster.store import alerts as alert_store
from broadcaster.store import decisions, documents
from broadcaster.store.zone_files import read_zones

ADA = Actor("ada", "Ada", Role.AUTHOR)
BEN = Actor("ben", "Ben", Role.APPROVER)
#: Zones whose names fit into one post.
SMALL = ("rocklea", "oxley")
EXAMPLE = FOLDER / "templates" / "alerts" / "holding" / "example.en.yaml"
_serial = count(1)


def everywhere() -> tuple[str, ...]:
    """The codes of all zones of the city."""
    return tuple(zone.code for zone in read_zones(ZONES.read_bytes(), ZONES.name, "en"))


def draft(channels: tuple[str, ...], zones: tuple[str, ...] = ()) -> Draft:
    """A first message to the whole city, or to some zones, each of an incident of its own."""
    read = documents.read_alert_file(EXAMPLE, UTC, clock.utc_now())
    area = Selector(zones=zones or everywhere())
    return replace(read, incident=f"bench-{next(_serial)}", area=area, channels=channels)


def by_hand() -> dict[str, object]:
    """The same as the contents of an alert file."""
    read = documents.read_file(EXAMPLE).plain()
    assert isinstance(read, dict)
    return read | {"incident": "bench", "area": {"zones": list(everywhere())}, "channels": ["website", "sms"]}


def submitted(site: Site, wanted: Draft) -> str:
    """Written and submitted by Ada; returns the alert's id."""
    alert_id = drafting.create(site.rt, wanted, ADA, clock.utc_now())
    drafting.submit(site.rt, alert_id, ADA, clock.utc_now())
    return alert_id


def approve(site: Site, alert_id: str) -> float:
    """Approved by Ben; returns how many seconds that took, as a console would wait."""
    with site.rt.db.read() as connection:
        digest = alert_store.get(connection, alert_id).content_hash or ""
    began = clock.uptime()
    approval.approve(site.rt, alert_id, BEN, digest, clock.utc_now())
    return clock.uptime() - began


def phones_of(site: Site, alert_id: str) -> int:
    """How many phones a submitted alert will reach."""
    with site.rt.db.read() as connection:
        found = alert_store.get(connection, alert_id).audience or {}
    return int(found.get("phones", 0))


def expire(site: Site, alert_id: str) -> None:
    """What the sweep does when an alert's time is over, so that a benchmark's hundredth alert stands beside as few as its first."""
    now = clock.utc_now()
    with site.rt.db.write() as tx:
        decisions.move_alert(tx, alert_id, "expire", now)
        publishing.wanted(tx, "live")

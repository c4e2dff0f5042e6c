"""What an installation needs before it can warn anybody, and how far it has come: for the page of the first hour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.services import channel_checks, playbooks
from broadcaster.settings import on_this_machine
from broadcaster.store import accounts, areas, audience, chronicle, duty, standing, zones
from broadcaster.store.journal import SYSTEM_CHAIN

#: The playbook behind the home page's first button.
HOLDING = "holding"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `facts` are what the page puts into words: counts and names, never words themselves."""

    key: str
    done: bool
    facts: Mapping[str, int | str] = field(default_factory=dict)


def steps(rt: Runtime, connection: Connection, now: datetime) -> tuple[Step, ...]:
    """Every step, in the order in which they are best done."""
    home = standing.standing(connection)
    staff = len(rt.profile.staff_phones)
    sealed = accounts.sealed(connection)
    whole = bool(sealed and sealed.active and sealed.opened_at is None)
    rehearsed = sum(
        number
        for (state, live), number in standing.alert_totals(connection).items()
        if not live and state in ("active", "superseded", "cancelled", "expired")
    )
    backed = home.backup_at is not None
    return (
        Step("profile", "profile" in rt.settings.model_fields_set, {"file": rt.settings.profile.name}),
        Step("address", _reachable(rt), {"address": rt.settings.public_url}),
        _channels(rt, connection),
        _zones(connection),
        _residents(rt, connection),
        _people(rt, connection),
        Step("seal", whole),
        Step("duty", duty.is_kept(connection, now), {"now": len(duty.on_now(connection, now))}),
        Step("staff", staff > 0, {"phones": staff}),
        _holding(rt, connection),
        Step("backup", rt.settings.backup_dir is not None and backed),
        Step("test", rehearsed > 0, {"alerts": rehearsed}),
    )


def _reachable(rt: Runtime) -> bool:
    return rt.settings.public_url.startswith("https://") and not on_this_machine(rt.settings.public_url)


def _channels(rt: Runtime, connection: Connection) -> Step:
    """Done when something that goes to people's hands is set up, and the last check found all that is set up alive."""
    names = [name for name in rt.channel_names() if name != "website"]
    last = chronicle.last_body(connection, SYSTEM_CHAIN, channel_checks.ACTION)
    alive = bool(last) and all(last.values())
    return Step(
        "channels", bool(names) and alive, {"number": len(names), "dead": sum(not each for each in last.values())}
    )


def _zones(connection: Connection) -> Step:
    number = len(zones.listing(connection))
    return Step("zones", number > 0, {"zones": number})


def _residents(rt: Runtime, connection: Connection) -> Step:
    everybody = areas.whole_register(connection)
    counted = [
        audience.count(connection, everybody, languages=rt.profile.languages, lane="life-safety", exercise=exercise)
        for exercise in (False, True)
    ]
    return Step("residents", counted[0].phones > 0, {"phones": counted[0].phones, "exercise": counted[1].phones})


def _people(rt: Runtime, connection: Connection) -> Step:
    """Done when two people may approve, and have what their power takes."""
    keyed = accounts.with_passkeys(connection)
    able = [
        each
        for each in accounts.listing(connection)
        if each.active and each.role.covers(Role.APPROVER) and not each.sealed_at
    ]
    ready = [each for each in able if each.tf_primary_method or each.id in keyed]
    required = rt.settings.second_step == "required"
    enough = len(ready if required else able) >= 2
    return Step("people", enough, {"able": len(able), "ready": len(ready), "required": int(required)})


def _holding(rt: Runtime, connection: Connection) -> Step:
    if HOLDING not in playbooks.names(rt):
        return Step("holding", False, {"approvals": 0})
    shelf = playbooks.on_shelf(rt, connection, HOLDING)
    return Step("holding", shelf.approved, {"approvals": len(shelf.version.approvals) if shelf.version else 0})

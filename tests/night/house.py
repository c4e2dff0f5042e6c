"""The house at night: people with accounts and proved phones, a roster, a playbook that two have frozen, and standing orders."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from broadcaster import clock
from broadcaster.domain.alert import Draft, Severity, Urgency
from broadcaster.domain.profile import Night
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import calling, duty, playbooks
from broadcaster.services import playbook_versions as digests
from broadcaster.services.duty import Entry
from broadcaster.store import accounts, calls, playbook_versions
from broadcaster.store import alerts as alert_store
from broadcaster.store.accounts import Account
from broadcaster.store.alerts import AlertRow
from broadcaster.store.schema import journal
from tests.engine.city import ADA, BEN, CY, ROOT, holding

DEE = Actor("dee", "Dee", Role.APPROVER)
#: What the profile allows in these tests.
ORDERS = Night(
    fallback={"holding": "fallback-water", "missing-person": "fallback-water"}, fallback_zones=frozenset({"rocklea"})
)
PHONES = {
    "ada": "+61400111001",
    "ben": "+61400111002",
    "cy": "+61400111003",
    "dee": "+61400111004",
    "root": "+61400111005",
}


def move_in(rt: Runtime, **night: Any) -> dict[str, Account]:
    """Everybody has an account and a proved phone; `night` changes the standing orders."""
    now, found = clock.utc_now() - timedelta(hours=2), {}
    with rt.db.write() as tx:
        for actor in (ADA, BEN, CY, DEE, ROOT):
            assert actor.role is not None
            known = (actor.id, f"{actor.id}@bcc.example", actor.name, actor.role, None, True, actor.id, actor.id)
            found[actor.id] = Account(*known, "en", None, None, None, None, now, PHONES[actor.id], now)
            accounts.add(tx, found[actor.id])
    rt.profile = replace(rt.profile, night=replace(ORDERS, **night))
    return found


def freeze(rt: Runtime, name: str = "fallback-water") -> None:
    """Two people have approved the wording; what `playbook check` would say of it is another test's."""
    playbook, text = playbooks.load(rt, name)
    with rt.db.write() as tx:
        version = playbook_versions.keep(tx, name, digests.digest(rt, playbook, text), text, clock.utc_now())
        for person in (BEN, DEE):
            playbook_versions.approve(tx, version.id, person, clock.utc_now())


def on_duty(rt: Runtime, who: str, backup: str = "", hours: float = 12) -> str:
    """From an hour ago."""
    now = clock.utc_now()
    entry = Entry(who, "duty officer", now - timedelta(hours=1), now + timedelta(hours=hours), backup)
    return duty.add(rt, entry, ADA, now)


def urgent(**changes: Any) -> Draft:
    """A first message that cannot wait."""
    wanted = {"urgency": Urgency.IMMEDIATE, "severity": Severity.SEVERE, "channels": ("website", "sms")}
    return holding(**wanted | changes)


def send_calls(rt: Runtime, now: datetime) -> int:
    """What the worker would do about calls that are due."""
    with rt.db.read() as connection:
        waiting = calls.waiting(connection, now)
    return sum(calling.call(rt, each, now) for each in waiting)


def row(rt: Runtime, alert_id: str) -> AlertRow:
    with rt.db.read() as connection:
        return alert_store.get(connection, alert_id)


def told(rt: Runtime, action: str) -> list[Mapping[str, Any]]:
    """What the journal says of an action, in order."""
    with rt.db.read() as connection:
        found = connection.execute(journal.select().where(journal.c.action == action).order_by(journal.c.id))
        return [dict(row._mapping) for row in found]

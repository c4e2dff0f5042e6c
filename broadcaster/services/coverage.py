"""How many of those who were told to do something also hear that it is over: before an all-clear goes, and of what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from broadcaster.domain.kind import Audience
from broadcaster.runtime import Runtime
from broadcaster.services import reach
from broadcaster.store import recipients
from broadcaster.store.alerts import AlertRow

#: Phones from which the counting takes more than a page should: it is then done only for whoever asks.
LARGE = 20_000
CHANNEL = "sms"


@dataclass(frozen=True, slots=True)
class Coverage:
    """`told` phones got what is lifted, or may have. `said_stop` of them get no texts any more.

    `whole`: everybody who was told hears it; else the same is still in force elsewhere and only its own zones do. `states` is what has
    become of their all-clear (state → phones, "" for none made); None before it goes. None of the numbers is known when `asked` is
    False: there are too many to be counted unasked.
    """

    told: int
    said_stop: int
    whole: bool
    states: Mapping[str, int] | None
    asked: bool = True

    @property
    def reached(self) -> int:
        """Phones that get the all-clear, or have it already or may have it."""
        if self.states is None:
            return self.told - self.said_stop
        return sum(number for state, number in self.states.items() if state in recipients.MAY_GET)


def of_alert(rt: Runtime, connection: Connection, alert: AlertRow, asked: bool = False) -> Coverage | None:
    """The coverage of an all-clear; None for other alerts, and for one that lifts nothing that anybody was texted."""
    kind = rt.kinds.get(alert.kind)
    if kind is None or reach.of_kind(rt, alert) is not Audience.BOTH or CHANNEL not in alert.draft["channels"]:
        return None
    keys = alert.draft["fields"].get(kind.lifts) or ()
    zones = (alert.audience or {}).get("instruction_zones") or alert.draft["area"].get("zones") or ()
    which = (
        recipients.lifted_by(alert.id)
        if alert.approved_at is not None
        else recipients.still_told(alert.incident_id, keys, zones)
    )
    tellers = recipients.tellers(connection, which)
    told = sum(recipients.count(connection, CHANNEL, tellers[:1]).values()) if tellers else 0
    if not tellers or (told == 0 and len(tellers) == 1):
        return None
    whole = not recipients.still_elsewhere(connection, alert.incident_id, which)
    if told >= LARGE and not asked:
        return Coverage(told, 0, whole, None, asked=False)
    told, said_stop = recipients.told(connection, CHANNEL, tellers, alert.lane)
    if not told:
        return None
    states = recipients.heard(connection, CHANNEL, tellers, alert.id) if alert.approved_at is not None else None
    return Coverage(told, said_stop, whole, states)

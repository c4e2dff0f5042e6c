"""How far an alert has come, made ready for a page: per channel what is planned, what arrived, what failed and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from broadcaster.domain.lifecycle import FINAL_DELIVERY, SENDING_ALERT, AlertState
from broadcaster.domain.lifecycle import DeliveryState as D
from broadcaster.services import forecasting
from broadcaster.services.forecasting import Outlook
from broadcaster.store import progress, tallies
from broadcaster.store.alerts import AlertRow
from broadcaster.store.tallies import Failure, Planned
from broadcaster.web.context import runtime
from broadcaster.web.shared import shared

#: Phones from which counting is dear enough (2 ms) to be done once for all who watch.
LARGE = 20_000
_ORDER = (D.DELIVERED, D.ACCEPTED, D.SENDING, D.PENDING, D.UNCONFIRMED, D.FAILED, D.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a bar: where it begins and how wide it is, in percent."""

    tone: str
    at: float
    width: float


@dataclass(frozen=True, slots=True)
class ChannelProgress:
    """One channel of an alert. `unmade` are phones of the plan for which no delivery has been made yet."""

    name: str
    counts: Mapping[D, int]
    unmade: int
    excluded: Mapping[str, int]
    parts: Sequence[Part]
    first: datetime | None
    waits: timedelta | None
    outlook: Outlook | None
    failures: Sequence[Failure]
    stuck: str
    unknown: int
    links: Sequence[tuple[str, str]]

    @property
    def total(self) -> int:
        return sum(self.counts.values()) + self.unmade

    @property
    def final(self) -> int:
        return sum(number for state, number in self.counts.items() if state in FINAL_DELIVERY)

    @property
    def done(self) -> bool:
        return self.unmade == 0 and self.final == sum(self.counts.values())


_TONES = {
    D.DELIVERED: "good",
    D.ACCEPTED: "busy",
    D.SENDING: "busy",
    D.PENDING: "quiet",
    D.UNCONFIRMED: "warn",
    D.FAILED: "bad",
    D.SUPPRESSED: "quiet",
}


def of_alert(connection: Connection, alert: AlertRow, now: datetime) -> Sequence[ChannelProgress]:
    """Every channel of an alert, in the order in which it was chosen; of a large one up to two seconds old."""
    if int((alert.audience or {}).get("phones", 0)) < LARGE:
        return _worked_out(connection, alert, now)
    return shared().of((alert.id, alert.state, alert.completed_at), lambda: _worked_out(connection, alert, now))


def _worked_out(connection: Connection, alert: AlertRow, now: datetime) -> Sequence[ChannelProgress]:
    counted = progress.by_channel(connection, alert.id)
    plans = tallies.planned(connection, alert.id)
    bad = tallies.failures(connection, alert.id)
    firsts = progress.first_accepted(connection, alert.id)
    unknown = tallies.unknown(connection, alert.id)
    stuck, links = tallies.stuck(connection, alert.id), tallies.urls(connection, alert.id)
    names = [name for name in alert.draft.get("channels", ()) if name in counted or name in plans]
    names += [name for name in counted if name not in names]
    found = []
    for name in names:
        counts = {state: counted.get(name, {}).get(state, 0) for state in _ORDER if counted.get(name, {}).get(state)}
        plan, first = plans.get(name, Planned(0, 0, {}, True)), firsts.get(name)
        unmade = plan.unmade
        found.append(
            ChannelProgress(
                name=name,
                counts=counts,
                unmade=unmade if alert.state in SENDING_ALERT else 0,
                excluded=plan.excluded,
                parts=_parts(counts, unmade),
                first=first,
                waits=first - alert.approved_at if first and alert.approved_at else None,
                outlook=_outlook(connection, alert, name, counts, unmade, now),
                failures=[each for each in bad if each.channel == name],
                stuck=stuck.get(name, ""),
                unknown=unknown.get(name, 0),
                links=links.get(name, ()),
            )
        )
    return found


def moving(alert: AlertRow, channels: Sequence[ChannelProgress]) -> bool:
    """True while looking again may show something new."""
    return alert.state in (AlertState.APPROVED, AlertState.BROADCASTING) or not all(each.done for each in channels)


def _parts(counts: Mapping[D, int], unmade: int) -> Sequence[Part]:
    total = sum(counts.values()) + unmade
    parts, at = [], 0.0
    for state, number in counts.items():
        width = round(100 * number / total, 3) if total else 0.0
        parts.append(Part(_TONES[state], round(at, 3), width))
        at += width
    return parts


def _outlook(
    connection: Connection, alert: AlertRow, name: str, counts: Mapping[D, int], unmade: int, now: datetime
) -> Outlook | None:
    """When the last text leaves, at the pace of the last minute; None when all have left."""
    if name != forecasting.TEXTS or alert.state not in SENDING_ALERT:
        return None
    by_state = {str(state): number for state, number in counts.items()}
    outlook = forecasting.leaving(runtime(), connection, alert, by_state, unmade, now)
    waiting, on_its_way = counts.get(D.PENDING) or unmade, counts.get(D.SENDING) or counts.get(D.ACCEPTED)
    return outlook if outlook is not None and (waiting or (on_its_way and outlook.forecast.finish)) else None

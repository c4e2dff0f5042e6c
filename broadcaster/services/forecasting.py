"""When the last text of an alert has left, what it costs, and whether that is too late: before it is sent, and while it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from broadcaster.domain import forecast as domain
from broadcaster.domain.alert import plain
from broadcaster.domain.errors import NotReady
from broadcaster.domain.forecast import Forecast, Pace, Zone
from broadcaster.domain.lifecycle import SENDING_ALERT, AlertState, DeliveryState
from broadcaster.runtime import Runtime
from broadcaster.services import carrying
from broadcaster.services.composing import Composed
from broadcaster.store import alerts as alert_store
from broadcaster.store import progress, tallies
from broadcaster.store.alerts import AlertRow
from broadcaster.store.audience import Count
from channels.base import ChannelError, Message

#: The channel whose texts go out one by one.
TEXTS = "sms"


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast; `short` is that of the kind's one-segment text, where there is one, it is not chosen, and the full one is late.

    `per_second` is the pace that was measured while sending; None: it is worked out from the senders' rates.
    """

    forecast: Forecast
    short: Forecast | None = None
    chosen_short: bool = False
    per_second: float | None = None


def pace(rt: Runtime, lane: str, live: bool) -> Pace:
    """How fast the senders of whoever carries texts now are together, within the operator's own limit; nothing is known without
    senders.
    """
    try:
        carrier = carrying.carried(carrying.standing(rt, live), TEXTS)
        own = rt.channel(TEXTS, live, carrier).rate(lane)
    except (NotReady, ChannelError):
        own = None
    return Pace(own, rt.settings.sms_rate)


def seconds_for(rt: Runtime, phones: int, lane: str, live: bool) -> dict[str, float | None]:
    """Segments of a text ("1", "2") → seconds until as many phones have been told; None: not known."""
    how_fast = pace(rt, lane, live)
    return {str(number): _rounded(how_fast.seconds(phones, phones * number)) for number in (1, 2)}


def of_draft(rt: Runtime, made: Composed, now: datetime) -> Outlook | None:
    """What a draft would take if it went now; None when it reaches no phones, or its texts cannot be made yet."""
    if made.reached is None or TEXTS not in made.draft.channels:
        return None
    draft = plain(made.draft)
    assert isinstance(draft, Mapping)
    return _outlook(rt, draft, _as_stored(made.reached), made.made.messages, str(made.kind.lane), now)


def of_alert(
    rt: Runtime, connection: Connection, alert: AlertRow, now: datetime, counted: Count | None = None
) -> Outlook | None:
    """What a submitted alert would take if it were approved now; `counted` is its audience now, else that of its submission is
    taken.
    """
    audience = _as_stored(counted) if counted else alert.audience or {}
    if TEXTS not in alert.draft["channels"] or not audience.get("phones"):
        return None
    texts = alert_store.texts(connection, alert.id).values()
    return _outlook(rt, alert.draft, audience, texts, alert.lane, now)


def _as_stored(counted: Count) -> Mapping[str, Any]:
    """The part of `alerts.audience` that is needed here."""
    return {"phones": counted.phones, "languages": counted.languages, "zone_languages": counted.zone_languages}


def _outlook(
    rt: Runtime,
    draft: Mapping[str, Any],
    audience: Mapping[str, Any],
    texts: Iterable[Message],
    lane: str,
    now: datetime,
) -> Outlook | None:
    phones: Mapping[str, int] = audience.get("languages") or {}
    segments = {text.language: sum(text.units) for text in texts if text.channel == TEXTS}
    if not phones or any(tag not in segments for tag in phones):
        return None
    by_zone: Mapping[str, Mapping[str, int]] = audience.get("zone_languages") or {}
    zones = [_zone(draft, code, there, now) for code, there in by_zone.items()]
    how_fast = pace(rt, lane, draft["status"] == "Actual")
    full = domain.forecast(phones, zones, segments, how_fast, now, rt.profile.sms_price)
    chosen = bool(draft.get("short"))
    kind = rt.kinds.get(draft["kind"])
    offered = full.late and not chosen and kind is not None and set(segments) <= kind.short
    # An exercise's short form may need a second segment; a live one never does.
    one = dict.fromkeys(segments, 1)
    short = domain.forecast(phones, zones, one, how_fast, now, rt.profile.sms_price) if offered else None
    return Outlook(full, short if segments != one else None, chosen)


def _zone(draft: Mapping[str, Any], code: str, phones: Mapping[str, int], now: datetime) -> Zone:
    """A zone with the time that is given for it, which is its turn too; else with the alert's onset, if that is still to come.

    An onset that has passed is no time to be late for: the author has not said where the hazard is by now.
    """
    given = (draft["area"].get("arrivals") or {}).get(code)
    if given:
        moment = datetime.fromisoformat(given)
        return Zone(code, phones, moment, turn=moment)
    onset = datetime.fromisoformat(draft["onset"]) if draft.get("onset") else None
    return Zone(code, phones, onset if onset is not None and onset > now else None)


def leaving(
    rt: Runtime, connection: Connection, alert: AlertRow, counts: Mapping[str, int], unmade: int, now: datetime
) -> Outlook | None:
    """The forecast while it is being sent, from how many left in the last minute. `counts` are its texts by state, `unmade` those
    that have no delivery yet. None when it has no texts; without a finish when none are left, or none move.
    """
    before = of_alert(rt, connection, alert, alert.approved_at or now)
    if before is None or alert.approved_at is None:
        return None
    pending = counts.get(DeliveryState.PENDING, 0)
    gone = sum(counts.values()) - pending - counts.get(DeliveryState.SUPPRESSED, 0)
    samples = rt.paces.note(alert.id, alert.approved_at, now, gone)
    per_second = domain.measured(samples)
    return Outlook(
        domain.again(before.forecast, gone, pending + unmade, per_second, now),
        chosen_short=before.chosen_short,
        per_second=per_second,
    )


def now_of(rt: Runtime, connection: Connection, alert: AlertRow, now: datetime) -> Outlook | None:
    """Whichever forecast fits the alert's state: ahead of the approval, or while it goes out; None when nothing is to come."""
    if alert.state is AlertState.PENDING_APPROVAL:
        return of_alert(rt, connection, alert, now)
    if alert.state not in SENDING_ALERT or alert.completed_at is not None:
        return None
    planned = tallies.planned(connection, alert.id).get(TEXTS)
    unmade = planned.unmade if planned else 0
    return leaving(rt, connection, alert, progress.by_channel(connection, alert.id).get(TEXTS, {}), unmade, now)


def document(outlook: Outlook) -> dict[str, object]:
    """As the API and `--json` show it: times in ISO 8601, money as digits. `cost` None: set sms_price in the profile."""
    found = _forecast(outlook.forecast)
    zones = [
        {
            "zone": zone.code,
            "phones": zone.phones,
            "seconds": _rounded(zone.seconds),
            "finish": plain(zone.finish),
            "arrival": plain(zone.arrival),
            "late": zone.late,
        }
        for zone in outlook.forecast.zones
    ]
    return found | {
        "zones": zones,
        "per_second": _rounded(outlook.per_second),
        "short_form": outlook.chosen_short,
        "short": _forecast(outlook.short) if outlook.short else None,
    }


def _forecast(found: Forecast) -> dict[str, object]:
    cost = {"amount": str(found.cost.amount), "currency": found.cost.currency} if found.cost else None
    return {
        "texts": found.phones,
        "segments": found.segments,
        "seconds": _rounded(found.seconds),
        "finish": plain(found.finish),
        "late": [zone.code for zone in found.late],
        "cost": cost,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

"""One page per incident that follows along: how far each alert has come, what is promised, and hands on what has failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from sqlalchemy import Connection

from broadcaster.domain.errors import Conflict, Invalid
from broadcaster.domain.lifecycle import PUBLIC_ALERT, SENDING_ALERT, AlertState
from broadcaster.domain.lifecycle import DeliveryState as D
from broadcaster.domain.rules import Role
from broadcaster.services import carrying, correcting, promises
from broadcaster.services.carrying import Carrying
from broadcaster.store import accounts, expiring, incidents, zones
from broadcaster.store import alerts as alert_store
from broadcaster.store.alerts import AlertRow
from broadcaster.web import display
from broadcaster.web.auth.destination import is_ours
from broadcaster.web.auth.guard import me, needs, polled
from broadcaster.web.console import blueprint, progress
from broadcaster.web.console.alerts import possible
from broadcaster.web.console.progress import ChannelProgress
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _
from broadcaster.web.shared import shared
from broadcaster.web.told import told

_BEGUN = PUBLIC_ALERT | {AlertState.APPROVED}
#: Alerts of an incident that are followed at once; the others are one click away.
MOST = 20


@dataclass(frozen=True, slots=True)
class Followed:
    """One alert on the page: its channels, what can be done about it, and the promise that "no change" would make."""

    alert: AlertRow
    channels: Sequence[ChannelProgress]
    states: dict[str, str]
    can: dict[str, bool]
    promise: datetime | None

    @property
    def finished(self) -> bool:
        """Said only when every delivery is final."""
        return self.alert.completed_at is not None and all(each.done for each in self.channels)

    @property
    def waiting(self) -> int:
        """Taken by a provider, and no word since: neither delivered nor failed."""
        return sum(each.counts.get(D.ACCEPTED, 0) for each in self.channels)


def followed(connection: Connection, name: str) -> Sequence[Followed]:
    """Alerts of an incident that are in force, or of which something is not final yet; the newest first."""
    rt, at = runtime(), now()
    rows = alert_store.listing(connection, incident=name, states=_BEGUN, limit=200)
    standing = carrying.standing(rt, rows[0].live) if rows else ()
    found = []
    for row in rows:
        if row.state not in SENDING_ALERT and row.completed_at is not None:
            continue
        channels = progress.of_alert(connection, row, at)
        can = possible(rt, row) | {"correct": correcting.may_follow(connection, row)}
        states = {each.name: state_of(each, row, standing) for each in channels}
        promise = promises.next_one(row, at) if row.state in SENDING_ALERT else None
        found.append(Followed(row, channels, states, can, promise))
    return found[:MOST]


def state_of(channel: ChannelProgress, alert: AlertRow, standing: Sequence[Carrying]) -> str:
    """How a channel stands, in a word of `_incident_live.html`. Final is said only when all of it is; taken is never delivered."""
    if channel.done:
        return "final"
    if alert.state not in SENDING_ALERT:
        return "ending"
    if channel.name != "website" and not carrying.carried(standing, channel.name):
        return "silent"
    if channel.stuck:
        return "held"
    left = channel.counts.get(D.PENDING, 0) + channel.counts.get(D.SENDING, 0) + channel.unmade
    if channel.unknown and left == channel.unknown:
        return "asking"
    if not left:
        return "handed over"
    return "going" if channel.first or channel.counts.get(D.SENDING) else "waiting"


@blueprint.get("/incidents/<name>/live")
@needs(Role.VIEWER)
@polled
def live(name: str) -> str:
    """The part of an incident's page that moves; made once for all who watch it in one language and role."""
    key = ("live", name, str(get_locale()), str(me().role))
    return shared().of(key, lambda: fragment(name), least=1.0)


def fragment(name: str) -> str:
    """It holds no form's token: what it shows is the same for everybody with the same role."""
    with runtime().db.read() as connection:
        found = incidents.named(connection, name)
        still = incidents.open_instructions(connection, found.id)
        here = followed(connection, name)
        return render_template(
            "_incident_live.html",
            incident=found,
            followed=here,
            told=[dict(row._mapping) | {"told": display.said(row.words.get("command", row.words))} for row in still],
            zones=zones.some(connection, sorted({row.zone for row in still} | _zones(here))),
            warnings=expiring.given(connection, [each.alert.id for each in here]),
            ending=[each for each in expiring.soon(connection, now()) if each.incident == name],
            names=accounts.names(connection),
        )


def _zones(here: Sequence[Followed]) -> set[str]:
    return {code for each in here for code in (each.alert.audience or {}).get("zones", {}) if code}


@blueprint.post("/alerts/<alert_id>/no-change")
@needs(Role.AUTHOR)
def no_change(alert_id: str) -> Response:
    """One click: it still holds as it is, and the next word comes as soon as the last one was promised to."""
    seen, minutes = request.form.get("seen", ""), request.form.get("minutes", type=int)
    until = now() + timedelta(minutes=minutes) if minutes else None
    try:
        promised = datetime.fromisoformat(seen) if seen else None
        promise = promises.no_change(runtime(), alert_id, me(), now(), promised, until)
    except (Conflict, Invalid, ValueError) as error:
        flash(told(str(error)), "error")
    else:
        words = _(
            "The page says: no change as at %(time)s. Next update by %(next)s.",
            time=display.soon(now()),
            next=display.soon(promise),
        )
        flash(words, "success")
    back = request.args.get("back", "")
    return redirect(back if is_ours(back) else url_for("console.alert", alert_id=alert_id))  # type: ignore[return-value]


@blueprint.get("/alerts/<alert_id>/retry")
@needs(Role.AUTHOR)
def retry_page(alert_id: str) -> str:
    """What has failed and why, before it is sent again: what has not been mended fails again."""
    channel = request.args.get("channel", "")
    with runtime().db.read() as connection:
        row = alert_store.get(connection, alert_id)
        channels = [each for each in progress.of_alert(connection, row, now()) if channel in ("", each.name)]
    failed = [each for one in channels for each in one.failures if each.state is D.FAILED]
    return render_template(
        "retry.html",
        alert=row,
        channel=channel,
        failed=failed,
        number=sum(each.number for each in failed),
        stuck=[each for each in channels if each.stuck],
        possible=possible(runtime(), row)["retry"],
    )

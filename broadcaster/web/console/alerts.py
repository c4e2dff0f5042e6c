"""One alert: what it says, where it stands, how far it has come, and what can be done about it now."""

from collections.abc import Mapping

from flask import render_template, request
from sqlalchemy import Connection

from broadcaster.domain.errors import NotFound
from broadcaster.domain.lifecycle import ALERT, FINAL_DELIVERY, SENDING_ALERT
from broadcaster.domain.lifecycle import AlertState as A
from broadcaster.domain.lifecycle import DeliveryState as D
from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.services import correcting, coverage, promises, proof
from broadcaster.store import accounts, chronicle, zones
from broadcaster.store import alerts as alert_store
from broadcaster.store.alerts import AlertRow
from broadcaster.store.zone_files import Zone
from broadcaster.web.auth.guard import needs, polled
from broadcaster.web.console import blueprint, progress
from broadcaster.web.console.home import may_decide
from broadcaster.web.context import now, runtime

PAGE = 100
#: Follow-ups that make sense once an alert has gone out.
_SENT = (A.BROADCASTING, A.ACTIVE, A.STOPPED, A.EXPIRED)


@blueprint.get("/alerts/<alert_id>")
@needs(Role.VIEWER)
def alert(alert_id: str) -> str:
    """The whole of it."""
    rt = runtime()
    with rt.db.read() as connection:
        row = alert_store.get(connection, alert_id)
        channels = progress.of_alert(connection, row, now())
        return render_template(
            "alert.html",
            alert=row,
            texts=list(alert_store.texts(connection, alert_id).values()),
            channels=channels,
            moving=progress.moving(row, channels),
            proof=proof.of_alert(rt, connection, row),
            coverage=coverage.of_alert(rt, connection, row, asked="coverage" in request.args),
            promised=promises.next_one(row, now()) if row.state in SENDING_ALERT else None,
            references=alert_store.references(connection, alert_id),
            zones=_zones(connection, row),
            entries=chronicle.latest(connection, row.incident, alert_id=alert_id, limit=100),
            names=accounts.names(connection),
            can=possible(rt, row) | {"correct": correcting.may_follow(connection, row)},
        )


def _zones(connection: Connection, row: AlertRow) -> Mapping[str, Zone]:
    """Those that were chosen, and those that its audience was counted in."""
    counted = (row.audience or {}).get("zones", {})
    return zones.some(connection, list(dict.fromkeys((*row.draft["area"].get("zones", ()), *counted))))


def possible(rt: Runtime, row: AlertRow) -> dict[str, bool]:
    """What the lifecycle allows with this alert now; who may do it is asked elsewhere too."""
    kind = rt.kinds.get(row.kind)
    return {
        "edit": row.state in ALERT.sources("edit") and kind is not None,
        "submit": row.state in ALERT.sources("submit"),
        "discard": row.state in ALERT.sources("discard"),
        "withdraw": row.state in ALERT.sources("withdraw"),
        "decide": row.state in ALERT.sources("approve") and may_decide(row),
        "stop": row.state in ALERT.sources("stop"),
        "follow": row.state in _SENT,
        "retry": row.state in (A.BROADCASTING, A.ACTIVE),
    }


@blueprint.get("/alerts/<alert_id>/progress")
@needs(Role.VIEWER)
@polled
def alert_progress(alert_id: str) -> str:
    """The part of the page that moves."""
    with runtime().db.read() as connection:
        row = alert_store.get(connection, alert_id)
        channels = progress.of_alert(connection, row, now())
        shown, known = proof.of_alert(runtime(), connection, row), _zones(connection, row)
    return render_template(
        "_progress.html",
        alert=row,
        channels=channels,
        moving=progress.moving(row, channels),
        proof=shown,
        zones=known,
        can=possible(runtime(), row),
    )


@blueprint.get("/alerts/<alert_id>/deliveries")
@needs(Role.VIEWER)
def deliveries(alert_id: str) -> str:
    """Each delivery with its state and reason, a page at a time."""
    channel, state = request.args.get("channel", ""), request.args.get("state", "")
    if state and state not in set(D):
        raise NotFound("there is no such state")
    with runtime().db.read() as connection:
        row = alert_store.get(connection, alert_id)
        after = request.args.get("after", 0, type=int)
        found = alert_store.delivery_rows(
            connection, alert_id, channel=channel, state=state, after=after, limit=PAGE + 1
        )
    return render_template(
        "deliveries.html",
        alert=row,
        rows=found[:PAGE],
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        channel=channel,
        state=state,
        final=FINAL_DELIVERY,
        D=D,
    )

"""How an alert stands, in the one shape that the command line and the API answer with."""

from sqlalchemy import Connection

from broadcaster import clock
from broadcaster.domain.alert import plain
from broadcaster.runtime import Runtime
from broadcaster.services import forecasting, proof
from broadcaster.store import alerts as alert_store
from broadcaster.store import progress
from broadcaster.store.alerts import AlertRow


def report(rt: Runtime, alert_id: str) -> dict[str, object]:
    """An alert by its id; NotFound. Times are ISO 8601 with offset, or None.

    `forecast` while it waits for approval or goes out, else None; `staff` is what became of the texts to the
    staff's phones, `warnings` what the warning check said and why it was accepted.
    """
    now = clock.utc_now()
    with rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
        found = report_of(connection, alert)
        outlook = forecasting.now_of(rt, connection, alert, now)
        staff = proof.document(proof.of_alert(rt, connection, alert))
    return found | {
        "forecast": forecasting.document(outlook) if outlook else None,
        "staff": staff,
        "warnings": list(alert.warnings),
    }


def report_of(connection: Connection, alert: AlertRow) -> dict[str, object]:
    """The same, of an alert that was read already. Accepted is never counted as delivered."""
    return {
        "id": alert.id,
        "identifier": alert.identifier,
        "incident": alert.incident,
        "kind": alert.kind,
        "state": str(alert.state),
        "msgType": alert.msg_type,
        "status": alert.status,
        "deliveries": progress.by_channel(connection, alert.id),
        "created_at": plain(alert.created_at),
        "submitted_at": plain(alert.submitted_at),
        "approved_at": plain(alert.approved_at),
        "first_accepted_at": plain(progress.first_accepted(connection, alert.id)),
        "completed_at": plain(alert.completed_at),
    }

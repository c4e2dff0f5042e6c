"""The moves of an alert from state to state, each a compare-and-set that says who and when."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from broadcaster.domain.errors import WrongState
from broadcaster.domain.lifecycle import ALERT, AlertState
from broadcaster.domain.rules import Actor
from broadcaster.store.alerts import AlertRow
from broadcaster.store.schema import alerts, db_now


def move_alert(tx: Connection, alert_id: str, event: str, now: datetime, **values: Any) -> None:
    """Move an alert by `event`, or WrongState when another has moved it in between."""
    moved = tx.execute(
        update(alerts)
        .where(alerts.c.id == alert_id, alerts.c.state.in_(sorted(ALERT.sources(event))))
        .values(state=ALERT.target(event), updated_at=now, **values)
    ).rowcount
    if moved != 1:
        raise WrongState(f"this alert cannot {event.replace('_', ' ')} any more: somebody else has decided on it")


def stop(tx: Connection, alert: AlertRow, actor: Actor, now: datetime) -> None:
    """Raise the stop flag, which every intent reads, and move the alert; what is done cannot be stopped."""
    if alert.state is AlertState.ACTIVE:
        raise WrongState("all of this alert has been sent, so there is nothing to stop; send an update or a correction")
    ALERT.advance(alert.state, "stop")
    move_alert(tx, alert.id, "stop", now, stop_at=now, stopped_by=actor.id)


def confirm(tx: Connection, alert_id: str, now: datetime, promise: datetime) -> None:
    """Nothing has changed as of now; the next word comes by `promise`."""
    values = {"no_change_at": now, "next_update_at": promise, "updated_at": now}
    tx.execute(update(alerts).where(alerts.c.id == alert_id).values(**values))


def finish_sending(tx: Connection, alert_id: str) -> None:
    """Everything has been handed over."""
    tx.execute(
        update(alerts)
        .where(alerts.c.id == alert_id, alerts.c.state.in_(sorted(ALERT.sources("finish"))))
        .values(state=ALERT.target("finish"), sent_all_at=db_now())
    )


def complete(tx: Connection, alert_id: str) -> None:
    """Nothing is open any more; the first such moment is kept."""
    tx.execute(
        update(alerts).where(alerts.c.id == alert_id, alerts.c.completed_at.is_(None)).values(completed_at=db_now())
    )


def reopen(tx: Connection, alert_id: str) -> None:
    """Deliveries are pending again."""
    tx.execute(update(alerts).where(alerts.c.id == alert_id).values(completed_at=None))

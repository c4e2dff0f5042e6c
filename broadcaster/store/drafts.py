"""Rows of alerts that are still being written: make, edit, freeze."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, update

from broadcaster.domain.alert import Draft, plain
from broadcaster.domain.errors import Conflict
from broadcaster.domain.lifecycle import ALERT
from broadcaster.store import alert_versions
from broadcaster.store.schema import alert_references, alerts, messages
from channels.base import Message

(_FIRST,) = ALERT.initial


def make(tx: Connection, alert_id: str, names: Mapping[str, str], draft: Draft, values: Mapping[str, Any]) -> None:
    """A new alert in its first state. `names` holds identifier and token."""
    tx.execute(insert(alerts).values(id=alert_id, **names, **columns(draft), **values, state=_FIRST))
    alert_versions.add(tx, alert_id, 1, columns(draft)["draft"], values["created_by"], values["created_at"])


def columns(draft: Draft) -> dict[str, Any]:
    """What the table shows of a draft, so that lists need not read documents."""
    return {
        "kind": draft.kind,
        "status": str(draft.status),
        "msg_type": str(draft.msg_type),
        "draft": plain(draft),
        "expires_at": draft.expires,
        "next_update_at": draft.next_update,
    }


def edit(
    tx: Connection, alert_id: str, version: int, draft: Draft, editors: Sequence[str], by: str, now: datetime
) -> int:
    """Replace the draft that was `version`; Conflict when somebody else has changed it since. Frozen texts are gone with it."""
    changed = tx.execute(
        update(alerts)
        .where(alerts.c.id == alert_id, alerts.c.version == version, alerts.c.state.in_(sorted(ALERT.sources("edit"))))
        .values(
            **columns(draft),
            state=ALERT.target("edit"),
            version=version + 1,
            editors=list(editors),
            updated_at=now,
            document=None,
            content_hash=None,
            correction=None,
            warnings=None,
            submitted_by=None,
            submitted_at=None,
        )
    ).rowcount
    if changed != 1:
        raise Conflict("somebody else changed this alert while you were writing; look at theirs before you save yours")
    _forget_texts(tx, alert_id)
    alert_versions.add(tx, alert_id, version + 1, columns(draft)["draft"], by, now)
    return version + 1


def freeze(tx: Connection, alert_id: str, texts: Sequence[Message], references: Sequence[str]) -> None:
    """Keep the exact texts, and what the alert refers to. The state is moved by the caller."""
    _forget_texts(tx, alert_id)
    tx.execute(insert(messages), [{"alert_id": alert_id, **_message(each)} for each in texts])
    if references:
        tx.execute(insert(alert_references), [{"alert_id": alert_id, "refers_to": each} for each in references])


def _message(text: Message) -> dict[str, Any]:
    return {
        "channel": text.channel,
        "language": text.language,
        "parts": list(text.parts),
        "title": text.title,
        "link": text.link,
        "units": list(text.units),
        "encoding": text.encoding,
        "notes": list(text.notes),
    }


def _forget_texts(tx: Connection, alert_id: str) -> None:
    tx.execute(delete(messages).where(messages.c.alert_id == alert_id))
    tx.execute(delete(alert_references).where(alert_references.c.alert_id == alert_id))

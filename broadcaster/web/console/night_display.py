"""What pages show of the night: who is on duty, how long an alert has waited, what is not countersigned, and lines for another log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, g

from broadcaster.domain.rules import Role
from broadcaster.services import duty, reviewing
from broadcaster.services.duty import Standing
from broadcaster.store import alerts as alert_store
from broadcaster.store import chronicle, reviews
from broadcaster.store.alerts import AlertRow
from broadcaster.store.chronicle import Entry
from broadcaster.store.reviews import Review
from broadcaster.web import words
from broadcaster.web.auth.guard import me
from broadcaster.web.context import now, runtime
from broadcaster.web.display import in_zone, may, number, said
from broadcaster.web.language import gettext as _

#: Decisions that a team keeps in a log of its own too.
DECISIONS = (
    *("submit", "approve", "return", "reject", "withdraw", "stop", "cancel", "fallback", "countersign", "correct"),
    *("call", "expire"),
)


@dataclass(frozen=True, slots=True)
class Owed:
    """An alert that nobody has countersigned yet."""

    alert: AlertRow
    review: Review


def add_filters(app: Flask) -> None:
    """Make these known to the templates of `app`."""
    app.jinja_env.globals.update(
        duty_now=duty_now,
        review_of=review_of,
        may_countersign=may_countersign,
        not_reviewed=not_reviewed,
        log_lines=log_lines,
        POSTS=words.POSTS,
        WAYS=words.WAYS,
    )


def duty_now() -> Standing:
    """Who could decide now on what the reader writes. Asked once for a page."""
    if "duty_now" not in g:
        rt = runtime()
        with rt.db.read() as connection:
            g.duty_now = duty.standing(rt, connection, now(), {me().id} if may(Role.AUTHOR) else ())
    found: Standing = g.duty_now
    return found


def review_of(alert: AlertRow) -> Review | None:
    """Whether an alert has to be countersigned, and was."""
    with runtime().db.read() as connection:
        return reviews.find(connection, alert.id)


def may_countersign(alert: AlertRow, review: Review) -> bool:
    """True for an approver of the house who had no part in it."""
    return reviewing.may_sign(me(), alert, review)


def not_reviewed() -> Sequence[Owed]:
    """Everything that nobody has countersigned, the most urgent first."""
    with runtime().db.read() as connection:
        return [Owed(alert_store.get(connection, each.alert_id), each) for each in reviews.open_ones(connection)]


def log_lines(alert: AlertRow, latest: int = 100) -> Sequence[str]:
    """Each decision on an alert as one line of text, newest first: time with zone, what, who, which alert, how many, why."""
    with runtime().db.read() as connection:
        entries = chronicle.latest(connection, alert.incident, alert_id=alert.id, limit=200)
    return [_line(alert, each) for each in entries if each.action in DECISIONS][:latest]


def _line(alert: AlertRow, entry: Entry) -> str:
    rt = runtime()
    kind = rt.kinds.get(alert.kind)
    body: Mapping[str, Any] = entry.body
    audience = body.get("audience")
    phones = body.get("phones", audience.get("phones") if isinstance(audience, Mapping) else None)
    parts = [
        f"{in_zone(entry.at):%Y-%m-%d %H:%M:%S %Z}",
        _("LIVE") if alert.live else _("EXERCISE"),
        str(words.ACTIONS.get(entry.action, entry.action)),
        entry.actor_name,
        said(kind.title) if kind else alert.kind,
        alert.identifier,
        _("%(number)s phones", number=number(phones)) if isinstance(phones, int) else "",
        entry.grounds,
        _("text %(hash)s", hash=str(body["hash"])[:12]) if body.get("hash") else "",
    ]
    return " · ".join(" ".join(each.split()) for each in parts if each)

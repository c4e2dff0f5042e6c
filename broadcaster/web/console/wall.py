"""The wall of the operations room: large, read-only, by itself up to date; for whoever may look, or a screen with a key of its own."""

from flask import Response, current_app, redirect, render_template, request, url_for
from flask_login import current_user

from broadcaster.domain.lifecycle import AlertState as A
from broadcaster.services import accounts, carrying
from broadcaster.store import alerts as alert_store
from broadcaster.store import inbound, incidents, tallies
from broadcaster.store import standing as standing_store
from broadcaster.web.auth.guard import everybody, polled
from broadcaster.web.console import blueprint
from broadcaster.web.console.progress import of_alert
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _

#: Holds a screen's key; sent to the wall's own pages only.
COOKIE = "wall"
_SHOWN = (A.APPROVED, A.BROADCASTING, A.ACTIVE, A.STOPPED)
#: Alerts that a wall has room for; the newest.
_MOST = 6
_YEAR = 365 * 24 * 3600


@blueprint.get("/wall")
@everybody
def wall() -> Response | str:
    """The whole screen."""
    if not _may_look():
        return redirect(url_for("console.wall_key"))  # type: ignore[return-value]
    return render_template("wall.html", **_board())


@blueprint.get("/wall/board")
@everybody
@polled
def wall_board() -> Response | str:
    """The part that moves."""
    if not _may_look():
        return Response(status=204, headers={"HX-Refresh": "true"})
    return render_template("_wall.html", **_board())


@blueprint.get("/wall/key")
@everybody
def wall_key(wrong: str = "") -> str:
    """Where a screen is given its key, once."""
    return render_template("wall_key.html", wrong=wrong)


@blueprint.post("/wall/key")
@everybody
def wall_enter() -> Response | tuple[str, int]:
    """Keep the key in this browser, where no script and no other page sees it; an address never holds it."""
    secret = request.form.get("key", "").strip()[:200]
    if not _opens(secret):
        return wall_key(_("That key opens no wall. Make one under People and keys, with the scope wall.")), 403
    answer: Response = redirect(url_for("console.wall"))  # type: ignore[assignment]
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    answer.set_cookie(COOKIE, secret, _YEAR, path="/wall", secure=secure, httponly=True, samesite="Strict")
    return answer


def _may_look() -> bool:
    return bool(current_user.is_authenticated) or _opens(request.cookies.get(COOKIE, ""))


def _opens(secret: str) -> bool:
    actor = accounts.verify_key(runtime(), secret, now()) if secret else None
    return actor is not None and accounts.WALL in actor.scopes


def _board() -> dict[str, object]:
    """What a room needs to see: what is in force and how far it has come, what is promised, what waits, what is broken."""
    rt, moment = runtime(), now()
    with rt.db.read() as connection:
        shown = alert_store.listing(connection, states=_SHOWN, limit=_MOST)
        progress = {each.id: of_alert(connection, each, moment) for each in shown}
        waiting = alert_store.listing(connection, states=(A.PENDING_APPROVAL,))
        danger, unanswered = inbound.open_numbers(connection)
        standing = standing_store.standing(connection)
        sick = tallies.channels_in_trouble(connection)
        open_ones = incidents.listing(connection, open_only=True)
    found = carrying.standing(rt, live=True)
    sick |= {each.channel for each in found if not carrying.carried(found, each.channel)}
    # What is real stands first, and of that the promise that is due first.
    order = sorted(
        shown, key=lambda each: (not each.live, each.next_update_at or moment.max.replace(tzinfo=moment.tzinfo))
    )
    return {
        "shown": order,
        "progress": progress,
        "waiting": sorted(waiting, key=lambda each: (not each.live, each.submitted_at or moment)),
        "danger": danger,
        "unanswered": unanswered,
        "sick": sick,
        "lacking": {name for name in ("sms", "x", "facebook", "website") if rt.missing(name)},
        "swept": standing.swept,
        "open_incidents": open_ones,
    }

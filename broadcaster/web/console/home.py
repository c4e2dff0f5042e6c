"""The first page: what is in force, what waits for me, who has written, and the way to a new alert."""

from importlib.util import find_spec
from pathlib import Path

from flask import Response, current_app, redirect, render_template, request, send_from_directory, url_for
from flask_login import current_user
from sqlalchemy import Connection

from broadcaster.domain.lifecycle import SENDING_ALERT
from broadcaster.domain.lifecycle import AlertState as A
from broadcaster.domain.rules import Role
from broadcaster.services import accounts, bounding, carrying, first_hour, lending, playbooks, user_changes, writing
from broadcaster.services import promises as promise_service
from broadcaster.store import accounts as account_store
from broadcaster.store import alerts as alert_store
from broadcaster.store import expiring, inbound, incidents, tallies
from broadcaster.store import standing as standing_store
from broadcaster.store.alerts import AlertRow
from broadcaster.store.standing import Standing
from broadcaster.web import carriers as carrier_words
from broadcaster.web.auth.destination import is_ours
from broadcaster.web.auth.guard import always, everybody, me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import CONSOLE_LANGUAGES, COOKIE
from broadcaster.web.language import gettext as _

_IN_FORCE = (A.APPROVED, A.BROADCASTING, A.ACTIVE, A.STOPPED)
_OPEN = (A.DRAFT, A.RETURNED)
_YEAR = 365 * 24 * 3600


@blueprint.get("/")
@needs(Role.VIEWER)
def home() -> str:
    """Everything that somebody coming in should see first."""
    rt = runtime()
    with rt.db.read() as connection:
        in_force = alert_store.listing(connection, states=_IN_FORCE)
        waiting = alert_store.listing(connection, states=(A.PENDING_APPROVAL,))
        drafts = alert_store.listing(connection, states=_OPEN)
        standing = standing_store.standing(connection)
        second_people = account_store.second_people(connection)
        pinned, unanswered = inbound.open_numbers(connection)
        open_ones = incidents.listing(connection, open_only=True)
        ending = expiring.soon(connection, now())
        sick = tallies.channels_in_trouble(connection)
        changes = user_changes.waiting(connection, now()) if me().role in (Role.APPROVER, Role.ADMIN) else ()
        hour = first_hour.steps(rt, connection, now()) if me().role is Role.ADMIN else ()
        ready = _holding(connection)
    promised = [each for each in in_force if each.next_update_at and each.state in SENDING_ALERT]
    promised.sort(key=lambda each: each.next_update_at or now())
    link = url_for("console.system")
    found = carrying.standing(rt, live=True)
    troubles = carrier_words.troubles(found, link) + _troubles(standing, second_people, link)
    lacking = {name: lack for name in ("sms", "x", "facebook", "website") if (lack := rt.missing(name))}
    sick |= {each.channel for each in found if not carrying.carried(found, each.channel)}
    mine = [each for each in waiting if may_decide(each)]
    return render_template(
        "home.html",
        in_force=in_force,
        ending=ending,
        promises=[(each, promise_service.next_one(each, now())) for each in promised],
        mine=mine,
        others=[each for each in waiting if each not in mine],
        changes=[each for each in changes if user_changes.may_confirm(each, me())],
        drafts=[each for each in drafts if me().id in each.editors or me().role is Role.ADMIN],
        first_hour=hour if not all(each.done for each in hour) else (),
        holding=ready,
        lacking=lacking,
        sick=sick,
        troubles=troubles,
        inbox={"danger": pinned, "open": unanswered},
        incidents=open_ones,
        unfinished=writing.unfinished(rt, me().id) if may_write() else (),
    )


def _holding(connection: Connection) -> str:
    """How the first button stands: `approved` goes out at once, `waits` for a second person; empty: there is no such playbook."""
    if first_hour.HOLDING not in playbooks.names(runtime()):
        return ""
    return "approved" if playbooks.on_shelf(runtime(), connection, first_hour.HOLDING).approved else "waits"


def _troubles(standing: Standing, second_people: int, link: str) -> list[dict[str, str]]:
    """What would keep an alert from going out, before anybody needs to send one."""
    found = []
    if not standing.swept:
        found.append({"tone": "bad", "words": _("No sweeper is running: what gets stuck stays stuck."), "link": link})
    if standing.oldest_wait > 60:
        found.append({"tone": "bad", "words": _("Batches wait and no worker takes them."), "link": link})
    if any("dead" in states for states in standing.batches.values()):
        found.append({"tone": "bad", "words": _("Some batches are dead and need a person."), "link": link})
    if any("held" in states for states in standing.batches.values()):
        found.append({"tone": "warn", "words": _("Batches are held after a restore."), "link": link})
    for each in standing.publications:
        if each.behind and each.problem:
            words = _("The public pages are behind: %(reason)s", reason=each.problem)
            found.append({"tone": "bad", "words": words, "link": link})
    if second_people < 2:
        words = _("Only %(number)s person may approve. Four eyes need at least two.", number=second_people)
        found.append({"tone": "warn", "words": words, "link": ""})
    return found


def may_write() -> bool:
    """True when the person who looks may write alerts."""
    role = me().role
    return role is not None and role.covers(Role.AUTHOR)


def may_decide(alert: AlertRow) -> bool:
    """True when the person who looks may be the second one for an alert; the service asks again."""
    actor, rt = me(), runtime()
    if actor.id in alert.editors or actor.id == alert.submitted_by:
        return False
    with rt.db.read() as connection:
        own = actor.role is not None and actor.role.covers(Role.APPROVER)
        if not own and lending.scope_of(rt, connection, actor, alert, now()) is None:
            return False
        return bounding.covers_alert(connection, actor, alert)


@blueprint.get("/account")
@needs(Role.VIEWER)
@always
def account() -> str:
    """One's own name, role, password and second step."""
    return render_template(
        "account.html", two_factor=bool(current_user.tf_primary_method), passkeys=current_user.webauthn
    )


@blueprint.post("/language")
@everybody
def choose_language() -> Response:
    """Read the console in another language from now on."""
    language = request.form.get("language", "")
    wanted = request.form.get("next", "")
    back = redirect(wanted if is_ours(wanted) else url_for("console.home"))
    if language in CONSOLE_LANGUAGES:
        if current_user.is_authenticated:
            accounts.choose_language(runtime(), me().id, language)
        back.set_cookie(
            COOKIE,
            language,
            max_age=_YEAR,
            httponly=True,
            samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )
    return back  # type: ignore[return-value]


@blueprint.get("/assets/htmx.js")
@everybody
def htmx() -> Response:
    """The one script that is not ours, from its package on this machine."""
    spec = find_spec("js_lib_htmx")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "static" / "htmx"
    answer = send_from_directory(folder, "htmx.min.js", mimetype="text/javascript", max_age=86_400)
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer

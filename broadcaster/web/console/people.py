"""People and keys, for admins: who may come in, what they may do, and which systems speak to us."""

from datetime import timedelta

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.bounds import Bounds
from broadcaster.domain.errors import Conflict, Invalid, Problem
from broadcaster.domain.rules import Role
from broadcaster.services import accounts as service
from broadcaster.services import user_changes
from broadcaster.store import accounts, chronicle, zones
from broadcaster.store.journal import SYSTEM_CHAIN
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _


@blueprint.get("/people")
@needs(Role.ADMIN)
def users() -> str:
    """Everybody who may log in, and the keys."""
    return _page()


def _page(problems: tuple[Problem, ...] = (), handed: service.NewUser | service.NewKey | None = None) -> str:
    with runtime().db.read() as connection:
        return render_template(
            "people.html",
            people=accounts.listing(connection),
            keys=accounts.keys(connection),
            with_passkeys=accounts.with_passkeys(connection),
            names=accounts.names(connection),
            entries=chronicle.latest(connection, SYSTEM_CHAIN, limit=30),
            scopes=service.SCOPES,
            problems=problems,
            user=handed if isinstance(handed, service.NewUser) else None,
            changes=user_changes.waiting(connection, now()),
            zones={each.code: each for each in zones.listing(connection)},
            key=handed if isinstance(handed, service.NewKey) else None,
            given=request.form,
        )


@blueprint.post("/people")
@needs(Role.ADMIN)
def add_user() -> str | tuple[str, int]:
    """Let somebody in; the made-up password is on the answer and nowhere else."""
    try:
        new = service.add_user(
            runtime(),
            request.form.get("email", ""),
            _role(),
            me(),
            now(),
            name=request.form.get("name", "")[:120],
            bounds=_bounds(),
        )
    except (Invalid, Conflict) as error:
        return _page(_problems(error)), 422
    return _page(handed=new)


@blueprint.post("/people/<user_id>/role")
@needs(Role.ADMIN)
def change_role(user_id: str) -> Response:
    """Another role; their sessions end."""
    if service.change_role(runtime(), user_id, _role(), me(), now()):
        flash(_("The role is changed; that person has to log in again."), "success")
    else:
        _say_that_it_waits()
    return _back()


@blueprint.post("/people/<user_id>/bounds")
@needs(Role.ADMIN)
def change_bounds(user_id: str) -> Response | tuple[str, int]:
    """For which channels and zones they may draft and approve."""
    try:
        made = service.change_bounds(runtime(), user_id, _bounds(), me(), now())
    except Invalid as error:
        return _page(error.problems), 422
    if made:
        flash(_("Their channels and zones are changed; that person has to log in again."), "success")
    else:
        _say_that_it_waits()
    return _back()


@blueprint.post("/people/<user_id>/active")
@needs(Role.ADMIN)
def set_active(user_id: str) -> Response:
    """Open or close an account."""
    active = request.form.get("active") == "yes"
    if service.set_active(runtime(), user_id, active, me(), now()):
        flash(_("The account is open again.") if active else _("The account is closed and its sessions have ended."))
    else:
        _say_that_it_waits()
    return _back()


@blueprint.post("/people/<user_id>/reset")
@needs(Role.ADMIN)
def reset_access(user_id: str) -> str:
    """A new password for somebody who lost theirs."""
    return _page(handed=service.reset_access(runtime(), user_id, me(), now()))


@blueprint.post("/people/keys")
@needs(Role.ADMIN)
def add_key() -> str | tuple[str, int]:
    """A key for another system; its secret is on the answer and nowhere else."""
    days = min(max(request.form.get("days", 365, type=int), 1), 730)
    try:
        new = service.add_key(
            runtime(),
            request.form.get("name", "")[:120],
            request.form.getlist("scope"),
            me(),
            now(),
            life=timedelta(days=days),
            bounds=_bounds(),
        )
    except Invalid as error:
        return _page(_problems(error)), 422
    return _page(handed=new)


@blueprint.post("/people/keys/<key_id>/revoke")
@needs(Role.ADMIN)
def revoke_key(key_id: str) -> Response:
    """End a key at once."""
    service.revoke_key(runtime(), key_id, me(), now())
    flash(_("The key is revoked."))
    return _back()


def _bounds() -> Bounds:
    """The ticked channels and zones; none ticked is no limit."""
    return Bounds.of(request.form.getlist("channels"), request.form.getlist("zones"))


def _say_that_it_waits() -> None:
    flash(
        _(
            "This needs a second person: another approver or admin says yes or no to it, on this page or on the first one."
        )
    )


def _role() -> Role:
    given = request.form.get("role", "")
    if given not in set(Role):
        raise Invalid([Problem("role", f"there is no role {given[:32]!r}", f"There are: {', '.join(Role)}.")])
    return Role(given)


def _problems(error: Invalid | Conflict) -> tuple[Problem, ...]:
    return error.problems if isinstance(error, Invalid) else (Problem("email", str(error)),)


def _back() -> Response:
    return redirect(url_for("console.users"))  # type: ignore[return-value]

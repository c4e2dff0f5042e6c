"""Setting up one's second step: where approvers and admins are led at their first log-in, with a way past it for now."""

from flask import Response, redirect, render_template, request, session, url_for
from flask_login import current_user

from broadcaster.domain.rules import Role
from broadcaster.web.auth.destination import is_ours
from broadcaster.web.auth.guard import LATER, always, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import runtime


@blueprint.get("/account/second-step")
@needs(Role.VIEWER)
@always
def second_step() -> str:
    """What it is, the two kinds of it, and what can be done without."""
    has = bool(current_user.tf_primary_method or current_user.webauthn)
    codes = len(current_user.mf_recovery_codes or ())
    wanted = request.args.get("next", "")
    return render_template(
        "second_step.html",
        has=has,
        codes=codes,
        role=current_user.given_role,
        wanted=wanted if is_ours(wanted) else "/",
        required=runtime().settings.second_step == "required" and current_user.given_role.covers(Role.APPROVER),
    )


@blueprint.post("/account/second-step/later")
@needs(Role.VIEWER)
@always
def second_step_later() -> Response:
    """Go on as an author until the next log-in: a lost phone must not keep the only person on duty from writing and stopping."""
    session[LATER] = True
    wanted = request.form.get("next", "")
    return redirect(wanted if is_ours(wanted) else url_for("console.home"))  # type: ignore[return-value]

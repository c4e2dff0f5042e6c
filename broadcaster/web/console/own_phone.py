"""One's own phone: give a number, prove it with the code that arrives, and send a draft to it before anybody else sees it."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_login import current_user

from broadcaster.domain.errors import BroadcasterError, Invalid, NotFound
from broadcaster.domain.rules import Role
from broadcaster.services import own_phone
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.display import said
from broadcaster.web.language import gettext as _
from broadcaster.web.told import told


@blueprint.get("/account/phone")
@needs(Role.VIEWER)
def phone() -> str:
    """The number, whether it is proved, and what can be done about it."""
    return _page()


def _page(wrong: str = "", code_wrong: str = "", typed: str = "") -> str:
    return render_template(
        "own_phone.html",
        own=current_user.phone or "",
        proved=current_user.phone_verified_at,
        wrong=wrong,
        code_wrong=code_wrong,
        typed=typed,
        minutes=int(own_phone.CODE_LIFE.total_seconds() // 60),
        lacking=runtime().missing("sms"),
    )


@blueprint.post("/account/phone")
@needs(Role.VIEWER)
def ask_phone() -> Response | tuple[str, int]:
    """Take the number in and send it a code."""
    typed = request.form.get("phone", "")[:40]
    try:
        own_phone.ask(runtime(), me(), typed, _code_text, now())
    except BroadcasterError as error:
        return _page(wrong=_said(error), typed=typed), 422
    flash(_("A code is on its way to the number."))
    return _back()


@blueprint.post("/account/phone/code")
@needs(Role.VIEWER)
def prove_phone() -> Response | tuple[str, int]:
    """The code from the text."""
    try:
        own_phone.prove(runtime(), me(), request.form.get("code", "")[:20], now())
    except BroadcasterError as error:
        return _page(code_wrong=_said(error)), 422
    flash(_("The number is yours. Drafts can be sent to it."), "success")
    return _back()


@blueprint.post("/account/phone/remove")
@needs(Role.VIEWER)
def forget_phone() -> Response:
    """Take it away."""
    own_phone.forget(runtime(), me(), now())
    flash(_("The number is removed."))
    return _back()


@blueprint.post("/alerts/<alert_id>/try")
@needs(Role.AUTHOR)
def try_out(alert_id: str) -> Response:
    """Send the draft's text to one's own phone, marked as a test."""
    try:
        own = own_phone.try_out(runtime(), alert_id, me(), now())
    except NotFound:
        raise
    except BroadcasterError as error:
        flash(_said(error), "error")
    else:
        flash(_("Sent to your own phone (…%(end)s), marked TEST. Nobody else got it.", end=own[-3:]), "success")
    endpoint = request.form.get("back") if request.form.get("back") in ("check", "decide") else "alert"
    return redirect(url_for(f"console.{endpoint}", alert_id=alert_id))  # type: ignore[return-value]


def _code_text(code: str) -> str:
    """What brings the code: whose it is, and that it is for nobody else."""
    city = said(runtime().profile.sender)
    return _(
        "%(city)s, warnings to the public: your code is %(code)s. Nobody will ask you for it.", city=city, code=code
    )


def _said(error: BroadcasterError) -> str:
    """One line for the person who tried."""
    if isinstance(error, Invalid):
        return " ".join(f"{told(each.message)} {told(each.cure)}".strip() for each in error.problems[:3])
    return told(str(error))


def _back() -> Response:
    return redirect(url_for("console.phone"))  # type: ignore[return-value]

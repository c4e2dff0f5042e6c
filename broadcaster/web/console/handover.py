"""The handover: the desk on one page, signed by who goes, confirmed by who comes, kept and printable."""

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import Invalid
from broadcaster.domain.rules import Role
from broadcaster.services import desk, handing_over, ownership
from broadcaster.store import accounts, handovers
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _


@blueprint.get("/handover")
@needs(Role.VIEWER)
def handover() -> str:
    """The desk as it is now, and whatever waits to be confirmed."""
    return _page()


def _page(wrong: Invalid | None = None) -> str:
    with runtime().db.read() as connection:
        return render_template(
            "handover.html",
            page=desk.page(runtime(), connection, now()),
            waiting=handovers.waiting(connection),
            history=[each for each in handovers.listing(connection) if not each.waits],
            names=accounts.names(connection),
            lines=[request.form.get(f"line{number}", "") for number in range(1, handing_over.LINES + 1)],
            letters=handing_over.LETTERS,
            wrong=wrong.problems if wrong else (),
            typed=request.form,
        )


@blueprint.post("/handover/sign")
@needs(Role.AUTHOR)
def sign_handover() -> Response | tuple[str, int]:
    """I go: this is what the desk looks like."""
    lines = [request.form.get(f"line{number}", "") for number in range(1, handing_over.LINES + 1)]
    try:
        made = handing_over.sign(runtime(), lines, me(), now())
    except Invalid as error:
        return _page(error), 422
    flash(_("Signed. You answer for everything until somebody else confirms it."))
    return _to(made)


@blueprint.get("/handover/<handover_id>")
@needs(Role.VIEWER)
def signed_handover(handover_id: str) -> str:
    """One handover, as it was signed."""
    with runtime().db.read() as connection:
        signed, names = handovers.get(connection, handover_id), accounts.names(connection)
    return render_template("handover_signed.html", signed=signed, page=signed.page, names=names)


@blueprint.post("/handover/<handover_id>/confirm")
@needs(Role.AUTHOR)
def confirm_handover(handover_id: str) -> Response:
    """I come: from now on it is mine."""
    done = handing_over.confirm(runtime(), handover_id, me(), now())
    flash(
        _(
            "You have taken over. Yours now: alerts %(alerts)s, incidents %(incidents)s.",
            alerts=len(done.moved.get("alerts", ())),
            incidents=len(done.moved.get("incidents", ())),
        ),
        "success",
    )
    return _to(handover_id)


@blueprint.post("/handover/<handover_id>/withdraw")
@needs(Role.AUTHOR)
def withdraw_handover(handover_id: str) -> Response:
    """I stay after all."""
    handing_over.withdraw(runtime(), handover_id, me(), now())
    flash(_("Taken back. Nothing has changed its owner."))
    return _home()


@blueprint.post("/handover/told")
@needs(Role.AUTHOR)
def told_outside() -> Response | tuple[str, int]:
    """Write down who outside was told."""
    given = [request.form.get(name, "") for name in ("incident", "whom", "what")]
    try:
        handing_over.tell(runtime(), given[0], given[1], given[2], me(), now())
    except Invalid as error:
        return _page(error), 422
    flash(_("Written down."), "success")
    return _home()


@blueprint.post("/alerts/<alert_id>/take")
@needs(Role.AUTHOR)
def take_alert(alert_id: str) -> Response:
    """I look after this alert from now on."""
    ownership.take_alert(runtime(), alert_id, me(), now())
    flash(_("It is yours now."), "success")
    return _home()


@blueprint.post("/incidents/<name>/take")
@needs(Role.AUTHOR)
def take_incident(name: str) -> Response:
    """I look after this incident from now on."""
    ownership.take_incident(runtime(), name, me(), now())
    flash(_("It is yours now."), "success")
    return _home()


def _home() -> Response:
    return redirect(url_for("console.handover"))  # type: ignore[return-value]


def _to(handover_id: str) -> Response:
    return redirect(url_for("console.signed_handover", handover_id=handover_id))  # type: ignore[return-value]

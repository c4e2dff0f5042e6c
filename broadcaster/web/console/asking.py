"""Asked of others: the card for the national alert, what to read out, and when they were asked, answered and sent it."""

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.rules import Role
from broadcaster.services import asking
from broadcaster.services.asking import Card
from broadcaster.store import accounts, incidents, national_requests, zones
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _

_STEPS = {"asked": asking.asked, "sent": asking.sent}


@blueprint.get("/requests")
@needs(Role.VIEWER)
def requests() -> str:
    """All of them, the latest first, and the way to a new one."""
    with runtime().db.read() as connection:
        return render_template(
            "requests.html",
            found=national_requests.listing(connection),
            incidents=incidents.listing(connection, open_only=True),
            asked=runtime().profile.national_alert,
        )


@blueprint.get("/requests/new")
@needs(Role.AUTHOR)
def new_request() -> str:
    """An empty card for an incident, or one filled in from an alert."""
    rt = runtime()
    with rt.db.read() as connection:
        if alert_id := request.args.get("alert", ""):
            card = asking.of_alert(rt, connection, alert_id)
        else:
            card = Card(request.args.get("incident", ""), (), dict.fromkeys(rt.profile.languages, ""))
    return _form(card)


def _form(card: Card, wrong: tuple[Problem, ...] = ()) -> str:
    with runtime().db.read() as connection:
        return render_template(
            "request_new.html",
            card=card,
            incident=incidents.named(connection, card.incident),
            known=zones.listing(connection),
            asked=asking.national_alert(runtime()),
            wrong=wrong,
            names=_called(),
        )


@blueprint.post("/requests/new")
@needs(Role.AUTHOR)
def make_request() -> Response | tuple[str, int]:
    """Keep it; nobody has been called yet."""
    form = request.form
    texts = {language: form.get(f"text.{language}", "").strip() for language in _tongues()}
    card = Card(form.get("incident", ""), tuple(form.getlist("zones")), texts, form.get("alert") or None)
    try:
        made = asking.make(runtime(), card, me(), now())
    except Invalid as error:
        return _form(card, error.problems), 422
    flash(_("The card is ready. Call, read it out, and write down who took the call."))
    return _to(made)


def _tongues() -> list[str]:
    """Languages for which a text came with the form."""
    given = [name.removeprefix("text.") for name in request.form if name.startswith("text.")]
    return list(dict.fromkeys((*runtime().profile.languages, *given)))[:20]


@blueprint.get("/requests/<request_id>")
@needs(Role.VIEWER)
def national_request(request_id: str) -> str:
    """The card."""
    return _card(request_id)


def _card(request_id: str, wrong: tuple[Problem, ...] = (), at: str = "") -> str:
    with runtime().db.read() as connection:
        found = national_requests.get(connection, request_id)
        return render_template(
            "request.html",
            card=found,
            places=list(zones.some(connection, found.zones).values()),
            asked=runtime().profile.national_alert,
            names=accounts.names(connection),
            languages_called=_called(),
            wrong=wrong,
            at=at,
            typed=request.form,
        )


@blueprint.post("/requests/<request_id>/<any(asked, answered, sent):step>")
@needs(Role.AUTHOR)
def note_request(request_id: str, step: str) -> Response | tuple[str, int]:
    """Write down a step: with whom, and what they said."""
    whom = request.form.get("whom", "")[:200]
    try:
        if step == "answered":
            agreed, answer = request.form.get("agreed"), request.form.get("answer", "")[:1000]
            if agreed not in ("yes", "no"):
                raise Invalid([Problem("agreed", "must be filled in", "Say whether they will send it.")])
            asking.answered(runtime(), request_id, whom, agreed == "yes", answer, me(), now())
        else:
            _STEPS[step](runtime(), request_id, whom, me(), now())
    except Invalid as error:
        return _card(request_id, error.problems, step), 422
    flash(_("Written down."), "success")
    return _to(request_id)


@blueprint.post("/requests/<request_id>/withdraw")
@needs(Role.AUTHOR)
def withdraw_request(request_id: str) -> Response:
    """Not wanted any more."""
    asking.withdraw(runtime(), request_id, me(), now())
    flash(_("Withdrawn. If they have been asked, call them and say so."))
    return _to(request_id)


def _called() -> dict[str, str]:
    """Language → its own name."""
    return {each.code: each.name for each in next(iter(runtime().kinds.values())).languages.values()}


def _to(request_id: str) -> Response:
    return redirect(url_for("console.national_request", request_id=request_id))  # type: ignore[return-value]

"""Exercises: which run, ending one, playing one again, and the button that ends them all because it is real."""

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import Invalid
from broadcaster.domain.rules import Role
from broadcaster.services import exercises as exercise_service
from broadcaster.services import real_event
from broadcaster.store import exercises, incidents
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.console.compose_form import slug
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _
from broadcaster.web.language import ngettext


@blueprint.get("/exercises", endpoint="exercises")
@needs(Role.VIEWER)
def exercise_list() -> str:
    """Those that run, then those that are over."""
    rt = runtime()
    with rt.db.read() as connection:
        found = incidents.listing(connection, live=False)
        numbers = exercises.numbers(connection)
    return render_template(
        "exercises.html",
        running=[each for each in found if each.closed_at is None],
        over=[each for each in found if each.closed_at is not None][:50],
        numbers=numbers,
        lacking={name: lack for name in ("sms", "x", "facebook", "website") if (lack := rt.missing(name, live=False))},
    )


@blueprint.post("/exercises/<name>/end")
@needs(Role.AUTHOR)
def end_exercise(name: str) -> Response:
    """It is over; nothing real has happened."""
    exercise_service.end(runtime(), name, me(), now())
    flash(_("The exercise is over. Its alerts were stopped and its drafts closed."), "success")
    return redirect(url_for("console.exercises"))  # type: ignore[return-value]


@blueprint.post("/exercises/<name>/replay")
@needs(Role.AUTHOR)
def replay_exercise(name: str) -> Response:
    """Its alerts again, as drafts of a new exercise."""
    again = exercise_service.replay(runtime(), name, me(), now())
    flash(
        _("A new exercise holds its alerts as drafts, their times moved to now. Each needs two people again."),
        "success",
    )
    return redirect(url_for("console.incident", name=again))  # type: ignore[return-value]


@blueprint.get("/real-event")
@needs(Role.AUTHOR)
def real_event_page(wrong: str = "", title_wrong: str = "") -> str:
    """Say what the button does, and ask for the word."""
    return render_template(
        "real_event.html",
        word=_("REAL EVENT"),
        wrong=wrong,
        title_wrong=title_wrong,
        title=request.form.get("title", ""),
        silent=runtime().missing("sms", live=False),
    )


@blueprint.post("/real-event")
@needs(Role.AUTHOR)
def declare_real_event() -> Response | tuple[str, int]:
    """One person may. The typed word keeps it from happening by accident."""
    if request.form.get("word", "").strip().casefold() not in {_("REAL EVENT").casefold(), "real event"}:
        return real_event_page(wrong=_("That was another word, so nothing was changed.")), 422
    title = request.form.get("title", "").strip()
    try:
        done = real_event.declare(runtime(), slug(title), title, me(), now())
    except Invalid:
        return real_event_page(title_wrong=_("Say in a few words what it is: at most 120 letters.")), 422
    ended = ngettext("%(num)s exercise was ended.", "%(num)s exercises were ended.", len(done.exercises))
    told = ngettext("%(num)s phone is told so.", "%(num)s phones are told so.", done.told)
    flash(" ".join((_("This incident is live."), ended, told)), "success")
    return redirect(url_for("console.incident", name=done.incident))  # type: ignore[return-value]

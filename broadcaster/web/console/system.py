"""How the machine does: its parts, its queues, what is dead and needs a person; and what this city and its kinds are."""

from flask import Response, flash, redirect, render_template, request, url_for

from broadcaster.domain.errors import NotFound
from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, carrying, recovering
from broadcaster.store import standing as standing_store
from broadcaster.web import carriers as carrier_words
from broadcaster.web import health
from broadcaster.web.auth.guard import me, needs
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _
from broadcaster.web.language import ngettext


@blueprint.get("/system")
@needs(Role.VIEWER)
def system() -> str:
    """Parts, workers, batches."""
    rt = runtime()
    parts, ready = health.check(rt)
    with rt.db.read() as connection:
        standing = standing_store.standing(connection)
    return render_template(
        "system.html",
        health=parts,
        ready=ready,
        standing=standing,
        open_batches=sum(number for states in standing.batches.values() for number in states.values()),
        missing={
            name: (rt.missing(name), rt.missing(name, live=False)) for name in ("website", "sms", "x", "facebook")
        },
        carriers=_carriers(rt),
        settings=rt.settings,
    )


def _carriers(rt: Runtime) -> dict[str, list[dict[str, object]]]:
    """Channel → its carriers, live and for exercises. One that is alone is shown when there is something to say of it."""
    found: dict[str, list[dict[str, object]]] = {}
    for live in (True, False):
        for each in carrying.standing(rt, live):
            if len(rt.carriers(each.channel, live)) > 1 or not each.breaker.closed:
                said = {"name": carrier_words.name(each.carrier), "words": carrier_words.state_words(each.breaker)}
                found.setdefault(each.channel, []).append(said | {"live": live, "ok": each.breaker.closed})
    return found


@blueprint.post("/system/revive")
@needs(Role.APPROVER)
def revive() -> Response:
    """Let dead batches of an alert be worked on again, after the cause was mended."""
    alert_id, channel = request.form.get("alert", ""), request.form.get("channel", "")
    number = broadcasting.retry_failed(runtime(), alert_id, me(), now(), channel or None)
    flash(ngettext("%(num)s delivery is tried again.", "%(num)s deliveries are tried again.", number))
    return redirect(url_for("console.queue"))  # type: ignore[return-value]


@blueprint.post("/system/release")
@needs(Role.APPROVER)
def release() -> Response:
    """After a restore: let held batches go; each row is first looked for at its provider."""
    number = recovering.release(runtime(), me(), now())
    flash(ngettext("%(num)s batch is let go.", "%(num)s batches are let go.", number))
    return redirect(url_for("console.queue"))  # type: ignore[return-value]


@blueprint.get("/kinds")
@needs(Role.VIEWER)
def kinds() -> str:
    """What this city is, and what can be sent."""
    return render_template("kinds.html")


@blueprint.get("/kinds/<name>")
@needs(Role.VIEWER)
def kind(name: str) -> str:
    """One kind: its fields, its rules, what it opens and lifts."""
    found = runtime().kinds.get(name)
    if found is None:
        raise NotFound(_("there is no such kind"))
    return render_template("kind.html", kind=found)

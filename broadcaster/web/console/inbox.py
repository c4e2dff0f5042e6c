"""What residents wrote: danger to life pinned on top until a named person has seen it, then the unanswered ones."""

from flask import Response, redirect, render_template, request, url_for

from broadcaster.domain.rules import Role
from broadcaster.services import inbound as inbound_service
from broadcaster.store import accounts, inbound
from broadcaster.web.auth.guard import me, needs, polled
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime

PAGE = 50


@blueprint.get("/inbox")
@needs(Role.VIEWER)
def inbox() -> str:
    """A page of texts."""
    return render_template("inbox.html", **_texts(max(0, request.args.get("from", 0, type=int))))


@blueprint.get("/inbox/list")
@needs(Role.VIEWER)
@polled
def inbox_list() -> str:
    """The same list for the page that follows along."""
    return render_template("_inbox.html", **_texts(0))


def _texts(start: int) -> dict[str, object]:
    with runtime().db.read() as connection:
        found = inbound.waiting(connection, limit=PAGE + 1, offset=start)
        pinned, unanswered = inbound.open_numbers(connection)
        names = accounts.names(connection)
    return {
        "texts": found[:PAGE],
        "start": start,
        "more": start + PAGE if len(found) > PAGE else None,
        "pinned": pinned,
        "unanswered": unanswered,
        "names": names,
    }


@blueprint.post("/inbox/<token>/acknowledge")
@needs(Role.AUTHOR)
def acknowledge(token: str) -> Response:
    """I have seen it and take it on."""
    inbound_service.acknowledge(runtime().db, token, me(), now())
    return redirect(url_for("console.inbox"))  # type: ignore[return-value]


@blueprint.post("/inbox/<token>/answered")
@needs(Role.AUTHOR)
def answered(token: str) -> Response:
    """It has been dealt with."""
    inbound_service.mark_answered(runtime().db, token, me(), now())
    return redirect(url_for("console.inbox"))  # type: ignore[return-value]

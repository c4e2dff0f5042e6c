"""Keeping a form with every request that brings it, also when the session has ended meanwhile: nothing that was typed is lost."""

import re
from typing import Any, cast

from flask import Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict

from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Invalid, NotFound
from broadcaster.services import writing
from broadcaster.services.writing import Kept, Page
from broadcaster.store.tokens import new_id
from broadcaster.web.auth.guard import me
from broadcaster.web.config import BODY, LONGEST_SESSION
from broadcaster.web.console.compose_form import Form
from broadcaster.web.console.compose_sheet import Sheet, new_tab, written
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _

#: A page can be older than the session in which it was opened; past this its token keeps nothing any more.
_OLDEST = 2 * int(LONGEST_SESSION.total_seconds())

_TAB = re.compile(r"[\w-]{1,32}", re.ASCII)


def _sealer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt="console.writing")


def token(sheet: Sheet, alert_id: str | None) -> str:
    """Proof, for a form, that we gave this page to this person: whose it is, which writing it shows, and of what."""
    what = [me().id, sheet.writing_id, sheet.kind.name, str(sheet.values.get("status", "")), alert_id or ""]
    return str(_sealer().dumps(what))


def page_of(form: Form) -> Page | None:
    """The page that sent a form; None when that cannot be told."""
    try:
        user_id, writing_id, kind, status, alert_id = _sealer().loads(form.get("writing", ""), max_age=_OLDEST)
    except (BadData, ValueError, TypeError):
        return None
    return Page(user_id, writing_id, kind, status, alert_id or None, _tab(form))


def my_page(form: Form, kind: str, alert_id: str | None) -> Page:
    """The page of whoever is logged in; a page that was another's, or nobody's, begins a writing of its own."""
    page = page_of(form)
    if page is not None and page.user_id == me().id and page.kind == kind and page.alert_id in (alert_id, None):
        return page
    status = given if (given := form.get("status", "")) in set(Status) else ""
    return Page(me().id, new_id(), kind, status, alert_id, _tab(form))


def _tab(form: Form) -> str:
    """The name that we gave the page; what is none of ours is a page of its own."""
    given = form.get("tab", "")
    return given if _TAB.fullmatch(given) else new_tab()


def keep(page: Page, sheet: Sheet) -> None:
    """Keep what a form brought; that it is too large is said, and nothing else is."""
    try:
        sheet.kept = writing.keep(runtime(), page, written(sheet.form), now())
    except Invalid as error:
        sheet.problems = (*error.problems, *sheet.problems)
        sheet.draft = None


def rescue() -> Response | None:
    """Keep the form of somebody whose session has ended or whose page is older than their log-in, and lead them back to it.

    None when the form does not prove whose it is. Only keeping is done: whatever its button was to do waits for the person.
    """
    request.max_content_length = BODY
    form: Form = MultiDict(request.form)
    page = page_of(form)
    if page is None:
        return None
    known = current_user.is_authenticated
    if known and me().id != page.user_id:
        return None
    try:
        kept = writing.keep(runtime(), page, written(form), now())
    except (Invalid, NotFound):
        return None
    back = url_for("console.writing", writing_id=page.writing_id)
    way = back if known else url_for("security.login", next=back)
    if request.headers.get("HX-Request"):
        answer = make_response(render_template("_saved.html", kept=kept, ended=not known, way=way))
        answer.headers.update({"HX-Retarget": "#saved", "HX-Reswap": "outerHTML", "HX-Reselect": "#saved"})
        return answer
    words = (
        _("This page was older than your log-in. What you wrote is kept: press the button again.")
        if known
        else _("Your session had ended. What you wrote is kept: log in to go on with it.")
    )
    flash(words)
    return cast(Response, redirect(way, 303))


def rescued(view: Any) -> Any:
    """Mark a view whose form is kept even when it may not be answered."""
    view.rescue = rescue
    return view


def left(kept: Kept) -> Form:
    """A kept form as it was typed."""
    return MultiDict(kept.version.form)

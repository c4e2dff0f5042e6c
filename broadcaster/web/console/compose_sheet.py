"""One opened form: what was typed in it, the draft that it means as far as it can be read, and how the page shows it again."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from werkzeug.datastructures import MultiDict

from broadcaster.domain.alert import Draft, Status
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.kind import AlertKind
from broadcaster.services import drafting, pictures
from broadcaster.services.drafting import Preview
from broadcaster.services.writing import Kept
from broadcaster.store import alert_versions, documents
from broadcaster.store.alert_versions import AlertVersion
from broadcaster.store.alerts import AlertRow
from broadcaster.store.writings import Pairs
from broadcaster.web.console.compose_conflict import Clash, is_place, put, value_at
from broadcaster.web.console.compose_form import Form, values_of
from broadcaster.web.context import now, runtime

#: What belongs to a page and not to what was written; a picture's file is kept by itself.
_NOT_WRITTEN = frozenset({"csrf_token", "writing", "tab", "action", "new_picture", "area.file"})
#: A GeoJSON file with one outline is a hundredth of this.
_LARGEST_OUTLINE = 1 << 20
#: The name of an incident that has none yet, while its texts are shown.
_UNNAMED = "unnamed"
_TAKE = "take."


@dataclass(slots=True)
class Sheet:
    """What the form shows: values as they were given, what is wrong with them, and how the texts would look.

    `draft` is None while the form cannot be read as one; `sketch` then has what can. `tab` is the opened page's own name.
    """

    kind: AlertKind
    values: dict[str, Any]
    version: int = 0
    form: Form = field(default_factory=MultiDict)
    problems: tuple[Problem, ...] = ()
    draft: Draft | None = None
    sketch: Draft | None = None
    preview: Preview | None = None
    clash: Clash | None = None
    more: str = ""
    writing_id: str = ""
    tab: str = ""
    kept: Kept | None = None
    #: True when the person asked what is missing: then it stands beside each field, too.
    asked_for: bool = False
    #: When what is shown was left, if it was found again.
    resumed: datetime | None = None
    #: Where values came from that nobody typed here.
    filled_from: str = ""
    found: str = ""
    earlier: Sequence[AlertVersion] = ()

    @property
    def live(self) -> bool:
        return bool(self.values.get("status") == Status.ACTUAL)

    @property
    def said(self) -> tuple[Problem, ...]:
        """Everything that is wrong, for beside the fields."""
        return tuple(dict.fromkeys((*self.problems, *(self.preview.problems if self.preview else ()))))

    @property
    def raw_shape(self) -> str:
        """The outline as it was typed, when it was."""
        return self.form.get("area.shape", "")

    @property
    def new_incident(self) -> str:
        return self.form.get("new_incident", "")

    def look(self, locate: bool = False) -> None:
        """Put as much of it as can be read into words."""
        if self.sketch is not None:
            self.preview = drafting.preview(runtime(), self.sketch, now(), locate=locate)


def new_tab() -> str:
    """A name for a page that is opened now."""
    return secrets.token_urlsafe(12)


def written(form: Form) -> Pairs:
    """What of a form is kept: everything but what belongs to the page."""
    return tuple(
        (name, value)
        for name, value in form.items(multi=True)
        if name not in _NOT_WRITTEN and not name.startswith(_TAKE)
    )


def sheet_of(
    kind: AlertKind, form: Form, alert: AlertRow | None, writing_id: str, tab: str, sent: bool = True
) -> Sheet:
    """A form that was sent now, with its files, or kept before. Never fails for what was typed: see `problems`."""
    action = form.get("action", "preview")
    problems: list[Problem] = []
    sheet = Sheet(kind, {}, form.get("version", 0, type=int), form, writing_id=writing_id, tab=tab)
    sheet.more = action.partition(":")[2] if action.startswith("more:") else ""
    if sent:
        _take_outline(form, problems)
    sheet.values = values_of(form, kind, runtime().profile.languages, problems)
    sheet.values["languages"] = form.getlist("languages") or list(runtime().profile.languages)
    if action == "short":
        sheet.values["short"] = True
    if alert is not None:
        sheet.values |= {"incident": alert.incident, "status": alert.status}
        _choose(sheet, alert)
    if sent:
        _take_picture(sheet, problems)
    read(sheet, problems)
    return sheet


def sheet_of_draft(kind: AlertKind, draft: Mapping[str, Any], version: int, writing_id: str) -> Sheet:
    """A stored draft, freshly opened."""
    sheet = Sheet(kind, dict(draft), version, writing_id=writing_id, tab=new_tab())
    read(sheet, [])
    return sheet


def read(sheet: Sheet, problems: Sequence[Problem]) -> None:
    """Understand the values: as a draft, or with the parts left out that cannot be read, so that the rest is shown all the same."""
    zone, moment, found = ZoneInfo(runtime().profile.timezone), now(), list(problems)
    values = dict(sheet.values)
    if not values.get("incident"):
        values["incident"] = _UNNAMED
        found.append(Problem("incident", "must be filled in", "Name the incident, or choose one."))
    for _ in range(4):
        try:
            sheet.sketch = documents.draft_from(values, zone, moment)
            break
        except Invalid as error:
            found += error.problems
            heads = {each.place.partition(".")[0].partition("[")[0] for each in error.problems}
            unreadable = heads & values.keys() - {"kind", "status"}
            if not unreadable:
                break
            for name in unreadable:
                values[name] = _UNNAMED if name == "incident" else None
            values = {name: value for name, value in values.items() if value is not None}
    sheet.problems = tuple(dict.fromkeys(found))
    sheet.draft = sheet.sketch if not found else None


def join(sheet: Sheet, found: Clash) -> None:
    """Put into the form what only the other has changed, and remember where a person must choose."""
    for change in found.theirs:
        put(sheet.values, change.place, change.theirs)
    sheet.clash = found


def history(sheet: Sheet, alert: AlertRow) -> None:
    """The versions that the alert has been saved as, but the one that it is now."""
    with runtime().db.read() as connection:
        found = alert_versions.latest(connection, alert.id)
    sheet.earlier = [each for each in found if each.version != alert.version]


def _choose(sheet: Sheet, alert: AlertRow) -> None:
    """Take the other's words where the person has said so, after a clash."""
    if sheet.version != alert.version:
        return
    for name, choice in sheet.form.items():
        place = name.removeprefix(_TAKE)
        if name.startswith(_TAKE) and choice == "theirs" and is_place(place):
            put(sheet.values, place, value_at(alert.draft, place))


def _take_outline(form: Form, problems: list[Problem]) -> None:
    """Read an uploaded GeoJSON file into the outline's own field, where it can be seen and changed."""
    given = request.files.get("area.file")
    if given is None or not given.filename:
        return
    content = given.stream.read(_LARGEST_OUTLINE + 1)
    try:
        text = content.decode("utf-8-sig")
        if len(content) > _LARGEST_OUTLINE:
            raise ValueError
        form["area.shape"] = json.dumps(json.loads(text))
    except (ValueError, RecursionError):
        cure = "Choose one GeoJSON file of at most 1 MB."
        problems.append(Problem("area.polygon", "is not GeoJSON that can be read", cure))


def _take_picture(sheet: Sheet, problems: list[Problem]) -> None:
    """Keep an uploaded picture beside those that the draft has."""
    given = request.files.get("new_picture")
    if given is None or not given.filename:
        return
    try:
        name = pictures.keep(runtime(), given.stream.read(pictures.LARGEST + 1), "resources")
    except Invalid as error:
        problems += error.problems
        return
    alt = {tag: sheet.form.get(f"new_picture.alt.{tag}", "").strip() for tag in runtime().profile.languages}
    licence = sheet.form.get("new_picture.licence", "").strip()
    kept = [each for each in sheet.values.get("resources", []) if each["file"] != name]
    sheet.values["resources"] = [*kept, {"file": name, "alt": alt, "licence": licence}]

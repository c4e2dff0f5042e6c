"""Keeping what somebody types, whole or not, so that an ended session, a closed tab or a lost network takes nothing with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.domain.alert import Draft, plain
from broadcaster.domain.errors import Invalid, NotFound, Problem
from broadcaster.domain.likeness import alike
from broadcaster.domain.rules import Actor
from broadcaster.runtime import Runtime
from broadcaster.services import drafting
from broadcaster.store import alerts as alert_store
from broadcaster.store import writings
from broadcaster.store.writings import Pairs, Version, Writing

#: A form that nobody has come back to for so long is forgotten: it may name people.
FORGOTTEN_AFTER = timedelta(days=14)
#: Letters of one form that are kept; a form of every kind with an outline of 2,000 corners has a quarter of it.
LARGEST = 400_000


@dataclass(frozen=True, slots=True)
class Page:
    """One opened form: whose it is, which writing it shows, and the page's own name, which no other tab has."""

    user_id: str
    writing_id: str
    kind: str
    status: str
    alert_id: str | None
    tab: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How a writing stands after it was kept: its row, what it shows, and what lies before and after that.

    `elsewhere` is when another tab last kept something else than what is on this page; None when none has.
    """

    writing: Writing
    version: Version
    before: int | None
    after: int | None
    elsewhere: datetime | None


def keep(rt: Runtime, page: Page, form: Pairs, now: datetime) -> Kept:
    """Keep a form as it is. Asking nothing of it is the point: a half-filled one is kept like a whole one.

    NotFound when the writing is somebody else's, Invalid when it is too large to keep.
    """
    if sum(len(name) + len(value) for name, value in form) > LARGEST:
        raise Invalid([Problem("compose", f"has more than {LARGEST} letters, so it is not kept", "Shorten it.")])
    pairs = tuple((name, value) for name, value in form)
    with rt.db.write() as tx:
        row = writings.find(tx, page.writing_id, lock=True)
        if row is None:
            writings.forget(tx, before=now - FORGOTTEN_AFTER)
            values = (page.writing_id, page.user_id, page.kind[:64], page.status[:16], page.alert_id)
            row = Writing(*values, 0, True, "", 0, now)
            writings.begin(tx, row)
        if row.user_id != page.user_id:
            raise NotFound("there is no such writing")
        newest, shown = writings.newest(tx, row.id), writings.version(tx, row.id, row.shown)
        elsewhere = newest.kept_at if newest and writings.overtaken(tx, row.id, page.tab, newest.number) else None
        if shown is None or shown.form != pairs:
            shown = Version((newest.number if newest else 0) + 1, page.tab, pairs, now)
            writings.add(tx, row.id, shown)
            writings.change(tx, row.id, shown=shown.number, unfinished=True, kept_at=now)
        return Kept(writings.find(tx, row.id) or row, shown, *writings.beside(tx, row.id, shown.number), elsewhere)


def step(rt: Runtime, writing_id: str, user_id: str, back: bool) -> Kept:
    """Show what it held before (or after, when it was stepped back). At the end of the line nothing changes."""
    with rt.db.write() as tx:
        row = _mine(writings.find(tx, writing_id, lock=True), user_id)
        before, after = writings.beside(tx, row.id, row.shown)
        number = (before if back else after) or row.shown
        writings.change(tx, row.id, shown=number, unfinished=True)
        version = writings.version(tx, row.id, number)
        if version is None:
            raise NotFound("there is no such writing")
        return Kept(row, version, *writings.beside(tx, row.id, number), None)


def opened(rt: Runtime, writing_id: str, user_id: str) -> Kept:
    """A writing of one's own as it was left; NotFound."""
    with rt.db.read() as connection:
        row = _mine(writings.find(connection, writing_id), user_id)
        version = writings.version(connection, row.id, row.shown)
        if version is None:
            raise NotFound("there is no such writing")
        return Kept(row, version, *writings.beside(connection, row.id, row.shown), None)


def unfinished(rt: Runtime, user_id: str, alert_id: str | None = None) -> Sequence[Writing]:
    """What this person has begun and not saved: of one alert, or what no alert has come of yet. The newest first."""
    with rt.db.read() as connection:
        return writings.unfinished(connection, user_id, alert_id)


def drop(rt: Runtime, writing_id: str, user_id: str) -> None:
    """Throw a writing away; the alert that it edits stays as it is."""
    with rt.db.write() as tx:
        _mine(writings.find(tx, writing_id, lock=True), user_id)
        writings.forget(tx, writing_id=writing_id)


def save(rt: Runtime, page: Page, draft: Draft, actor: Actor, now: datetime) -> tuple[str, bool]:
    """Make the alert of a writing; returns its id, and whether it was made now.

    The same form sent twice, at once or after the network was lost, makes one alert: the writing is its token.
    """
    draft = drafting.ready(rt, draft, actor)
    with rt.db.write() as tx:
        row = _mine(writings.find(tx, page.writing_id, lock=True), page.user_id)
        if row.alert_id is not None:
            return row.alert_id, False
        alert_id = drafting.make(rt, tx, draft, actor, now)
        writings.change(tx, row.id, alert_id=alert_id, unfinished=False, saved_tab=page.tab, saved_version=1)
        return alert_id, True


def change(rt: Runtime, page: Page, alert_id: str, version: int, draft: Draft, actor: Actor, now: datetime) -> int:
    """Put a writing in the place of the alert's draft that was `version`; the version that it has now.

    What the alert says already is not saved again, so that a repeated request neither fails nor takes a submitted alert back.
    Conflict when somebody else, or the same person in another tab, has saved another version since.
    """
    with rt.db.read() as connection:
        alert, row = alert_store.get(connection, alert_id), writings.find(connection, page.writing_id)
    if alike(plain(draft), alert.draft):
        new = alert.version
    else:
        mine = row is not None and row.saved_tab == page.tab and row.saved_version > version
        new = drafting.edit(rt, alert_id, row.saved_version if mine and row is not None else version, draft, actor, now)
    with rt.db.write() as tx:
        writings.change(tx, page.writing_id, unfinished=False, saved_tab=page.tab, saved_version=new)
    return new


def _mine(row: Writing | None, user_id: str) -> Writing:
    if row is None or row.user_id != user_id:
        raise NotFound("there is no such writing")
    return row

"""The queries behind the public pages: what residents may know, and whether time alone has changed it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, or_, select, union_all
from sqlalchemy.orm import aliased

from broadcaster.domain.alert import PictureFile
from broadcaster.domain.language import Language
from broadcaster.domain.lifecycle import PUBLIC_ALERT, AlertState
from broadcaster.domain.profile import Profile
from broadcaster.store import national_requests, zones
from broadcaster.store.alert_documents import alert_from, document_as
from broadcaster.store.schema import alert_references, alerts, instructions, messages
from broadcaster.store.status_view import PublicAlert, PublicInstruction, PublicRequest, PublicView

#: Alerts that changed longer ago are no more listed, unless still needed; their files stay as they were last written.
PAST = timedelta(days=30)
#: How long the front page says that something was lifted.
LIFTED = timedelta(days=7)
_ALIVE = (AlertState.BROADCASTING, AlertState.ACTIVE)


def public_view(
    connection: Connection,
    root: str,
    profile: Profile,
    languages: Mapping[str, Language],
    status_url: str,
    now: datetime,
    personal: Collection[str] = (),
) -> PublicView:
    """Everything public of `root` as of `now`. `personal` are kinds that describe a person.

    Read it inside one snapshot: several statements make it.
    """
    rows = connection.execute(
        select(alerts)
        .where(_belongs(root), alerts.c.state.in_(sorted(PUBLIC_ALERT)), alerts.c.document.is_not(None))
        .where(or_(alerts.c.state.in_(_ALIVE), alerts.c.updated_at > now - PAST, alerts.c.id.in_(_needed(root))))
        .order_by(alerts.c.created_at, alerts.c.id)
    ).all()
    ids = [row.id for row in rows]
    texts = _articles(connection, ids)
    successors = _successors(connection, ids)
    found = tuple(
        _alert(row, texts[row.id], successors.get(row.id, ()), row.kind in personal)
        for row in rows
        if texts.get(row.id)
    )
    opened, lifted = _instructions(connection, root, now, {row.id: row.identifier for row in rows})
    asked = _requests(connection, root, profile)
    return PublicView(root, profile, languages, status_url.rstrip("/"), now, found, opened, lifted, requests=asked)


def changes_by_time(connection: Connection, root: str, since: datetime, until: datetime) -> bool:
    """Whether a promise or an end has passed in (since, until], so that pages must say something else."""
    alive = _belongs(root) & alerts.c.state.in_(_ALIVE)

    def passed(column: Any) -> Any:
        return (column > since) & (column <= until)

    open_ones = instructions.c.lifted_at.is_(None) & passed(instructions.c.expires_at)
    found = union_all(
        select(alerts.c.id).where(alive, or_(passed(alerts.c.expires_at), passed(alerts.c.next_update_at))),
        select(alerts.c.id)
        .join(instructions, instructions.c.renewed_by == alerts.c.id)
        .where(_belongs(root), open_ones),
    )
    return bool(connection.scalar(select(exists(found.subquery().select()))))


def _belongs(root: str) -> Any:
    return alerts.c.status == "Actual" if root == "live" else alerts.c.status != "Actual"


def _needed(root: str) -> Any:
    """Alerts that an open instruction rests on: they stay however old they are."""
    return select(instructions.c.renewed_by).where(instructions.c.lifted_at.is_(None))


def _articles(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    query = (
        select(messages.c.alert_id, messages.c.language, messages.c.parts)
        .where(messages.c.channel == "website", messages.c.alert_id.in_(ids))
        .order_by(messages.c.id)
    )
    for row in connection.execute(query):
        found.setdefault(row.alert_id, {})[row.language] = row.parts[0]
    return found


def _successors(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Alert id → identifiers of the public alerts that refer to it, oldest first."""
    later = aliased(alerts)
    query = (
        select(alert_references.c.refers_to, later.c.identifier)
        .join(later, later.c.id == alert_references.c.alert_id)
        .where(alert_references.c.refers_to.in_(ids), later.c.state.in_(sorted(PUBLIC_ALERT)))
        .order_by(later.c.created_at)
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(query):
        found[row.refers_to] = (*found.get(row.refers_to, ()), row.identifier)
    return found


def _alert(row: Row[Any], articles: Mapping[str, str], successors: tuple[str, ...], personal: bool) -> PublicAlert:
    document = alert_from(row.document)
    published = row.approved_at or row.submitted_at or document.sent
    return PublicAlert(
        id=row.id,
        token=row.token,
        kind=row.kind,
        state=AlertState(row.state),
        document=document,
        articles=articles,
        published_at=published,
        changed_at=max(row.updated_at, published),
        expires_at=row.expires_at or document.infos[0].expires,
        next_update_at=row.next_update_at,
        no_change_at=row.no_change_at,
        successors=successors,
        personal=personal,
        pictures=tuple(document_as(PictureFile, each) for each in row.draft.get("resources", ())),
    )


def _instructions(
    connection: Connection, root: str, now: datetime, identifiers: Mapping[str, str]
) -> tuple[tuple[PublicInstruction, ...], tuple[PublicInstruction, ...]]:
    """Open ones and recently lifted ones, each under the latest alert that said so."""
    rows = connection.execute(
        select(instructions, alerts.c.document)
        .join(alerts, alerts.c.id == instructions.c.renewed_by)
        .where(_belongs(root), or_(instructions.c.lifted_at.is_(None), instructions.c.lifted_at > now - LIFTED))
        .order_by(instructions.c.opened_at, instructions.c.id)
    ).all()
    names = zones.some(connection, sorted({row.zone for row in rows}))
    made = []
    for row in rows:
        zone = names.get(row.zone)
        made.append(
            PublicInstruction(
                zone=row.zone,
                place=zone.names if zone else _described(row.document, row.zone),
                key=row.key,
                level=row.level,
                command=row.words["command"],
                name=row.words["name"],
                opened_at=row.opened_at,
                alert=identifiers.get(row.renewed_by, ""),
                expires_at=row.expires_at,
                lifted_at=row.lifted_at,
            )
        )
    return (
        tuple(each for each in made if each.lifted_at is None),
        tuple(each for each in made if each.lifted_at is not None),
    )


def _requests(connection: Connection, root: str, profile: Profile) -> tuple[PublicRequest, ...]:
    """What others have sent for incidents that are open. Its words are theirs: only that, when and where it was sent is told."""
    asked = profile.national_alert
    if asked is None:
        return ()
    found = []
    for each in national_requests.sent(connection, live=root == "live"):
        places = tuple(zone.names for zone in zones.some(connection, each.zones).values())
        if places and each.sent_at:
            found.append(PublicRequest(asked.name, profile.authorities[asked.authority].words, places, each.sent_at))
    return tuple(found)


def _described(document: Mapping[str, Any], zone: str) -> dict[str, str]:
    """The alert's own words for its area, where the zone is gone from the list, or the area was drawn and has none."""
    infos = alert_from(document).infos
    return {info.language: info.areas[0].description if info.areas else zone for info in infos}

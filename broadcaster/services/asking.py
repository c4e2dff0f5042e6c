"""Asked of others: the national alert is sent by the police or the state; here is what to read out to them, and what they answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from broadcaster.domain.errors import Conflict, Invalid, NotAllowed, NotReady, Problem
from broadcaster.domain.profile import NationalAlert
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import publishing
from broadcaster.store import alerts as alert_store
from broadcaster.store import areas, geo, incidents, journal, national_requests, zones
from broadcaster.store.alerts import AlertRow
from broadcaster.store.national_requests import Request
from broadcaster.store.plans import selector_of
from broadcaster.store.tokens import new_id
from channels.base import Message

#: Letters of a name at the other end, and of an answer.
NAME, ANSWER = 120, 500


@dataclass(frozen=True, slots=True)
class Card:
    """A request as it is written: the incident, where, and the words per language."""

    incident: str
    zones: tuple[str, ...]
    texts: Mapping[str, str]
    alert_id: str | None = None


def national_alert(rt: Runtime) -> NationalAlert:
    """Whom to ask; NotReady where the profile does not say."""
    if rt.profile.national_alert is None:
        raise NotReady("the city's profile does not say who sends a national alert; set national_alert there")
    return rt.profile.national_alert


def of_alert(rt: Runtime, connection: Connection, alert_id: str) -> Card:
    """A card filled in from an alert: its places, and its frozen text messages, else nothing where a language has none."""
    alert = alert_store.get(connection, alert_id)
    texts = {
        text.language: _without_link(text)
        for text in alert_store.texts(connection, alert_id).values()
        if text.channel == "sms"
    }
    languages = dict.fromkeys((*rt.profile.languages, *texts))
    return Card(alert.incident, _zones(alert), {each: texts.get(each, "") for each in languages}, alert_id)


def _without_link(text: Message) -> str:
    """What can be read out over the telephone."""
    whole = "\n".join(text.parts)
    return (whole.replace(text.link, "") if text.link else whole).strip()


def _zones(alert: AlertRow) -> tuple[str, ...]:
    """Those that were chosen, else those in which a drawn area has people."""
    chosen = tuple(alert.draft["area"].get("zones", ()))
    return chosen or tuple((alert.audience or {}).get("instruction_zones", ()))


def make(rt: Runtime, card: Card, actor: Actor, now: datetime) -> str:
    """Keep a request; returns its id. Invalid with everything that is missing. Nobody has been called yet."""
    _person(actor)
    asked = national_alert(rt)
    with rt.db.write() as tx:
        incident = incidents.named(tx, card.incident)
        if incident.closed_at is not None:
            raise Conflict(f"the incident {card.incident!r} is closed; open a new one")
        problems = _problems(rt, tx, card, asked)
        if problems:
            raise Invalid(problems)
        alert = alert_store.get(tx, card.alert_id) if card.alert_id else None
        request_id = new_id()
        values: dict[str, Any] = {
            "id": request_id,
            "incident_id": incident.id,
            "alert_id": alert.id if alert else None,
            "zones": list(card.zones),
            "polygon": [list(corner) for corner in _outline(tx, card, alert)],
            "texts": _marked(rt, card.texts, incident.live),
            "made_by": actor.id,
            "made_at": now,
        }
        national_requests.add(tx, values)
        body = {"request": request_id, "zones": list(card.zones), "texts": values["texts"]}
        journal.append(tx, card.incident, actor, "request.write", now, alert_id=values["alert_id"], body=body)
    return request_id


def _marked(rt: Runtime, texts: Mapping[str, str], live: bool) -> dict[str, str]:
    """What was written; in an exercise the words for it come first, so that nobody who reads it out forgets them."""
    languages = next(iter(rt.kinds.values())).languages
    found = {language: text.strip() for language, text in texts.items() if text.strip()}
    for language, text in found.items():
        mark = languages[language].exercise_first if language in languages else ""
        if not live and mark and not text.startswith(mark):
            found[language] = f"{mark} {text}"
    return found


def _problems(rt: Runtime, connection: Connection, card: Card, asked: NationalAlert) -> list[Problem]:
    problems = list(zones.unknown(card.zones, zones.listing(connection), "zones"))
    if not card.zones:
        problems.append(Problem("zones", "it says nowhere", "Choose at least one place to read out."))
    problems += [
        Problem(f"text.{language}", "must be filled in", "They send it in each language.")
        for language in rt.profile.languages
        if not card.texts.get(language, "").strip()
    ]
    for language, text in card.texts.items():
        if len(text) > asked.letters:
            over = len(text) - asked.letters
            said = f"has {len(text)} characters, {over} more than the {asked.letters} it may have"
            problems.append(Problem(f"text.{language}", said, "Shorten it."))
    return problems


def _outline(connection: Connection, card: Card, alert: AlertRow | None) -> tuple[tuple[float, float], ...]:
    """Corners to read out: what was drawn when it is a polygon, else an outline around the zones."""
    drawn = selector_of(alert.draft["area"]) if alert else None
    if drawn and drawn.polygon and len(drawn.polygon) <= 12:
        corners = drawn.polygon[:-1] if drawn.polygon[0] == drawn.polygon[-1] else drawn.polygon
        return tuple((round(lat, 4), round(lon, 4)) for lat, lon in corners)
    if drawn and not drawn.zones and not drawn.empty:
        return geo.outline_to_read(areas.outline(connection, drawn))
    return geo.outline_to_read(geo.union(each.shape for each in zones.some(connection, card.zones).values()))


def asked(rt: Runtime, request_id: str, whom: str, actor: Actor, now: datetime) -> None:
    """We have called them; `whom` is who took the call."""
    _note(rt, request_id, "asked", whom, actor, now)


def answered(rt: Runtime, request_id: str, whom: str, agreed: bool, answer: str, actor: Actor, now: datetime) -> None:
    """They have said yes or no; `answer` in their words."""
    if len(answer) > ANSWER:
        raise Invalid([Problem("answer", f"has more than {ANSWER} characters", "Shorten it.")])
    _note(rt, request_id, "answered", whom, actor, now, agreed=agreed, answer=answer.strip())


def sent(rt: Runtime, request_id: str, whom: str, actor: Actor, now: datetime) -> None:
    """They say that it has gone out: from now on the public page says so."""
    _note(rt, request_id, "sent", whom, actor, now)


def withdraw(rt: Runtime, request_id: str, actor: Actor, now: datetime) -> None:
    """It is not wanted any more, or was written down by mistake; the public page forgets it."""
    _person(actor)
    with rt.db.write() as tx:
        found = national_requests.get(tx, request_id)
        if not national_requests.note(tx, request_id, "withdrawn_at", {"withdrawn_at": now}):
            raise Conflict("somebody else has written this step down already")
        journal.append(tx, found.incident, actor, "request.withdraw", now, body={"request": request_id})
        publishing.wanted(tx, "live" if found.live else "exercise")


def _note(rt: Runtime, request_id: str, step: str, whom: str, actor: Actor, now: datetime, **more: Any) -> None:
    _person(actor)
    whom = whom.strip()
    if not 0 < len(whom) <= NAME:
        raise Invalid([Problem("whom", f"must have 1 to {NAME} characters", "Say who it was at the other end.")])
    with rt.db.write() as tx:
        found = national_requests.get(tx, request_id)
        _in_order(found, step)
        values = {f"{step}_at": now, f"{step}_by": actor.id, f"{step}_of": whom, **more}
        if not national_requests.note(tx, request_id, f"{step}_at", values):
            raise Conflict("somebody else has written this step down already")
        body = {"request": request_id, "with": whom, **more}
        journal.append(tx, found.incident, actor, f"request.{step}", now, alert_id=found.alert_id, body=body)
        if step == "sent":
            publishing.wanted(tx, "live" if found.live else "exercise")


def _in_order(found: Request, step: str) -> None:
    if step != "asked" and found.asked_at is None:
        raise Conflict("nobody has been asked yet; write down first who took the call")


def _person(actor: Actor) -> None:
    if not actor.person:
        raise NotAllowed("a person must ask, not an API key or the service")
    actor.must(Role.AUTHOR, "ask others for an alert")

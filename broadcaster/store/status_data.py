"""The public view as data and plain text: status.json for programs, alerts.txt for old phones and for reading out."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from broadcaster.domain.profile import Words
from broadcaster.store.status_safety import safe_text, said, sentence
from broadcaster.store.status_view import Phase, PublicAlert, PublicInstruction, PublicView
from broadcaster.store.status_words import Tongue

#: Raised when a key changes its meaning or goes; new keys may come at any time.
FORMAT = 1


def status_json(view: PublicView, with_cap: frozenset[str]) -> str:
    """One JSON object; times are UTC in ISO 8601, words are per language tag, addresses are absolute.

    Personal alerts that have ended keep only their identifier and times.
    """
    document = {
        "format": FORMAT,
        "exercise": view.exercise,
        "sender": _words(view.profile.sender),
        "languages": list(view.profile.languages),
        "generated_at": _time(view.generated_at),
        "updated_at": _time(view.updated_at),
        "next_update_at": _time(view.next_update_at),
        "late_since": _time(view.late_since),
        "numbers": {"danger": view.profile.danger_number, "questions": view.profile.question_number},
        "levels": {str(each.number): _words(each.words) for each in view.profile.levels},
        "instructions": [_instruction(each, view) for each in view.instructions],
        "lifted": [_instruction(each, view) for each in view.lifted],
        "alerts": [_alert(each, view, with_cap) for each in (*view.current, *view.past)],
        "sent_by_others": [
            {
                "name": _words(each.name),
                "authority": _words(each.authority),
                "places": [_words(place) for place in each.places],
                "sent_at": _time(each.sent_at),
            }
            for each in view.requests
        ],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _words(words: Words) -> dict[str, str]:
    return {tag: safe_text(text) for tag, text in words.items()}


def _instruction(told: PublicInstruction, view: PublicView) -> dict[str, object]:
    return {
        "zone": told.zone,
        "place": _words(told.place),
        "key": told.key,
        "level": told.level,
        "command": _words(told.command),
        "name": _words(told.name),
        "alert": told.alert,
        "opened_at": _time(told.opened_at),
        "expires_at": _time(told.expires_at),
        "not_renewed": told.not_renewed(view.generated_at),
        "lifted_at": _time(told.lifted_at),
    }


def _alert(alert: PublicAlert, view: PublicView, with_cap: frozenset[str]) -> dict[str, object]:
    document, url = alert.document, view.status_url
    found: dict[str, object] = {
        "identifier": alert.identifier,
        "status": document.status,
        "msgType": document.msg_type,
        "phase": alert.phase(view.generated_at),
        "kind": alert.kind,
        "published_at": _time(alert.published_at),
        "changed_at": _time(alert.changed_at),
        "expires_at": _time(alert.expires_at),
        "next_update_at": _time(alert.next_update_at),
        "no_change_at": _time(alert.no_change_at),
        "references": [each.identifier for each in document.references],
        "replaced_by": list(alert.successors),
        "event": {info.language: safe_text(info.event) for info in document.infos},
        "pages": {tag: f"{url}/{tag}/alerts/{alert.identifier}.html" for tag in alert.languages},
        "short": f"{url}/a/{alert.token}/",
        "cap": f"{url}/alerts/{alert.identifier}.cap.xml" if alert.identifier in with_cap else None,
    }
    if view.shown(alert):
        first = document.infos[0]
        found |= {"severity": first.severity, "urgency": first.urgency, "certainty": first.certainty}
        found["headline"] = {info.language: safe_text(info.headline) for info in document.infos}
        found["instruction"] = {info.language: safe_text(info.instruction) for info in document.infos}
        found["areas"] = {
            info.language: [safe_text(area.description) for area in info.areas] for info in document.infos
        }
    return found


def plain_text(view: PublicView, tongues: Sequence[Tongue]) -> str:
    """The page in words only, one language after the other, lines short enough to be read out."""
    return "\n\n".join("\n".join(_lines(view, tongue)) for tongue in tongues) + "\n"


def _lines(view: PublicView, tongue: Tongue) -> Iterator[str]:
    profile = view.profile
    danger, questions = profile.danger_number, profile.question_number
    drill = [tongue.tell("exercise_banner", danger=danger)] if view.exercise else []
    yield from drill
    yield said(profile.sender, tongue.tag, profile.fallback)[0]
    if view.updated_at:
        yield tongue.tell("updated", time=tongue.moment(view.updated_at))
    else:
        yield tongue.tell("no_messages_yet")
    if view.next_update_at:
        yield tongue.tell("next_update", time=tongue.moment(view.next_update_at))
    if view.late_since:
        yield tongue.tell("late", time=tongue.moment(view.late_since))
    yield ""
    yield f"{tongue.tell('title')}:"
    yield from _instructions(view, tongue)
    yield ""
    for each in view.requests:
        fallback = profile.fallback
        name, authority = (said(words, tongue.tag, fallback)[0] for words in (each.name, each.authority))
        places = tongue.listed(said(place, tongue.tag, fallback)[0] for place in each.places)
        at = tongue.moment(each.sent_at)
        yield tongue.tell("national", name=sentence(name).rstrip("."), authority=authority, places=places, time=at)
    yield f"{tongue.tell('danger')} {danger}"
    yield f"{tongue.tell('questions')} {questions}"
    yield ""
    yield f"{tongue.tell('in_force')}:"
    if not view.current:
        yield tongue.tell("no_messages")
    for alert in view.current:
        info = alert.document.info(tongue.tag)
        for text in (info.headline, info.description, info.instruction):
            if text.strip():
                yield safe_text(text).strip()
        if alert.no_change_at:
            yield tongue.tell("no_change", time=tongue.moment(alert.no_change_at))
        over = alert.phase(view.generated_at) is Phase.EXPIRED
        yield tongue.tell("page_not_renewed" if over else "valid_until", time=tongue.moment(alert.expires_at))
        yield f"{view.status_url}/{alert.language(tongue.tag)}/alerts/{alert.identifier}.html"
        yield ""
    yield from _past(view, tongue)
    yield from drill


def _instructions(view: PublicView, tongue: Tongue) -> Iterator[str]:
    fallback = view.profile.fallback
    if not view.place_groups:
        yield tongue.tell("nothing_open", danger=view.profile.danger_number)
    for group in view.place_groups:
        places = tongue.listed(said(each.place, tongue.tag, fallback)[0] for each in group.places)
        for told in group.instructions:
            level = next(
                (said(e.words, tongue.tag, fallback)[0] for e in view.profile.levels if e.number == told.level), ""
            )
            yield f"- {places}: {level}. {sentence(said(told.command, tongue.tag, fallback)[0])}"
            if told.expires_at and told.not_renewed(view.generated_at):
                yield f"  {tongue.tell('not_renewed', time=tongue.moment(told.expires_at))}"


def _past(view: PublicView, tongue: Tongue) -> Iterator[str]:
    if not (view.lifted or view.past):
        return
    yield f"{tongue.tell('past')}:"
    lifted = next(
        (said(e.words, tongue.tag, view.profile.fallback)[0] for e in view.profile.levels if e.number == 0), ""
    )
    for told in view.lifted:
        name, place = (said(words, tongue.tag, view.profile.fallback)[0] for words in (told.name, told.place))
        at = tongue.moment(told.lifted_at) if told.lifted_at else ""
        yield f"- {lifted}: {tongue.tell('lifted_line', name=name, places=place, time=at)}"
    for alert in view.past:
        phase = alert.phase(view.generated_at)
        at = tongue.moment(alert.expires_at if phase is Phase.EXPIRED else alert.changed_at)
        event = safe_text(alert.document.info(tongue.tag).event)
        yield f"- {tongue.tell(f'phase_{phase}')}: {tongue.tell('past_line', event=event, time=at)}"

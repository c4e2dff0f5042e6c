"""The CAP document of an alert: one Info per language around the words that the kind's cap texts made."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from broadcaster.domain.alert import Alert, Area, Draft, Info, Resource
from broadcaster.domain.errors import Problem
from broadcaster.domain.field import Values
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.language import Language
from broadcaster.domain.profile import Profile
from broadcaster.store.rendering_setting import Setting
from broadcaster.store.rendering_shapes import unmarked

#: CAP 1.2 recommends at most 160 characters, so that a headline can be an SMS.
MAX_HEADLINE = 160
_HTML = re.compile(r"<[A-Za-z/!][^>]*>")


@dataclass(frozen=True, slots=True)
class CapWords:
    """The texts of one Info, with an exercise's marks."""

    headline: str
    description: str
    instruction: str


def cap_problems(tag: str, words: CapWords, languages: Iterable[Language], live: bool) -> list[Problem]:
    """What CAP or its readers would not take."""
    place = f"cap.{tag}"
    problems = []
    over = len(words.headline) - MAX_HEADLINE
    if over > 0:
        problems.append(
            Problem(f"{place}.headline", f"is {over} characters too long of {MAX_HEADLINE}", "Name fewer places.")
        )
    texts = {"headline": words.headline, "description": words.description, "instruction": words.instruction}
    for name, text in texts.items():
        if not text and name != "instruction":
            problems.append(Problem(f"{place}.{name}", "is empty", "Mend its template."))
        if _HTML.search(text):
            problems.append(Problem(f"{place}.{name}", "contains HTML", "CAP is plain text: take the tag out."))
    if live:
        problems += unmarked(place, texts.values(), languages)
    return problems


def beside(values: Values, kind: AlertKind, setting: Setting) -> list[Problem]:
    """What this alert may not be beside others: into a zone where people were sent away, or lifted by somebody else."""
    problems = [
        Problem(
            "area", f"in {', '.join(shared)} people are told to {_command(kind, still.key)}", "Leave those zones out."
        )
        for still in setting.still_applies
        if still.key in kind.never_where and (shared := sorted(set(still.zones) & set(setting.area.zones)))
    ]
    lifted = kind.lifted(values)
    for parent in setting.parents:
        ordered_by = parent.fields.get("decided_by")
        if parent.opened in lifted and ordered_by not in (None, values.get("decided_by")):
            message = f"{parent.opened} was decided by {ordered_by}, and only they can lift it"
            problems.append(Problem("fields.decided_by", message, f"Ask them, and set it to {ordered_by}."))
    return problems


def _command(kind: AlertKind, key: str) -> str:
    return next(iter(kind.instructions[key].command.values()))


def alert_of(
    draft: Draft, values: Values, kind: AlertKind, profile: Profile, setting: Setting, words: Mapping[str, CapWords]
) -> Alert:
    """Build the document. `draft` is settled: its languages, severity and end are set."""
    return Alert(
        identifier=setting.identifier,
        sender=profile.cap_sender,
        sent=setting.sent.replace(microsecond=0),  # CAP times have no fractions, and references repeat them
        status=draft.status,
        msg_type=draft.msg_type,
        infos=tuple(_info(tag, draft, values, kind, profile, setting, words[tag]) for tag in draft.languages),
        references=tuple(parent.reference for parent in setting.parents),
        incidents=(draft.incident,),
    )


def _info(
    tag: str, draft: Draft, values: Values, kind: AlertKind, profile: Profile, setting: Setting, words: CapWords
) -> Info:
    cap = kind.cap
    numbers = " / ".join(dict.fromkeys((profile.danger_number, profile.question_number)))
    return Info(
        language=tag,
        categories=cap.categories.pick(values),
        event=kind.event.pick(values)[tag],
        response_types=cap.responses.pick(values),
        urgency=draft.urgency or cap.urgency.pick(values),
        severity=draft.severity or cap.severity.pick(values),
        certainty=draft.certainty or cap.certainty.pick(values),
        sender_name=profile.in_language(profile.sender, tag),
        headline=words.headline,
        description=words.description,
        instruction=words.instruction,
        effective=setting.sent.replace(microsecond=0),
        onset=draft.onset,
        expires=draft.expires or setting.sent + timedelta(minutes=1),
        web=setting.page(tag),
        contact=numbers,
        areas=_areas(tag, values, profile, setting),
        resources=_resources(tag, kind, setting),
        parameters=_parameters(draft, values, kind),
    )


def _areas(tag: str, values: Values, profile: Profile, setting: Setting) -> tuple[Area, ...]:
    ground = setting.area
    named = values.get("place_names")
    names = [str(each[tag]) for each in named if isinstance(each, Mapping)] if isinstance(named, tuple) else []
    names = names or [profile.in_language(words, tag) for words in ground.zones.values()]
    description = ", ".join(names) or profile.in_language(profile.title, tag)
    geocodes = tuple((f"{profile.name}:zone", key) for key in ground.zones)
    return (Area(description, ground.polygons, ground.circles, geocodes),)


def _resources(tag: str, kind: AlertKind, setting: Setting) -> tuple[Resource, ...]:
    """CAP is copied by others and cannot be called back, so only pictures that may go anywhere are in it."""
    if not kind.pictures.reaches("cap"):
        return ()
    return tuple(
        Resource(each.alt.get(tag, ""), each.mime_type, each.uri, each.size, each.digest) for each in setting.pictures
    )


def _parameters(draft: Draft, values: Values, kind: AlertKind) -> tuple[tuple[str, str], ...]:
    opened = kind.opened(values)
    found = []
    if opened:
        found.append(("instruction", opened[0].key))
        found.append(("instructionLevel", str(opened[0].level)))
    if draft.next_update:
        found.append(("nextUpdate", draft.next_update.isoformat(timespec="seconds")))
    return tuple(found)

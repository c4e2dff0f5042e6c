"""The warning check of an alert: its finished texts and its fields, read by the rules of domain/lint with the city's own names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from broadcaster.domain.alert import Draft, MsgType, plain
from broadcaster.domain.errors import Problem
from broadcaster.domain.field import FieldSpec, FieldType, Visibility
from broadcaster.domain.kind import AlertKind, Lane
from broadcaster.domain.lint.case import Case, Given, Text
from broadcaster.domain.lint.catalogue import RULES
from broadcaster.domain.lint.checking import check
from broadcaster.domain.lint.finding import Accepted, Finding
from broadcaster.domain.lint.reading import of_page, words
from broadcaster.domain.profile import Profile, Words
from broadcaster.services.composing import Composed
from broadcaster.store import zones
from broadcaster.store.rarity import rare
from channels.base import Message

#: What somebody says about a warning, in characters.
LONGEST_REASON = 300


def of(connection: Connection, profile: Profile, made: Composed) -> tuple[Finding, ...]:
    """Every finding about a composed draft; texts that could not be made are not looked at."""
    places = zones.names(connection)
    return check(case_of(made.draft, made.kind, profile, made.made.messages, places), rare)


def case_of(
    draft: Draft, kind: AlertKind, profile: Profile, messages: Sequence[Message], places: Sequence[Words]
) -> Case:
    """What the rules are given of one alert. `places` are the names of the city's zones."""
    tags = draft.languages or profile.languages
    given = tuple(_given(kind.fields.values(), draft.fields, "fields", tags))
    if draft.correction:
        given += (Given("correction", dict(draft.correction)),)
    return Case(
        texts=tuple(text_of(each) for each in messages),
        given=given,
        live=draft.status.live,
        update=draft.msg_type is MsgType.UPDATE,
        severity=draft.severity,
        certainty=draft.certainty,
        life_safety=kind.lane is Lane.LIFE_SAFETY,
        senders={tag: (*_of_place(given, "fields.source", tag), *_senders(profile, tag)) for tag in tags},
        subjects={tag: tuple(_subjects(kind, tag)) for tag in tags},
        places=(*places, *(each.words for each in given if "place" in each.place)),
        names=names_of(profile, places) | _names_in(given),
        marks={tag: kind.languages[tag].exercise_first for tag in kind.languages},
    )


def text_of(message: Message) -> Text:
    """A message as words alone; a page without its markup."""
    said = "\n".join(message.parts)
    return Text(message.channel, message.language, of_page(said) if message.channel == "website" else said)


def names_of(profile: Profile, places: Sequence[Words]) -> frozenset[str]:
    """Words that are never rare here: the city's own names, its authorities', and its zones'."""
    every = [*profile.title.values(), *profile.sender.values(), *profile.timezone_name.values(), profile.hashtag]
    every += [said for each in profile.authorities.values() for said in each.words.values()]
    every += [said for each in profile.levels for said in each.words.values()]
    every += [said for each in places for said in each.values()]
    return frozenset(word.casefold() for said in every for word in words(said))


def _names_in(given: Sequence[Given]) -> frozenset[str]:
    """What is written with a capital inside a field's words is a name, wherever else it stands first in a sentence."""
    found = set()
    for each in given:
        for said in each.words.values():
            every = words(said)
            found |= {word.casefold() for word in every[1:] if word[0].isupper()}
            if "name" in each.place or "address" in each.place:
                found |= {word.casefold() for word in every}
    return frozenset(found)


def _senders(profile: Profile, tag: str) -> tuple[str, ...]:
    authorities = (each.words.get(tag, "") for each in profile.authorities.values())
    return tuple(filter(None, (profile.in_language(profile.sender, tag), *authorities)))


def _subjects(kind: AlertKind, tag: str) -> Iterator[str]:
    """What the kind's event and title are called: said, they say what it is about."""
    for each in (kind.title, kind.event.otherwise, *(event for _when, event in kind.event.cases)):
        if each and tag in each:
            yield each[tag]


def _of_place(given: Sequence[Given], place: str, tag: str) -> tuple[str, ...]:
    return tuple(each.words[tag] for each in given if each.place == place and each.words.get(tag))


def _given(
    specs: Any, values: Mapping[str, Any], path: str, tags: Sequence[str], outer: Visibility = Visibility.PUBLIC
) -> Iterator[Given]:
    """Words of the operator's own, field by field; the journal's are nobody's to read."""
    for spec in specs:
        value = values.get(spec.name)
        if value in (None, "", [], {}, ()) or Visibility.JOURNAL in (spec.visibility, outer):
            continue
        entries = value if isinstance(value, list | tuple) else [value]
        if spec.type is FieldType.RECORD:
            for each in entries:
                if isinstance(each, Mapping):
                    yield from _given(spec.fields, each, f"{path}.{spec.name}", tags, spec.visibility)
        elif spec.type is FieldType.TEXT:
            yield from _texts(spec, entries, f"{path}.{spec.name}", tags)


def _texts(spec: FieldSpec, entries: Sequence[Any], place: str, tags: Sequence[str]) -> Iterator[Given]:
    for each in entries:
        if isinstance(each, str):
            yield Given(place, dict.fromkeys(tags, each))
        elif isinstance(each, Mapping):
            yield Given(place, {tag: str(each[tag]) for tag in tags if isinstance(each.get(tag), str)})


def problems(findings: Sequence[Finding]) -> tuple[Problem, ...]:
    """The errors among them, as what stands in the way of a submission."""
    return tuple(Problem(each.place, each.message(), each.cure()) for each in findings if each.error)


def accepted(findings: Sequence[Finding], reasons: Mapping[str, str]) -> tuple[Accepted, ...]:
    """The warnings with what was said about them. `reasons` are per rule; a warning without one goes on as not answered."""
    return tuple(
        Accepted(
            each.rule.id,
            each.place,
            each.language,
            {tag: each.message(tag) for tag in each.rule.says},
            each.seen,
            " ".join(reasons.get(each.rule.id, "").split())[:LONGEST_REASON],
        )
        for each in findings
        if not each.error
    )


def unknown(reasons: Mapping[str, str]) -> tuple[Problem, ...]:
    """Reasons for rules that do not exist."""
    return tuple(
        Problem(f"reasons.{name}", "there is no such rule", f"There are: {', '.join(RULES)}.")
        for name in reasons
        if name not in RULES
    )


def document(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """Findings as JSON shows them, in English and with their rule's source."""
    return [
        {
            "rule": each.rule.id,
            "weight": str(each.rule.weight),
            "place": each.place,
            "language": each.language,
            "said": each.said,
            "seen": list(each.seen),
            "message": each.message(),
            "cure": each.cure(),
            "source": each.rule.source,
        }
        for each in findings
    ]


def kept(warnings: Sequence[Accepted]) -> list[object]:
    """As the alert's row and the journal keep them."""
    return [plain(each) for each in warnings]

"""What a kind of alert is: its fields, its CAP defaults, the rules on its contents, and what it tells people to do.

All of it comes from a folder under templates/alerts/; nothing here knows any kind by name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from pathlib import PurePath
from typing import TypeVar

from broadcaster.domain.alert import Category, Certainty, Draft, MsgType, ResponseType, Severity, Urgency, plain
from broadcaster.domain.condition import Cases, Rule, has
from broadcaster.domain.errors import Problem
from broadcaster.domain.field import FieldSpec, Values, Visibility
from broadcaster.domain.field_reading import Reading, read_fields
from broadcaster.domain.language import Language
from broadcaster.domain.profile import Profile, Words

T = TypeVar("T")


class Lane(StrEnum):
    """Which sender carries it, and which opt-out stops it."""

    LIFE_SAFETY = "life-safety"
    INFORMATION = "information"


class Audience(StrEnum):
    """Whose phones get its texts: those of its area, exactly those who got the alerts that it is about, or both."""

    AREA = "area"
    RECIPIENTS = "recipients"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Instruction:
    """Something people are told to do, from templates/alerts/instructions.yaml; four forms of words, each per language.

    `command` "leave now" · `still` what follows "you shall still" · `name` "evacuation", in a list ·
    `lifted` what stands beside the place when it ends ("evacuation", "evakueringen av"). Where it is open, those in `covers` go
    without saying in the same zone.
    """

    key: str
    command: Words
    still: Words
    name: Words
    lifted: Words
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opening:
    """What an alert opens for its zones: an instruction's key and its level (1 advice, 2 get ready, 3 act now)."""

    key: str
    level: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A call to action from the bank, per language; `short` is what a text message says instead, where it is set."""

    key: str
    words: Words
    short: Words

    def said(self, language: str, briefly: bool) -> str:
        return (self.short.get(language) if briefly else None) or self.words[language]


@dataclass(frozen=True, slots=True)
class CapDefaults:
    """What CAP says unless the draft says otherwise."""

    categories: Cases[tuple[Category, ...]]
    responses: Cases[tuple[ResponseType, ...]]
    urgency: Cases[Urgency]
    severity: Cases[Severity]
    certainty: Cases[Certainty]


@dataclass(frozen=True, slots=True)
class AlertKind:
    """A kind, as its folder declares it.

    `opens` is the instruction that its texts give, if any; `lifts` names the field that lists what it ends. `pictures`
    says how far its pictures may go. `expires_after` is the life of an alert that names no end. `always_two`: never by
    one person or a standing authority, whatever a playbook says (SECURITY R1). `never_where` are instructions that must not be open
    in its zones. `needs` are parts of the draft itself
    that must be given (onset, next_update, area). `short` are the languages in which it has a text message of one segment.
    `correction` is what is sent, unless its author writes better, should an alert of this kind turn out wrong; empty: the words of
    the correction's own templates.
    """

    name: str
    folder: PurePath
    title: Words
    event: Cases[Words]
    lane: Lane
    channels: tuple[str, ...]
    msg_types: tuple[MsgType, ...]
    cap: CapDefaults
    fields: Mapping[str, FieldSpec]
    rules: tuple[Rule, ...]
    needs: tuple[str, ...]
    expires_after: timedelta
    opens: Cases[Opening | None]
    lifts: str
    pictures: Visibility
    always_two: bool
    never_where: tuple[str, ...]
    bank: Mapping[str, Sentence]
    instructions: Mapping[str, Instruction]
    languages: Mapping[str, Language]
    short: frozenset[str] = frozenset()
    audience: Audience = Audience.AREA
    correction: Words = field(default_factory=dict)

    def read(
        self,
        raw: Mapping[str, object],
        msg_type: MsgType,
        languages: Iterable[str],
        zone: tzinfo,
        now: datetime,
    ) -> tuple[Values, tuple[Problem, ...]]:
        """Type and check what was filled in. Problems have the place `fields.NAME`; a field with a problem has no
        value.

        Text becomes a mapping with every one of `languages`, times aware UTC. Reading `plain(values)` gives the same
        values again, so a draft may be stored with them and relative times do not move later.
        """
        reading = Reading(tuple(languages), zone, now, msg_type, frozenset(self.bank), frozenset(self.instructions))
        values = read_fields(self.fields, raw, reading)
        return values, tuple(reading.problems)

    def settle(
        self, draft: Draft, profile: Profile, zone: tzinfo, now: datetime
    ) -> tuple[Draft, Values, tuple[Problem, ...]]:
        """Fill in what the draft leaves to its kind and city, and make every time absolute.

        Returns the settled draft (its fields as `plain(values)`), the typed values, and all problems of fields and
        rules. Settling a settled draft changes nothing.
        """
        languages = draft.languages or profile.languages
        problems = [
            Problem(
                "languages", f"{tag} is not a language of {profile.name}", f"It has: {', '.join(profile.languages)}."
            )
            for tag in languages
            if tag not in profile.languages or tag not in self.languages
        ]
        known = tuple(dict.fromkeys(tag for tag in languages if tag in profile.languages and tag in self.languages))
        values, unread = self.read(draft.fields, draft.msg_type, known, zone, now)
        settled = replace(
            draft,
            languages=known,
            channels=tuple(dict.fromkeys(draft.channels or self.channels)),
            # A life counts from when it begins, which may be tomorrow.
            expires=draft.expires or _whole_minute(max(now, draft.onset or now) + self.expires_after),
            severity=draft.severity or self.cap.severity.pick(values),
            urgency=draft.urgency or self.cap.urgency.pick(values),
            certainty=draft.certainty or self.cap.certainty.pick(values),
            correction=self._correction(draft, known),
        )
        broken = {problem.place for problem in unread}
        rules = (each for each in self.check(settled, values, profile) if each.place not in broken)
        if not unread and not problems:
            stored = plain(values)
            settled = replace(settled, fields=stored if isinstance(stored, dict) else {})
        return settled, values, (*problems, *unread, *rules)

    def _correction(self, draft: Draft, languages: Iterable[str]) -> Words:
        """What is sent should it be wrong: the author's words, else the kind's. A correction has none of its own."""
        if self.audience is Audience.RECIPIENTS:
            return {}
        found = {tag: draft.correction.get(tag) or self.correction.get(tag, "") for tag in languages}
        return {tag: words for tag, words in found.items() if words}

    def check(self, draft: Draft, values: Values, profile: Profile) -> tuple[Problem, ...]:
        """The rules on the contents: what needs what, and who may decide it. `values` are what `read` returned."""
        problems = []
        if draft.msg_type not in self.msg_types:
            allowed = ", ".join(self.msg_types)
            problems.append(Problem("msgType", f"{self.name} cannot be {draft.msg_type}", f"It can be: {allowed}."))
        known = dict(values) | {name: getattr(draft, name) for name in ("onset", "expires", "next_update")}
        known |= {"area": None if draft.area.empty else draft.area, "msg_type": draft.msg_type.value}
        known |= {"resources": draft.resources, "references": draft.references}
        unmet = [name for name in self.needs if not has(known, name)]
        problems += [Problem(name, f"{self.name} needs it", "Fill it in.") for name in unmet]
        if draft.short:
            lacking = [tag for tag in draft.languages if tag not in self.short]
            problems += [
                Problem("short", f"{self.name} has no short text in {tag}", "Send the full one.") for tag in lacking
            ]
        for rule in self.rules:
            if not rule.when.holds(known):
                continue
            lawful = not rule.decider or profile.may_decide(str(values.get("decided_by", "")), rule.decider)
            if not lawful or not rule.require.holds(known):
                problems.append(Problem(rule.place, profile.in_language(rule.message, profile.fallback)))
        return tuple(problems)

    def lifted(self, values: Values) -> tuple[str, ...]:
        """Keys of the instructions that this alert ends in its zones."""
        value = values.get(self.lifts) if self.lifts else None
        return value if isinstance(value, tuple) else ()

    def opened(self, values: Values) -> tuple[Opening, Instruction] | None:
        """The instruction that this alert gives to its zones, with its words; None when it gives none."""
        opening = self.opens.pick(values)
        return (opening, self.instructions[opening.key]) if opening else None


def _whole_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)

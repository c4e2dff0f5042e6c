"""The correction that is written, frozen and approved together with its alert, so that one person can send it the moment it is needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from broadcaster.domain.alert import Draft, Reference, plain
from broadcaster.domain.errors import Problem
from broadcaster.domain.kind import Audience
from broadcaster.domain.lint.checking import check
from broadcaster.domain.profile import Words
from broadcaster.runtime import Runtime
from broadcaster.services import inheriting, playbook_versions, warning_check
from broadcaster.services.composing import Composed
from broadcaster.store import rendering
from broadcaster.store.rarity import rare
from broadcaster.store.rendering import Parent, Still
from channels.base import Message

KIND = "correction"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A correction as the approver sees it: `right` per language, and the texts as they would be if it were sent at once."""

    right: Mapping[str, str]
    texts: tuple[Message, ...]
    problems: tuple[Problem, ...]
    wording: str

    @property
    def stored(self) -> dict[str, object]:
        """As it is kept beside the alert, and hashed with it."""
        return {"right": dict(self.right), "texts": plain(self.texts), "wording": self.wording}


def draft_of(rt: Runtime, old: Draft, parent_id: str, sent: datetime, right: Mapping[str, str]) -> Draft:
    """The correction of an alert: to the same places, on the same channels; empty `right` says not to act on it."""
    kind = rt.kinds[KIND]
    fields = inheriting.shared(rt, kind, old) | {"wrong_sent_at": sent.isoformat()}
    if right:
        fields["right"] = dict(right)
    return inheriting.after(old, parent_id, kind=KIND, fields=fields, severity=None, urgency=None, certainty=None)


def prepare(rt: Runtime, made: Composed, places: Sequence[Words], now: datetime) -> Prepared | None:
    """Put the correction of a draft into words, as if it were sent now; None for an alert that has none.

    Problems have the place `correction`: what does not fit today will not fit in the night in which it is needed.
    `places` are the names of the city's zones.
    """
    document = made.made.alert
    if KIND not in rt.kinds or made.kind.audience is Audience.RECIPIENTS or document is None:
        return None
    draft, kind = made.draft, rt.kinds[KIND]
    wrong = draft_of(rt, draft, document.identifier, now, draft.correction)
    headlines = {info.language: info.headline for info in document.infos}
    parent = Parent(Reference(document.sender, document.identifier, document.sent), headlines, {}, "")
    opened = made.kind.opened(made.kind.read(draft.fields, draft.msg_type, draft.languages, _zone(rt), now)[0])
    names = made.setting.area.zones
    own = {tag: tuple(names[code].get(tag, code) for code in made.zones if code in names) for tag in draft.languages}
    still = made.setting.still_applies + ((Still(opened[0].key, own, made.zones),) if opened else ())
    setting = replace(made.setting, parents=(parent,), still_applies=still, pictures=())
    found = rendering.preview(wrong, kind, rt.profile, setting)
    # What the warning check would refuse when it is sent, it refuses now.
    case = warning_check.case_of(wrong, kind, rt.profile, found.messages, places)
    refused = warning_check.problems(check(case, rare))
    problems = tuple(_placed(each) for each in (*found.problems, *refused))
    return Prepared(draft.correction, found.messages, problems, playbook_versions.wording(rt, KIND))


def _zone(rt: Runtime) -> ZoneInfo:
    return ZoneInfo(rt.profile.timezone)


def _placed(problem: Problem) -> Problem:
    return Problem("correction", problem.message, problem.cure)

"""What a rule says about a text: which rule, how much it weighs, where it is, and the words that it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broadcaster.domain.profile import Words


class Weight(StrEnum):
    """An error stops the text; a warning goes out when somebody has said why."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the check. `says` and `cure` are per language of the reader, for str.format with a finding's `values`.

    `source` names the work that the rule is taken from, as a reader could look it up.
    """

    id: str
    weight: Weight
    source: str
    title: Words
    says: Words
    cure: Words


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a text breaks a rule.

    `place` is a field (`fields.impact`), a part of the alert file (`area`, `next_update`) or a text (`sms.en`). `language` is that of
    the text. `said` are the very words, empty where it is about the whole. `seen` lists the texts that show it.
    """

    rule: Rule
    place: str
    language: str
    said: str = ""
    seen: tuple[str, ...] = ()
    values: Mapping[str, str | Words] = field(default_factory=dict)

    @property
    def error(self) -> bool:
        return self.rule.weight is Weight.ERROR

    def message(self, reader: str = "en") -> str:
        """What is wrong, in the reader's language, else in English."""
        return self._filled(self.rule.says, reader)

    def cure(self, reader: str = "en") -> str:
        """What to do about it."""
        return self._filled(self.rule.cure, reader)

    def _filled(self, pattern: Words, reader: str) -> str:
        values = {
            name: each if isinstance(each, str) else each.get(reader) or each["en"]
            for name, each in self.values.items()
        }
        return (pattern.get(reader) or pattern["en"]).format(said=self.said, **values)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A warning that went on, as the journal and the approver see it. `reason` empty: nobody answered it."""

    rule: str
    place: str
    language: str
    message: Words
    seen: tuple[str, ...] = ()
    reason: str = ""

"""What the warning check is given: finished texts, the fields they were made from, and what is known of the alert."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from broadcaster.domain.alert import Certainty, Severity
from broadcaster.domain.lint.finding import Finding, Rule
from broadcaster.domain.profile import Words

#: Channels in the words of a finding, per language of the reader.
_CHANNELS: Mapping[str, Words] = {
    "sms": {"en": "the text message", "nb": "tekstmeldingen"},
    "x": {"en": "the post on X", "nb": "innlegget på X"},
    "facebook": {"en": "the Facebook post", "nb": "Facebook-innlegget"},
    "website": {"en": "the page", "nb": "siden"},
}


@dataclass(frozen=True, slots=True)
class Text:
    """One finished text: its channel, its language, and its words without markup (posts of a thread joined by line breaks)."""

    channel: str
    language: str
    words: str

    @property
    def place(self) -> str:
        return f"{self.channel}.{self.language}"


@dataclass(frozen=True, slots=True)
class Given:
    """What an operator wrote into one field, per language. `place` is the field's ("fields.impact")."""

    place: str
    words: Words


@dataclass(frozen=True, slots=True)
class Case:
    """One alert, or one text without any alert (then everything but `texts` is left at its default).

    `senders` are names of who warns, `subjects` what the kind is about, per language. `places` are names per language of all that the
    city has. `names` (casefolded words) are never rare. `marks` begin an exercise, per language; `life_safety` false: nothing that
    people must act on at once.
    """

    texts: tuple[Text, ...]
    given: tuple[Given, ...] = ()
    live: bool = True
    update: bool = False
    severity: Severity | None = None
    certainty: Certainty | None = None
    life_safety: bool = True
    senders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    subjects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: tuple[Words, ...] = ()
    names: frozenset[str] = frozenset()
    marks: Words = field(default_factory=dict)

    def source_of(self, said: str, language: str, channel_place: str) -> str:
        """The field in whose words `said` is, else the text's own place."""
        wanted = " ".join(said.casefold().split())
        for each in self.given:
            if wanted in " ".join(each.words.get(language, "").casefold().split()):
                return each.place
        return channel_place

    def find(self, rule: Rule, text: Text, said: str = "", place: str = "", **values: str | Words) -> Finding:
        """A finding in one text, pointing to the field that it comes from."""
        where = place or (self.source_of(said, text.language, text.place) if said else text.place)
        return Finding(rule, where, text.language, said, (text.place,) if text.channel else (), values)


def channel_words(channel: str) -> Words:
    return _CHANNELS.get(channel, {"en": channel, "nb": channel})

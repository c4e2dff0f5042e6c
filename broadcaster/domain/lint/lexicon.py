"""What the warning check knows of a language: words that name dangers and give commands, how times are written, words to avoid."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Pattern = re.Pattern[str]


def phrases(listed: str) -> Pattern:
    """Any of the phrases, separated by commas, standing alone, whatever its capitals. `*` stands for endings; longer ones win."""
    ordered = sorted((each.strip() for each in listed.split(",")), key=len, reverse=True)
    escaped = (re.escape(each).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for each in ordered)
    forms = "|".join(escaped)
    return re.compile(rf"(?<![\w-])(?:{forms})(?!\w)", re.IGNORECASE)


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """One language. Patterns search; `clock` patterns may name the groups h, m, half (am, pm) and h2, m2, half2 (a range's end).

    `named` are the languages' names for a reader (per reader's language). `imperatives` are verbs as they begin a command. `told`
    are words in front of one ("you must"). `uncertain_not` spares what only looks uncertain ("you may go home"). `abbreviations`
    end with a full stop and no sentence. `commands` are the calls to action that can contradict each other, by the keys of
    templates/alerts/instructions.yaml; `not_told` in front of one turns it round. `levels` are forecast levels that are the same in
    every language. `jargon` are words of offices that nobody says at home; `ordinary` are words that residents know although
    corpora have them seldom; `endings` are taken off a word before it counts as unknown.
    """

    code: str
    named: Mapping[str, str]
    senders: Pattern
    hazards: Pattern
    near: Pattern
    streets: Pattern
    imperatives: Pattern
    told: Pattern
    clock: tuple[Pattern, ...]
    noon: Mapping[str, int]
    days: Pattern
    weekdays: tuple[Pattern, ...]
    zones: Pattern
    until: Pattern
    relative: Pattern
    uncertain: Pattern
    uncertain_not: Pattern
    blanks: Pattern
    jargon: Pattern
    commands: Mapping[str, Pattern]
    not_told: Pattern
    levels: Mapping[str, Pattern]
    changed: Pattern
    abbreviations: frozenset[str]
    stopwords: frozenset[str]
    ordinary: frozenset[str]
    endings: tuple[str, ...]


#: Those that can be true together of one place: told to leave and where to stay away from, and so on.
LEVEL_OF_COMMAND: Mapping[str, int] = {
    "evacuate": 3,
    "move-up": 3,
    "stay-indoors": 3,
    "prepare-to-leave": 2,
    "stay-informed": 1,
    "go-home": 0,
}


def by_code(every: Iterable[Lexicon]) -> Mapping[str, Lexicon]:
    return {each.code: each for each in every}

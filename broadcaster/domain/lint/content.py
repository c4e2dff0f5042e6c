"""The five contents of a warning that people act on, and their order: source, hazard, location, action, time."""

import re
from collections.abc import Iterator

from broadcaster.domain.lint import catalogue as rules
from broadcaster.domain.lint.case import Case, Text
from broadcaster.domain.lint.finding import Finding
from broadcaster.domain.lint.lexicon import Lexicon, Pattern
from broadcaster.domain.lint.reading import clock_times, sentences, without_links

#: A source further in than this many characters is not what people read first.
FIRST = 60
#: What happens, or what to do, is said within so many sentences.
OPENING = 3
_NOT_YET = 100_000
#: "Sydney Water: …": two names or more, not shouted, before the first colon.
_HEAD = re.compile(r"\s*((?:[A-ZÆØÅ][a-zæøå]+[ -]){1,4}[A-ZÆØÅ][a-zæøå]+):")


def check(case: Case, text: Text, lexicon: Lexicon) -> Iterator[Finding]:
    """What is missing from one text, or comes too late in it."""
    words = without_links(text.words)
    source = where_source(case, text, words, lexicon)
    hazard = _first(words, case.subjects.get(text.language, ()), lexicon.hazards)
    action = where_action(words, lexicon)
    if source is None:
        yield case.find(rules.NO_SOURCE, text, place="fields.source" if case.given else "")
    if hazard is None and case.life_safety:
        yield case.find(rules.NO_HAZARD, text, place="fields.impact" if case.given else "")
    if case.life_safety and not names_a_place(case, text, words, lexicon):
        yield case.find(rules.NO_LOCATION, text, place="area" if case.given else "")
    if action is None and case.life_safety:
        yield case.find(rules.NO_ACTION, text, place="fields.action" if case.given else "")
    if not clock_times(words, lexicon) and not lexicon.days.search(words) and not lexicon.until.search(words):
        yield case.find(rules.NO_TIME, text, place="next_update" if case.given else "")
    yield from _order(case, text, words, source, hazard, action, lexicon)


def _order(
    case: Case, text: Text, words: str, source: int | None, hazard: int | None, action: int | None, lexicon: Lexicon
) -> Iterator[Finding]:
    mark = case.marks.get(text.language, "")
    start = len(mark) if mark and words.lstrip().startswith(mark.rstrip(" :")) else 0
    if source is not None and source - start > FIRST and text.channel != "website":
        late, early = {"en": "who warns", "nb": "hvem som varsler"}, {"en": "that", "nb": "det"}
        yield case.find(rules.ORDER, text, place="fields.source" if case.given else "", late=late, early=early)
    if not case.life_safety or text.channel == "website":
        return
    told = min(_NOT_YET if each is None else each for each in (hazard, action))
    opening = "\n".join(sentences(words, lexicon)[: OPENING + bool(start)])
    if _NOT_YET > told > max(len(opening), FIRST * 2):
        late = {"en": "what happens or what to do", "nb": "hva som skjer eller hva folk skal gjøre"}
        yield case.find(
            rules.ORDER, text, late=late, early={"en": "that, after who warns,", "nb": "det, etter avsenderen,"}
        )


def where_source(case: Case, text: Text, words: str, lexicon: Lexicon) -> int | None:
    """Where who warns is named: the alert's own sender, somebody that the language knows, or a name of two words and a colon."""
    known = _first(words, case.senders.get(text.language, ()), lexicon.senders)
    head = _HEAD.match(words)
    if known is None and head and not lexicon.hazards.search(head[1]) and not lexicon.changed.search(head[1]):
        return head.start(1)
    return known


def where_action(words: str, lexicon: Lexicon) -> int | None:
    """Where people are first told to do something: a verb that begins a sentence or a part of it, or "you must"."""
    start = 0
    places = []
    for sentence in sentences(words, lexicon):
        start = max(words.find(sentence[:20], start), 0)
        if any(lexicon.imperatives.match(part.lstrip('-–•“"« ')) for part in _parts(sentence)):
            places.append(start)
            break
    if told := lexicon.told.search(words):
        places.append(told.start())
    places += [found.start() for each in lexicon.commands.values() if (found := each.search(words))]
    return min(places, default=None)


def _parts(sentence: str) -> list[str]:
    return [part.strip() for piece in sentence.split(",") for part in piece.split(" – ") if part.strip()]


def names_a_place(case: Case, text: Text, words: str, lexicon: Lexicon) -> bool:
    """True when a place of the city is named, or something that is written like one."""
    known = (name for each in case.places for name in each.values())
    folded = words.casefold()
    return (
        any(name.casefold() in folded for name in known)
        or bool(lexicon.near.search(words))
        or bool(lexicon.streets.search(words))
    )


def _first(words: str, names: tuple[str, ...], pattern: Pattern) -> int | None:
    folded = words.casefold()
    places = [place for each in names if each and (place := folded.find(each.casefold())) >= 0]
    if found := pattern.search(words):
        places.append(found.start())
    return min(places, default=None)

"""Whether an alert agrees with itself: between languages, between channels, with its severity, and with being an update."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from broadcaster.domain.alert import Severity
from broadcaster.domain.lint import catalogue as rules
from broadcaster.domain.lint.case import Case, Given, Text, channel_words
from broadcaster.domain.lint.finding import Finding, Rule
from broadcaster.domain.lint.lexicon import LEVEL_OF_COMMAND, Lexicon
from broadcaster.domain.lint.reading import clock, clock_times, without_links
from broadcaster.domain.profile import Words

#: Calls to action that shut each other out for one reader.
_STRONG = frozenset({"evacuate", "move-up", "stay-indoors", "prepare-to-leave", "go-home"})


def check(case: Case, lexicons: Mapping[str, Lexicon]) -> Iterator[Finding]:
    """All contradictions: per field between its languages, per channel between languages, per language between channels."""
    for each in case.given:
        yield from _field(each, lexicons)
    texts = [text for text in case.texts if text.language in lexicons]
    for channel in dict.fromkeys(text.channel for text in texts):
        same = [text for text in texts if text.channel == channel]
        for one, other in pairwise(same):
            yield from _pair(case, one, other, lexicons, of_languages=True)
    for language in dict.fromkeys(text.language for text in texts):
        same = [text for text in texts if text.language == language]
        full = next((text for text in same if text.channel == "website"), None)
        for one, other in ((text, full) for text in same if full is not None and text is not full):
            yield from _pair(case, one, other, lexicons, of_languages=False)
    for text in texts:
        yield from _severity(case, text, lexicons[text.language])
        yield from _update(case, text, lexicons[text.language])


def _field(given: Given, lexicons: Mapping[str, Lexicon]) -> Iterator[Finding]:
    known = [(tag, said) for tag, said in given.words.items() if tag in lexicons]
    for (one, first), (other, second) in pairwise(known):
        if first == second:
            continue
        here, there = clock_times(first, lexicons[one]), clock_times(second, lexicons[other])
        if here and there and set(here) != set(there):
            values = _values(lexicons[one].named, lexicons[other].named, _clocks(here), _clocks(there))
            yield Finding(rules.TIMES_DIFFER, given.place, one, "", (), values)


def _pair(case: Case, one: Text, other: Text, lexicons: Mapping[str, Lexicon], of_languages: bool) -> Iterator[Finding]:
    """Two languages say the same of everything; a shorter channel says nothing that the page does not."""
    here, there = lexicons[one.language], lexicons[other.language]
    names = (here.named, there.named) if of_languages else (channel_words(one.channel), channel_words(other.channel))
    first, second = without_links(one.words), without_links(other.words)

    def found(rule: Rule, place: str, left: str, right: str) -> Finding:
        return Finding(
            rule, place or one.place, one.language, "", (one.place, other.place), _values(*names, left, right)
        )

    mine, theirs = clock_times(first, here), clock_times(second, there)
    if mine and theirs and (set(mine) - set(theirs)) and (not of_languages or set(theirs) - set(mine)):
        lacking = {moment: mine[moment] for moment in mine if moment not in theirs}
        source = case.source_of(next(iter(lacking.values())), one.language, one.place)
        yield found(rules.TIMES_DIFFER, source, _clocks(lacking), _clocks(theirs))
    if place := _unnamed(case, one, other, first, second):
        yield found(rules.PLACES_DIFFER, case.source_of(place, one.language, "area"), place, "")
    colours, others = _levels(first, here), _levels(second, there)
    if colours and others and colours.keys().isdisjoint(others):
        yield found(rules.LEVELS_DIFFER, "", next(iter(colours.values())), next(iter(others.values())))
    mine_told, theirs_told = commands(first, here), commands(second, there)
    ours, yours = mine_told.keys() & _STRONG, theirs_told.keys() & _STRONG
    if ours - yours and yours - ours:
        left, right = (mine_told[min(ours - yours)], theirs_told[min(yours - ours)])
        levels = {LEVEL_OF_COMMAND[min(ours - yours)], LEVEL_OF_COMMAND[min(yours - ours)]}
        yield found(rules.LEVELS_DIFFER if levels == {2, 3} else rules.ACTIONS_DIFFER, "", left, right)


def _unnamed(case: Case, one: Text, other: Text, first: str, second: str) -> str:
    """A place of the city that one text names and the other, in its own language, does not; longest names first."""
    for each in case.places:
        mine, theirs = each.get(one.language, ""), each.get(other.language, "")
        if mine and theirs and _names(first, mine) and not _names(second, theirs) and not _names(second, mine):
            return mine
    return ""


def _names(text: str, name: str) -> bool:
    return name.casefold() in text.casefold()


def _levels(text: str, lexicon: Lexicon) -> dict[str, str]:
    return {key: match.group() for key, pattern in lexicon.levels.items() if (match := pattern.search(text))}


def commands(text: str, lexicon: Lexicon) -> dict[str, str]:
    """Calls to action that are given, key → words; "you do NOT need to leave now" gives none."""
    found: dict[str, str] = {}
    for key, pattern in lexicon.commands.items():
        for match in pattern.finditer(text):
            if not lexicon.not_told.search(text[max(0, match.start() - 40) : match.start()]):
                found.setdefault(key, match.group())
    return found


def _severity(case: Case, text: Text, lexicon: Lexicon) -> Iterator[Finding]:
    if case.severity is None:
        return
    told = commands(without_links(text.words), lexicon)
    highest = max((LEVEL_OF_COMMAND[key] for key in told), default=None)
    mild = case.severity in (Severity.MINOR, Severity.UNKNOWN) and highest == 3 and "lifted" not in told
    grave = case.severity is Severity.EXTREME and highest == 1
    if mild or grave:
        said = next(words for key, words in told.items() if LEVEL_OF_COMMAND[key] == highest)
        yield case.find(
            rules.SEVERITY_WITHOUT_ACTION, text, said, "severity" if case.given else "", severity=str(case.severity)
        )


def _update(case: Case, text: Text, lexicon: Lexicon) -> Iterator[Finding]:
    if not case.update:
        return
    new = next((each.words.get(text.language, "") for each in case.given if each.place == "fields.what_changed"), "")
    if len(new.split()) >= 2:
        return
    if new or not lexicon.changed.search(without_links(text.words)):
        yield case.find(rules.NOTHING_NEW, text, place="fields.what_changed" if case.given else "")


def _values(one: Words, other: Words, first: str, second: str) -> dict[str, str | Words]:
    return {"one": one, "other": other, "first": first, "second": second}


def _clocks(times: Iterable[int]) -> str:
    return ", ".join(clock(each) for each in sorted(times))

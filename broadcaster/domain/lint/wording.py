"""How a text is said: times that hold whenever it is read, plain words, short sentences, a certain tone, few capitals."""

import re
from collections.abc import Callable, Iterator

from broadcaster.domain.alert import Certainty
from broadcaster.domain.lint import catalogue as rules
from broadcaster.domain.lint.case import Case, Text
from broadcaster.domain.lint.finding import Finding
from broadcaster.domain.lint.lexicon import Lexicon
from broadcaster.domain.lint.reading import clock_times, lix, sentences, without_links, words

#: Per cent of letters that may be capitals. One command in capitals is about a tenth of a text message.
MOST_CAPITALS = 30
MOST_WORDS = 20
#: LIX: under 30 easy, 30 to 40 a novel or plain news, over 50 an official text.
MOST_LIX = 40
#: Shorter texts than this have too few words for a share of long ones to mean anything.
LIX_FROM = 40
SHORTEST_CAPITALS = 20
#: A day within so many characters of "today" says which day that is.
NEAR = 16
#: The one command that may stand in capitals: at most six words of them in a row.
_COMMAND = re.compile(r"(?<!\w)(?:[A-ZÆØÅ0-9'’-]{2,}[ ,]+){0,5}[A-ZÆØÅ0-9'’-]{2,}(?!\w)(?![ ,]+[A-ZÆØÅ]{2,}\b)")
_UNSURE = (Certainty.POSSIBLE, Certainty.UNLIKELY, Certainty.UNKNOWN)

#: (word in small letters, language) → True when few people know it.
Rare = Callable[[str, str], bool]


def check(case: Case, text: Text, lexicon: Lexicon | None, rare: Rare | None) -> Iterator[Finding]:
    """Everything about the wording of one text."""
    plain = without_links(text.words)
    yield from _capitals(case, text, plain)
    yield from _long(case, text, lexicon)
    if lexicon is None:
        return
    yield from _times(case, text, plain, lexicon)
    yield from said(case, text, lexicon, rare)


def said(case: Case, text: Text, lexicon: Lexicon, rare: Rare | None) -> Iterator[Finding]:
    """What can be said of words wherever they stand, in a finished text or in a field."""
    plain = without_links(text.words)
    yield from _relative(case, text, plain, lexicon)
    if case.certainty not in _UNSURE:
        yield from _tone(case, text, plain, lexicon)
    for match in lexicon.jargon.finditer(plain):
        yield case.find(rules.RARE_WORD, text, match.group().casefold())
    if rare is not None:
        yield from _rare(case, text, lexicon, rare)


def _capitals(case: Case, text: Text, plain: str) -> Iterator[Finding]:
    mark = case.marks.get(text.language, "").rstrip(":")
    rest = _COMMAND.sub("", plain.replace(mark, "") if mark else plain, count=1)
    letters = [each for each in rest if each.isalpha()]
    if len(letters) < SHORTEST_CAPITALS:
        return
    share = round(100 * sum(each.isupper() for each in letters) / len(letters))
    if share > MOST_CAPITALS:
        yield case.find(rules.CAPITALS, text, share=str(share), most=str(MOST_CAPITALS))


def _long(case: Case, text: Text, lexicon: Lexicon | None) -> Iterator[Finding]:
    for sentence in sentences(text.words, lexicon):
        count = len(words(_untimed(sentence, lexicon)))
        if count > MOST_WORDS:
            said = " ".join(sentence.split()[:6]) + " …"
            place = case.source_of(sentence.rstrip("."), text.language, "") or _holding(case, text, sentence)
            yield case.find(rules.LONG_SENTENCE, text, said, place, count=str(count), most=str(MOST_WORDS))
    if len(words(text.words)) >= LIX_FROM and (found := lix(text.words, lexicon)) > MOST_LIX:
        yield case.find(rules.HARD_TO_READ, text, lix=str(round(found)), most=str(MOST_LIX))


def _untimed(sentence: str, lexicon: Lexicon | None) -> str:
    """Without clock, weekday and date: a reader takes a time in as one thing, however many words it has."""
    for pattern in (*lexicon.clock, lexicon.days, lexicon.zones) if lexicon else ():
        sentence = pattern.sub(" ", sentence)
    return sentence


def _holding(case: Case, text: Text, sentence: str) -> str:
    """The field that gave most of a sentence that a template built; else the text."""
    folded = sentence.casefold()
    inside = [
        (len(said), each.place)
        for each in case.given
        if len(said := each.words.get(text.language, "")) > 20 and said.casefold() in folded
    ]
    return max(inside)[1] if inside else text.place


def _times(case: Case, text: Text, plain: str, lexicon: Lexicon) -> Iterator[Finding]:
    times = clock_times(plain, lexicon)
    if (
        times
        and not lexicon.days.search(plain)
        and not lexicon.zones.search(plain)
        and not lexicon.relative.search(plain)
    ):
        place = "next_update" if case.given else ""
        yield case.find(rules.DATELESS_TIME, text, next(iter(times.values())), place)


def _relative(case: Case, text: Text, plain: str, lexicon: Lexicon) -> Iterator[Finding]:
    for match in lexicon.relative.finditer(plain):
        beside = plain[max(0, match.start() - NEAR) : match.start()] + " " + plain[match.end() : match.end() + NEAR]
        if not lexicon.days.search(beside):  # "today, Thursday 13 January" says which day
            yield case.find(rules.RELATIVE_TIME, text, match.group().casefold())


def _tone(case: Case, text: Text, plain: str, lexicon: Lexicon) -> Iterator[Finding]:
    spared = lexicon.uncertain_not.sub(" ", plain)
    for match in lexicon.uncertain.finditer(spared):
        yield case.find(rules.UNCERTAIN, text, match.group().casefold())


def _rare(case: Case, text: Text, lexicon: Lexicon, rare: Rare) -> Iterator[Finding]:
    # A capital makes it a name, an acronym, or the beginning of a sentence, where the three cannot be told apart.
    for word in dict.fromkeys(each for each in words(without_links(text.words)) if len(each) > 3 and each.islower()):
        if word not in case.names and not lexicon.jargon.fullmatch(word) and not known(word, lexicon, rare):
            yield case.find(rules.RARE_WORD, text, word)


def known(word: str, lexicon: Lexicon, rare: Rare) -> bool:
    """A word that people know, with an ending taken off or put on, or put together from two such words."""
    if word in lexicon.ordinary or not rare(word, lexicon.code):
        return True
    stems = [word.removesuffix(end) for end in lexicon.endings if word.endswith(end) and len(word) - len(end) >= 3]
    if any(stem in lexicon.ordinary or not rare(stem, lexicon.code) for stem in stems if len(stem) >= 4):
        return True
    if "-" in word:
        return all(len(part) < 4 or known(part, lexicon, rare) for part in word.split("-"))
    # Norwegian joins words without end; what is made of two known ones can be read.
    return lexicon.code == "nb" and any(_joined(stem, lexicon, rare) for stem in (word, *stems))


def _joined(word: str, lexicon: Lexicon, rare: Rare, more: int = 1) -> bool:
    """Put together from two known words, or from three ("fler-bruks-hall")."""
    return any(
        _part(word[:cut], lexicon, rare)
        and (_part(word[cut:], lexicon, rare) or (more > 0 and _joined(word[cut:], lexicon, rare, more - 1)))
        for cut in range(3, len(word) - 2)
    )


def _part(part: str, lexicon: Lexicon, rare: Rare) -> bool:
    forms = (part, part.removesuffix("s"), part.removesuffix("e"))
    return any(len(form) >= 3 and (form in lexicon.ordinary or not rare(form, lexicon.code)) for form in forms)

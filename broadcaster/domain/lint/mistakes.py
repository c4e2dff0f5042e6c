"""What must never go out: a blank that nobody filled in, an exercise that looks live, nothing but a link, another language."""

import re
from collections.abc import Iterator, Mapping

from broadcaster.domain.lint import catalogue as rules
from broadcaster.domain.lint.case import Case, Given, Text
from broadcaster.domain.lint.finding import Finding
from broadcaster.domain.lint.lexicon import Lexicon
from broadcaster.domain.lint.reading import links, without_links, words

#: Certain leftovers whatever the language: template marks, rows of x or underscores, filler.
_LEFTOVER = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{[a-zæøå_ ]{2,40}\}|_{3,}|(?<!\w)[Xx]{3,}(?!\w)|(?<!\w)XX[:.]XX(?!\w)"
    r"|(?<!\w)(?:HH|hh|TT|tt)[:.](?:MM|mm)(?!\w)|(?<!\w)(?:DD|dd)[./-](?:MM|mm)(?!\w)"
    r"|\b(?:TODO|TBD|FIXME)\b|\blorem ipsum\b|(?<!\S)\?{3,}(?!\S)",
)
_BRACKETS = re.compile(r"(?<![\[<])[\[<]\s*([^\[\]<>]{2,40}?)\s*[\]>](?![\]>])")
_FILL_IN = re.compile(r"(?:insert|fill in|name of|your|sett inn|fyll inn|fyll ut|navn på)\b", re.IGNORECASE)
#: Words of a text that is no more than a link; a name and a verb are already more.
FEWEST_WORDS = 4
#: So many function words of another language, and none or nearly none of its own, make a text that language's.
CERTAIN, LIKELY = 6, 3
_SHORTENERS = frozenset(
    {
        *(
            "bit.ly",
            "t.co",
            "tinyurl.com",
            "goo.gl",
            "ow.ly",
            "is.gd",
            "buff.ly",
            "rb.gy",
            "cutt.ly",
            "tiny.cc",
            "lnkd.in",
        ),
        *(
            "shorturl.at",
            "t.ly",
            "bl.ink",
            "rebrand.ly",
            "v.gd",
            "s.id",
            "tiny.one",
            "shrtco.de",
            "fb.me",
            "adf.ly",
            "soo.gd",
        ),
    }
)
_HOST = re.compile(r"(?:https?://)?(?:www\.)?([^/\s:]+)", re.IGNORECASE)


def check(case: Case, text: Text, lexicons: Mapping[str, Lexicon]) -> Iterator[Finding]:
    """All of one finished text; what it says in its fields is found there."""
    yield from check_words(case, text, lexicons)
    yield from _marks(case, text)
    if links(text.words) and len(words(without_links(text.words))) < FEWEST_WORDS:
        yield case.find(rules.LINK_ONLY, text)
    other = another_language(text.words, text.language, lexicons, CERTAIN)
    if other is not None:
        yield case.find(rules.WRONG_LANGUAGE, text, wanted=lexicons[text.language].named, found=other.named)


def check_words(case: Case, text: Text, lexicons: Mapping[str, Lexicon]) -> Iterator[Finding]:
    """What is wrong wherever it stands: a blank, or a link that hides where it leads."""
    for said in leftovers(text.words, lexicons.get(text.language)):
        yield case.find(rules.PLACEHOLDER, text, said)
    for link in links(text.words):
        host = _HOST.match(link)
        if host and host[1].casefold() in _SHORTENERS:
            yield case.find(rules.SHORTENER, text, host[1].casefold())


def check_given(given: Given, lexicons: Mapping[str, Lexicon]) -> Iterator[Finding]:
    """A field whose words are another language's than the one it was filled in for."""
    for tag, said in given.words.items():
        if len(set(given.words.values())) == 1 < len(given.words):
            continue  # the same in every language: a name
        other = another_language(said, tag, lexicons, LIKELY)
        if other is not None:
            values = {"wanted": lexicons[tag].named, "found": other.named}
            yield Finding(rules.LANGUAGE_MIXED, given.place, tag, said, (), values)


def leftovers(text: str, lexicon: Lexicon | None) -> list[str]:
    """Blanks as they stand in the text; brackets count only around words that blanks are named by.

    People also write [UPDATE], [Zone B] and <<ship's name>>, and mean it.
    """
    found = [match.group() for match in _LEFTOVER.finditer(without_links(text))]
    for match in _BRACKETS.finditer(without_links(text)):
        inside = match[1]
        if _FILL_IN.match(inside) or (lexicon is not None and lexicon.blanks.fullmatch(inside)):
            found.append(match.group())
    return list(dict.fromkeys(found))


def _marks(case: Case, text: Text) -> Iterator[Finding]:
    """The mark of an exercise stands first, and never on what is live; text that only speaks of exercise has no mark."""
    start = text.words.lstrip()
    own = case.marks.get(text.language, "")
    if not case.live:
        # A page begins with its headings; everything else is read from its first word.
        opening = start[:200] if text.channel == "website" else start[: len(own) + 2]
        if own and own.split()[0].rstrip(":") not in opening:
            yield case.find(rules.EXERCISE_UNMARKED, text, mark=own)
        return
    for mark in case.marks.values():
        word = mark.split()[0].rstrip(":")
        if re.match(rf"{re.escape(word)}(?:\s*[:!.–-]|\s+{re.escape(word)}\b)", start):
            yield case.find(rules.EXERCISE_IN_LIVE, text, word, place=text.place)


def another_language(text: str, tag: str, lexicons: Mapping[str, Lexicon], least: int) -> Lexicon | None:
    """The language that a text is in, where that is certainly not `tag`: by counting function words that only one of them has."""
    if tag not in lexicons:
        return None
    every = [word.casefold() for word in words(without_links(text))]
    counts = {}
    for code in lexicons:
        only = _only(code, lexicons)
        counts[code] = sum(word in only for word in every)
    best = max(counts, key=lambda code: counts[code])
    if best != tag and counts[best] >= least and counts[tag] * 6 <= counts[best]:
        return lexicons[best]
    return None


def _only(code: str, lexicons: Mapping[str, Lexicon]) -> frozenset[str]:
    others = frozenset[str]().union(*(each.stopwords for other, each in lexicons.items() if other != code))
    return lexicons[code].stopwords - others

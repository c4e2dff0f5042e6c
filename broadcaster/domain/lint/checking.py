"""Runs every rule over an alert's texts and fields, and puts what is about the same words together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from broadcaster.domain.lint import agreement, content, mistakes, wording
from broadcaster.domain.lint.case import Case, Given, Text
from broadcaster.domain.lint.catalogue import LANGUAGE_MIXED, RULES
from broadcaster.domain.lint.finding import Finding
from broadcaster.domain.lint.lexicon import Lexicon
from broadcaster.domain.lint.lexicons import LEXICONS
from broadcaster.domain.lint.wording import Rare


def check(case: Case, rare: Rare | None = None, lexicons: Mapping[str, Lexicon] = LEXICONS) -> tuple[Finding, ...]:
    """Every finding, errors first, then in the order of the catalogue. `rare` None: words are not looked up.

    The same words in several channels are one finding; `seen` lists the texts.
    """
    found = _merged(_every(case, rare, lexicons))
    order = {name: number for number, name in enumerate(RULES)}
    return tuple(sorted(found, key=lambda each: (not each.error, order[each.rule.id])))


def errors(case: Case, lexicons: Mapping[str, Lexicon] = LEXICONS) -> tuple[Finding, ...]:
    """Only what stops a submission, at a tenth of the cost: for texts that are tried by the hundred."""
    found = (each for text in case.texts for each in mistakes.check(case, text, lexicons) if each.error)
    return tuple(_merged(found))


def _every(case: Case, rare: Rare | None, lexicons: Mapping[str, Lexicon]) -> Iterator[Finding]:
    for text in case.texts:
        lexicon = lexicons.get(text.language)
        wrong = list(mistakes.check(case, text, lexicons))
        yield from wrong
        if any(each.rule.id in ("wrong-language", "link-only") for each in wrong):
            continue  # nothing else can be said of it
        if lexicon is not None:
            yield from content.check(case, text, lexicon)
        yield from wording.check(case, text, lexicon, rare)
    for each in case.given:
        yield from mistakes.check_given(each, lexicons)
        yield from _field(case, each, rare, lexicons)
    yield from agreement.check(case, lexicons)


def _field(case: Case, given: Given, rare: Rare | None, lexicons: Mapping[str, Lexicon]) -> Iterator[Finding]:
    """A field's words by themselves: no text may show them yet, because something else is still missing."""
    for tag, words in given.words.items():
        text = Text("", tag, words)
        yield from mistakes.check_words(case, text, lexicons)
        if tag in lexicons:
            yield from wording.said(case, text, lexicons[tag], rare)


def _merged(found: Iterable[Finding]) -> list[Finding]:
    first: dict[tuple[str, str, str, str], Finding] = {}
    for each in found:
        # What is missing is missing from each text by itself; words are the same words wherever they are read.
        about = each.said or (each.place if each.place.count(".") == 0 or each.place.startswith("fields.") else "")
        key = (each.rule.id, each.language, about, "" if about else each.place)
        if key in first:
            known = first[key]
            first[key] = replace(known, seen=tuple(dict.fromkeys((*known.seen, *each.seen))))
        else:
            first[key] = each
    mixed = {(each.place, each.language) for each in first.values() if each.rule is LANGUAGE_MIXED}
    return [each for each in first.values() if each.rule.id != "rare-word" or (each.place, each.language) not in mixed]

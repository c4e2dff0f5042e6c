"""How common a word is, from wordfreq's lists; only these are loaded, and only when the first text is checked."""

import functools
from importlib import import_module

#: wordfreq's small lists end here: one in a million words, which is what Zipf 3 means.
ZIPF = 3.0
#: Languages whose lists are good enough to complain by.
LISTED = frozenset({"en", "nb"})


def rare(word: str, language: str) -> bool:
    """True when a word (in small letters) is less common than Zipf 3 in `language`; a language without a list has no rare words.

    The first word costs 0.2 s and 8 MB a language; the next some microseconds.
    """
    return language in LISTED and word not in _common(language)


@functools.cache
def _common(language: str) -> frozenset[str]:
    # Imported here because most processes never check a text.
    found: dict[str, float] = import_module("wordfreq").get_frequency_dict(language, "small")
    return frozenset(found)

"""How common a word is, from wordfreq's lists; only these are loaded, and only when the first text is checked."""

import functools
import gzip
from importlib.util import find_spec
from pathlib import Path

import msgpack  # type: ignore[import-untyped]

#: Languages whose lists are good enough to complain by. A word is rare under Zipf 3, one in a million: there the small lists end.
LISTED = frozenset({"en", "nb"})


def rare(word: str, language: str) -> bool:
    """True when a word (in small letters) is less common than Zipf 3 in `language`; a language without a list has no rare words.

    The first word of a language costs 6 ms and 5 MB, the next less than a microsecond.
    """
    return language in LISTED and word not in _common(language)


@functools.cache
def _common(language: str) -> frozenset[str]:
    """Every word of a small list. Its file is read as it is: wordfreq's own reader imports tokenisers that take ten times as long."""
    found = find_spec("wordfreq")
    if found is None or not found.submodule_search_locations:
        raise LookupError("the package wordfreq is not installed: run `make setup`")
    file = Path(found.submodule_search_locations[0]) / "data" / f"small_{language}.msgpack.gz"
    head, *groups = msgpack.unpackb(gzip.decompress(file.read_bytes()))
    if head != {"format": "cB", "version": 1}:
        raise ValueError(f"{file.name} is not the list that this was written for: {head}")
    return frozenset(word for group in groups for word in group)

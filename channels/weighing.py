"""twitter-text's own counting, imported from here only: the library needs a package that setuptools has dropped."""

import re
import sys
from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any

#: Whatever an emoji can begin with or hold, keycaps included: © and ®, then nothing below ‼ (Unicode's emoji-data.txt).
_MAYBE = re.compile("[\u00a9\u00ae\u203c-\U0010ffff]")


def _resource_string(module: str, name: str) -> bytes:
    return files(module.rpartition(".")[0]).joinpath(name).read_bytes()


@cache
def _load() -> Any:
    """Import twitter_text with a stand-in for pkg_resources, of which it uses one function to read one file.

    setuptools removed pkg_resources in version 82 and warns of it before; the stand-in is gone again after the import.
    """
    lent = "pkg_resources" not in sys.modules
    if lent:
        stand_in = ModuleType("pkg_resources")
        stand_in.resource_string = _resource_string  # type: ignore[attr-defined]
        sys.modules["pkg_resources"] = stand_in
    try:
        import twitter_text
    finally:
        if lent:
            del sys.modules["pkg_resources"]
    _look_for_emoji_only_where_there_can_be_some()
    return twitter_text


def _look_for_emoji_only_where_there_can_be_some() -> None:
    """Most posts have none, and the library's search for them is three quarters of its time."""
    module: Any = sys.modules["twitter_text.parse_tweet"]
    search = module.extract_emojis_with_indices
    module.extract_emojis_with_indices = lambda text: search(text) if _MAYBE.search(text) else []


def parse_tweet(text: str) -> Any:
    """twitter-text's verdict on a post; the library takes a while to load, so that waits for the first post."""
    return _load().parse_tweet(text)


def extract_urls_with_indices(text: str) -> Any:
    """twitter-text's list of the addresses in a text: mappings with `url` and `indices`."""
    return _load().extract_urls_with_indices(text)

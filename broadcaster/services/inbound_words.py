"""Reading a text from a resident: is it STOP, START or HELP in any of our languages, and is somebody in danger?"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Keyword = Literal["stop", "start", "help"]

#: The English words are those that Twilio acts upon by itself: what it blocks, we must know to be blocked.
KEYWORDS: Mapping[str, Mapping[str, Keyword]] = {
    "en": {
        **dict.fromkeys(("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout"), "stop"),
        **dict.fromkeys(("opt out", "revoke"), "stop"),
        **dict.fromkeys(("start", "unstop", "yes"), "start"),
        **dict.fromkeys(("help", "info"), "help"),
    },
    "nb": {
        **dict.fromkeys(("stopp", "avslutt", "slutt", "avmeld", "meld meg av"), "stop"),
        **dict.fromkeys(("begynn", "meld meg på", "ja"), "start"),
        **dict.fromkeys(("hjelp",), "help"),
    },
}
#: They only mean START to somebody who said STOP before; else they answer something we wrote.
ONLY_AFTER_STOP = frozenset(("yes", "ja"))
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Command:
    """A keyword, and the language that it gives away ("" where several could be meant)."""

    keyword: Keyword
    language: str
    word: str


def plain(text: str) -> str:
    """For comparing: one case, one form of every letter, straight apostrophes, single spaces, nothing invisible."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("`", "'")
    text = "".join(each for each in text if unicodedata.category(each) not in ("Cf", "Cc") or each.isspace())
    return _SPACES.sub(" ", text).strip().casefold()


def command(text: str, languages: Iterable[str]) -> Command | None:
    """The keyword that is all of a text, but for punctuation around it; English ones always, for the carrier knows them."""
    word = _EDGES.sub("", plain(text))
    for language in dict.fromkeys((*languages, "en")):
        if keyword := KEYWORDS.get(language, {}).get(word):
            return Command(keyword, "" if language == "en" else language, word)
    return None


def danger(text: str, words: Mapping[str, Iterable[str]]) -> str:
    """The language of the first word of danger in a text, or "" when it has none.

    A word also counts as the beginning of a longer one ("drown" in "drowning"): a text pinned in vain costs one click.
    """
    said = plain(text)
    for language, of_language in words.items():
        for word in map(plain, of_language):
            start = r"(?<!\w)" if word[:1].isalnum() else ""
            if word and re.search(start + re.escape(word), said):
                return language
    return ""

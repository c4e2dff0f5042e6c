"""A text as a reader takes it in: its words, sentences, clock times and links."""

import functools
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

from broadcaster.domain.lint.lexicon import Lexicon

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"']+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/[^\s<>\"']+", re.IGNORECASE)
#: Several rules read the same text; so many are remembered (an alert has eight, and their fields).
_TEXTS = 64
_HASHTAG = re.compile(r"#\w+")
_COUNT = re.compile(r"\s\d{1,2}/\d{1,2}(?=\s|$)")
_END = re.compile(r"(?<=[.!?…:;])\s+(?=[^a-zæøå\d\s])|\s*[\n•]\s*")
_BREAKS = frozenset(
    {"h1", "h2", "h3", "h4", "p", "li", "dt", "dd", "section", "ul", "ol", "dl", "figure", "article", "br", "div", "tr"}
)


class _Page(HTMLParser):
    """Lines of a page's words; tags are gone."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        self.lines[-1] += data


def of_page(html: str) -> str:
    """The words of an HTML fragment, a block on each line."""
    page = _Page()
    page.feed(html)
    page.close()
    return "\n".join(line for each in page.lines if (line := " ".join(each.split())))


@functools.lru_cache(maxsize=_TEXTS)
def without_links(text: str) -> str:
    """The words alone: no addresses, hashtags, or counts of a thread's parts ("1/2")."""
    return _COUNT.sub("", _HASHTAG.sub(" ", LINK.sub(" ", text)))


def links(text: str) -> list[str]:
    return [each.rstrip(".,;:)") for each in LINK.findall(text)]


@functools.lru_cache(maxsize=_TEXTS)
def sentences(text: str, lexicon: Lexicon | None) -> tuple[str, ...]:
    """Sentences and the short pieces between marks; a line is at least one. An abbreviation's full stop ends none."""
    return tuple(_sentences(text, lexicon))


def _sentences(text: str, lexicon: Lexicon | None) -> Iterator[str]:
    begun = ""
    for piece in _END.split(without_links(text)):
        begun = f"{begun} {piece}".strip()
        if lexicon is not None and _abbreviated(begun, lexicon):
            continue
        if begun:
            yield begun
        begun = ""
    if begun:
        yield begun


def _abbreviated(piece: str, lexicon: Lexicon) -> bool:
    last = piece.rsplit(maxsplit=1)[-1] if piece else ""
    return last.endswith(".") and last[:-1].casefold() in lexicon.abbreviations


def words(text: str) -> list[str]:
    """Words of letters; numbers are not among them."""
    return WORD.findall(text)


@functools.lru_cache(maxsize=_TEXTS)
def clock_times(text: str, lexicon: Lexicon) -> Mapping[int, str]:
    """Minutes since midnight → the words that say them. "6 to 8 pm" gives both ends."""
    found: dict[int, str] = {}
    rest = text
    for pattern in lexicon.clock:
        for match in pattern.finditer(rest):
            group = match.groupdict()
            half = group.get("half") or group.get("half2")
            ends = [(group["h"], group["m"], half)]
            if group.get("h2"):
                ends.append((group["h2"], group.get("m2"), group.get("half2")))
            for hour, minute, which in ends:
                if (moment := _minutes(int(hour), int(minute or 0), which)) is not None:
                    found.setdefault(moment, match.group().strip().removesuffix("."))
        rest = pattern.sub(lambda match: " " * len(match.group()), rest)
    for word, moment in lexicon.noon.items():
        if re.search(rf"\b{word}\b", rest, re.IGNORECASE):
            found.setdefault(moment, word)
    return found


def _minutes(hour: int, minute: int, half: str | None) -> int | None:
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    return hour % 24 * 60 + minute if hour <= 24 else None


def clock(minutes: int) -> str:
    """14:30, the same in every language."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def lix(text: str, lexicon: Lexicon | None) -> float:
    """Björnsson's readability index: words per sentence + the percentage of words over six letters.

    Names do not count as long words: nobody can write a shorter Strandveien.
    """
    pieces = [each for each in (words(sentence) for sentence in sentences(text, lexicon)) if each]
    every = [word for piece in pieces for word in piece]
    if not every:
        return 0.0
    long = sum(len(word) > 6 for piece in pieces for place, word in enumerate(piece) if not place or word[0].islower())
    return len(every) / len(pieces) + 100 * long / len(every)

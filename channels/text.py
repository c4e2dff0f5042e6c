"""How long a text is in the units its channel counts, and the ways it is made to fit: plain punctuation, a thread."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from channels.weighing import extract_urls_with_indices, parse_tweet

#: GSM 03.38 default alphabet, one septet each (3GPP TS 23.038, 6.2.1); its escape code is not a character.
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: GSM 03.38 extension table, escape + one septet each (3GPP TS 23.038, 6.2.1.1).
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
#: X's limit for an ordinary account, in weighted characters.
POST_LIMIT = 280

#: Typography that turns a whole text into UCS-2, and what a phone shows as well. Only punctuation and spaces: a letter
#: or a sign with a meaning of its own (°, ×, ½) is never touched.
PLAIN = (
    dict.fromkeys("‘’‚‛′´`‹›", "'")
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‐‑‒–—―−•‣", "-")
    | dict.fromkeys("\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f", " ")
    | dict.fromkeys("\u00ad\u200b\u2060\ufeff", "")
    | dict.fromkeys("\u2028\u2029", "\n")
    | {"…": "...", "⁄": "/"}
)

_SPACE_RUN = re.compile(r"[^\S\u00a0\u2007\u202f]+")  # no-break spaces keep a number and its unit together
_TOKEN = re.compile(r"[^\S\u00a0\u2007\u202f]+|(?:(?![。！？])[\S\u00a0\u2007\u202f])+[。！？]*|[。！？]+")
_NAMED = {" ": "a space", "\n": "a new line", "\t": "a tab"}
_CLOSERS = "\"'”’»)]"


@dataclass(frozen=True, slots=True)
class SmsLength:
    """What a text costs as SMS. `units` are septets (GSM-7) or UTF-16 code units (UCS-2)."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    segments: int


@dataclass(frozen=True, slots=True)
class PostLength:
    """What a text costs on X; `valid` when it may be posted as it stands (1 to 280, no forbidden character)."""

    weighted_length: int
    valid: bool


def measure_sms(text: str) -> SmsLength:
    """Count a text as phones and networks do: GSM-7 160/153 or UCS-2 70/67 units a segment (3GPP TS 23.040, 9.2.3.24).

    An escape pair (GSM-7) or a surrogate pair (UCS-2) is never split over two segments. An empty text is one segment.
    """
    if all(character in GSM_BASIC or character in GSM_EXTENDED for character in text):
        widths = [2 if character in GSM_EXTENDED else 1 for character in text]
        return SmsLength("GSM-7", sum(widths), _segments(widths, single=160, multi=153))
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return SmsLength("UCS-2", sum(widths), _segments(widths, single=70, multi=67))


def _segments(widths: list[int], single: int, multi: int) -> int:
    if sum(widths) <= single:
        return 1
    segments, used = 1, 0
    for width in widths:
        if used + width > multi:
            segments, used = segments + 1, 0
        used += width
    return segments


def transliterate_sms(text: str) -> tuple[str, tuple[str, ...]]:
    """Put plain punctuation for typographic, where that keeps the text in GSM-7; say what was replaced.

    Returns the text and one sentence per replaced character, in order of appearance. Letters are never touched. A text
    that needs UCS-2 anyway (Polish, Arabic, an emoji) comes back as it was: nothing would be won.
    """
    plain = "".join(PLAIN.get(character, character) for character in text)
    if plain == text or measure_sms(plain).encoding != "GSM-7":
        return text, ()
    return plain, tuple(
        f"{_shown(character)} became {_shown(PLAIN[character]) or 'nothing'}"
        + (f" ({text.count(character)} times)" if text.count(character) > 1 else "")
        for character in dict.fromkeys(text)
        if character in PLAIN
    )


def _shown(characters: str) -> str:
    if characters in _NAMED:
        return _NAMED[characters]
    invisible = len(characters) == 1 and unicodedata.category(characters) in ("Zs", "Zl", "Zp", "Cf")
    return unicodedata.name(characters).lower() if invisible else characters


def measure_post(text: str) -> PostLength:
    """Count a text as X does (twitter-text, configuration 3): NFC first, a URL 23, an emoji 2, most other letters 1.

    A lone surrogate cannot be sent at all, so it makes the text invalid.
    """
    sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    parsed = parse_tweet(sound)
    return PostLength(int(parsed.weightedLength), bool(parsed.valid) and not _has_lone_surrogate(text))


def _has_lone_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def urls_in(text: str) -> tuple[str, ...]:
    """Return the URLs that X would make clickable, in order, as they are written (a bare domain counts)."""
    return tuple(str(found["url"]) for found in extract_urls_with_indices(text))


def split_thread(
    text: str, link: str = "", limit: int = POST_LIMIT, lead: str = "", mark: str = "", stamp: str = ""
) -> tuple[str, ...]:
    """Cut a post into a numbered thread, only if it does not fit in one.

    The post reads `lead`, `text`, `link`, each on its own line; a `text` that already begins with `lead` or ends with
    `link` does not get it twice. Part 1 always holds the whole lead and the link, so that it stands alone. `mark`
    (EXERCISE) is repeated at the head of every part that does not begin with it. The other parts say `stamp` beside their
    number: X refuses a post in the words of an earlier one, and only part 1 has a link that makes it differ. A cut falls
    on the end of a paragraph or sentence; inside a sentence only when that sentence alone overfills a part; never inside
    a word or a URL, nor at a no-break space.

    Returns parts that `measure_post` calls valid, each at most `limit` weighted characters. Raises ValueError naming
    the word (or character) that cannot be sent.
    """
    body = text.strip()
    if link and body.endswith(link):
        body = body.removesuffix(link).rstrip()
    if lead and body.startswith(lead.strip()):
        body = body.removeprefix(lead.strip())
        glue = "\n" if "\n" in body[: len(body) - len(body.lstrip())] else " "
    else:
        glue = "\n"
    cutter = _Cutter(lead.strip(), glue, body.strip(), link, limit, mark.strip(), stamp)
    whole = cutter.compose(body.strip(), first=True, number="")
    _check_sendable(whole)
    if cutter.fits(whole):
        return (whole,)
    for digits in range(1, 4):
        parts = cutter.cut(digits)
        if len(parts) < 10**digits:
            return tuple(
                cutter.compose(part, first=index == 1, number=f"{index}/{len(parts)}")
                for index, part in enumerate(parts, start=1)
            )
    raise ValueError("the text would need a thread of over 999 posts")


def _check_sendable(whole: str) -> None:
    if not whole.strip():
        raise ValueError("there is nothing to post")
    for character in whole:
        if character in "\ufffe\ufeff\uffff" or _has_lone_surrogate(character):
            raise ValueError(f"X refuses the character U+{ord(character):04X}")


@dataclass(frozen=True, slots=True)
class _Cutter:
    lead: str
    glue: str
    body: str
    link: str
    limit: int
    mark: str
    stamp: str

    def compose(self, part: str, first: bool, number: str) -> str:
        """Build one post around a piece of the body, exactly as it will be sent."""
        opening = self.lead if first else ""
        text = opening + (self.glue if opening and part else "") + part
        if self.mark and not text.startswith(self.mark):
            text = f"{self.mark} {text}".rstrip()
        if number:
            said = number if first or not self.stamp else f"{number}, {self.stamp}"
            text = f"{text} ({said})".lstrip()
        return "\n".join(filter(None, (text, self.link if first else "")))

    def fits(self, post: str) -> bool:
        measured = measure_post(post)
        return measured.valid and measured.weighted_length <= self.limit

    def cut(self, digits: int) -> list[str]:
        """Cut the body greedily, keeping room for a number of `digits` digits on both sides of the stroke."""
        number = "/".join(["9" * digits] * 2)
        tokens: list[str] = _TOKEN.findall(self.body)
        parts: list[str] = []
        while tokens or not parts:
            taken = self._take(tokens, first=not parts, number=number)
            parts.append("".join(tokens[:taken]).strip())
            tokens = tokens[taken:]
            while tokens and _SPACE_RUN.fullmatch(tokens[0]):
                tokens = tokens[1:]
        return parts

    def _take(self, tokens: list[str], first: bool, number: str) -> int:
        """How many tokens the next part holds; 0 only for a first part that already has a lead."""
        most = self._longest(tokens, first, number)
        if most == len(tokens):
            return most
        paragraph = sentence = 0
        for index in range(1, most + 1):
            following = tokens[index : index + 2]
            if "\n" in following[0]:
                paragraph = sentence = index
            elif _ends_sentence(tokens[index - 1], following):
                sentence = index
        if len("".join(tokens[:paragraph])) * 2 >= len("".join(tokens[:most])):
            sentence = paragraph or sentence
        if sentence or (first and self.lead):
            return sentence
        if not most:
            word = next(token for token in tokens if not _SPACE_RUN.fullmatch(token))
            self._require(self.compose(word, first, number), f"the word {word!r}")
        return most

    def _longest(self, tokens: list[str], first: bool, number: str) -> int:
        """The most tokens that fit, by doubling and then halving: one measurement costs about a millisecond."""

        def fitting(count: int) -> bool:
            return self.fits(self.compose("".join(tokens[:count]).strip(), first, number))

        if not fitting(0) and (first or self.mark):
            self._require(self.compose("", first, number), "the opening and the link")
        low, high = 0, 32
        while high < len(tokens) and fitting(high):
            low, high = high, high * 2
        if len(tokens) <= high and fitting(len(tokens)):
            return len(tokens)
        high = min(high, len(tokens))
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fitting(middle) else (low, middle)
        return low

    def _require(self, post: str, what: str) -> None:
        if not self.fits(post):
            needed = measure_post(post).weighted_length
            raise ValueError(f"{what} cannot fit in one post: {needed} of {self.limit} weighted characters")


def _ends_sentence(token: str, following: list[str]) -> bool:
    """True between sentences; not after "kl." or "St.", nor before a small letter or (behind a full stop) a figure."""
    bare = token.rstrip(_CLOSERS)
    if not bare or bare[-1] not in ".!?…。！？؟۔":
        return False
    if bare[-1] in "。！？":
        return True
    after = following[1].lstrip("\"'“‘«([") if len(following) > 1 else ""
    if bare[-1] == ".":
        stem = bare.rstrip(".")
        return not (after[:1].islower() or after[:1].isdigit()) and (len(stem) > 2 or stem.isdigit())
    return not after[:1].islower()

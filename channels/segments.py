"""Which characters make a text dearer than it need be, and what would save a segment: for whoever is still writing it."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from channels.text import GSM_BASIC, GSM_EXTENDED, PLAIN, SmsLength, measure_post, measure_sms

#: Units of one segment, and of each when there are more (3GPP TS 23.040, 9.2.3.24).
_ROOM = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
#: Letters that Unicode does not take apart into a base and a mark.
_BASES = {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T", "œ": "oe", "Œ": "OE"}


@dataclass(frozen=True, slots=True)
class Costly:
    """A character that costs more than others: how often, the first word that has it, and what could stand instead ("": leave it out)."""

    character: str
    times: int
    word: str
    instead: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What a text message costs, and how it could cost less.

    `forcing` turn the whole text into UCS-2, where a segment holds 67 units and not 153; without them it would have
    `plain_segments`. `doubled` count twice. Cut `over` units and it has a segment less (0: it has one only); `room` units are free
    in the last segment.
    """

    length: SmsLength
    forcing: tuple[Costly, ...]
    doubled: tuple[Costly, ...]
    plain_segments: int
    over: int
    room: int


def advise_sms(text: str) -> Advice:
    """What a text message costs, and how it could cost less; nothing is changed by that."""
    length = measure_sms(text)
    forcing = _costly(text, lambda sign: sign not in GSM_BASIC and sign not in GSM_EXTENDED)
    doubled = _costly(text, lambda sign: sign in GSM_EXTENDED) if not forcing else ()
    plain = "".join(_instead(sign) if sign not in GSM_BASIC and sign not in GSM_EXTENDED else sign for sign in text)
    single, multi = _ROOM[length.encoding]
    less = length.segments - 1
    over = max(1, length.units - (single if less == 1 else multi * less)) if less else 0
    held = single if length.segments == 1 else multi * length.segments
    return Advice(length, forcing, doubled, measure_sms(plain).segments, over, max(0, held - length.units))


def heavy_in_post(text: str) -> tuple[Costly, ...]:
    """Characters that X counts twice: emoji, and most letters that are not European."""
    return _costly(text, lambda sign: not sign.isascii() and sign.isprintable() and _weight(sign) > 1)


def costs_more(character: str, encoding: str) -> bool:
    """True for a character to point out in a text of this encoding."""
    return character in GSM_EXTENDED if encoding == "GSM-7" else character not in GSM_BASIC | GSM_EXTENDED


def _weight(character: str) -> int:
    return measure_post(character).weighted_length


def _costly(text: str, test: Callable[[str], bool]) -> tuple[Costly, ...]:
    found = dict.fromkeys(sign for sign in text if test(sign))
    return tuple(Costly(sign, text.count(sign), _word(text, sign), _instead(sign)) for sign in found)


def _word(text: str, sign: str) -> str:
    return next((word for word in text.split() if sign in word), sign)[:40]


def _instead(sign: str) -> str:
    """What a phone shows nearly as well: plain punctuation, or the letter without its mark; "" where there is none."""
    plain = PLAIN.get(sign) or _BASES.get(sign)
    if plain is not None:
        return plain
    base = "".join(each for each in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(each))
    return base if base and base != sign and all(each in GSM_BASIC for each in base) else ""

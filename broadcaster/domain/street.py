"""Streets for crews: what can be read of one in the free words of a register, so that a list can be walked in order."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """Why nobody in a household is known to have an alert's text, the nearest to having it first."""

    UNCONFIRMED = "unconfirmed"
    OPEN = "open"
    FAILED = "failed"
    LANDLINE = "landline"
    STOPPED = "stopped"
    NO_NUMBER = "no_number"


@dataclass(frozen=True, slots=True)
class Address:
    """A street and a number in it; `flat` is what came before a slash ("3/12")."""

    street: str
    number: int
    letter: str = ""
    flat: str = ""

    @property
    def order(self) -> tuple[str, int, str, str]:
        """Along the street."""
        return self.street.casefold(), self.number, self.letter.casefold(), self.flat.casefold()

    @property
    def house(self) -> str:
        """ "12B", "3/12"."""
        return f"{self.flat}/{self.number}{self.letter}" if self.flat else f"{self.number}{self.letter}"


#: "Storgata 12 B, 2. etg": the number after the street; and "3/12B Oxley Road, Rocklea": before it.
_AFTER = re.compile(r"(?P<street>[^\W\d][^\d,/]{2,60}?)\s+(?P<number>\d{1,5})\s?(?P<letter>[A-Za-z]?)(?=$|[\s,])")
_BEFORE = re.compile(
    r"(?:(?:unit|flat|apartment|leilighet)\s+)?(?:(?P<flat>\d{1,5}[A-Za-z]?)/)?(?P<number>\d{1,5})(?P<letter>[A-Za-z]?)\s+"
    r"(?P<street>[^\W\d][^\d,]{2,60}?)(?=$|,)",
    re.IGNORECASE,
)
#: Words that come before a number and are no street.
_NO_STREET = frozenset(
    (
        *("home", "house", "flat", "unit", "apartment", "floor", "boat", "work", "farm", "cabin"),
        *("hjem", "hus", "leilighet", "hybel", "etasje", "båt", "jobb", "gård", "hytte"),
    )
)


def address_of(*texts: str) -> Address | None:
    """The first of `texts` that reads as a street with a number; None when none does."""
    for text in texts:
        words = " ".join(text.split())
        found = _BEFORE.match(words) or _AFTER.match(words)
        if found and found["street"].strip().casefold() not in _NO_STREET:
            flat = found.groupdict().get("flat") or ""
            return Address(found["street"].strip(), int(found["number"]), found["letter"], flat)
    return None

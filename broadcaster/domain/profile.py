"""What a city is: its name and languages, its numbers, and who may decide what there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal

#: Words per language tag.
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Geocoder:
    """How addresses are looked up: ISO country codes, what is added to an address, a box (south, west, north, east)."""

    country_codes: tuple[str, ...] = ()
    suffix: str = ""
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A step of the instruction scale (KINDS.md "Levels"): the word comes first, then the shape, then the colour."""

    number: int
    words: Words
    shape: str


@dataclass(frozen=True, slots=True)
class Authority:
    """Someone who decides, as texts name them inside a sentence ("politiet", "Queensland Police")."""

    key: str
    words: Words


@dataclass(frozen=True, slots=True)
class QuestionHours:
    """When somebody answers the question number: wall clock, weekdays with Monday = 0. All night: 00:00 to 00:00."""

    opens: time
    closes: time
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217: AUD, NOK)."""

    amount: Decimal
    currency: str

    def times(self, number: int) -> "Money":
        """So many times as much."""
        return Money(self.amount * number, self.currency)


#: What cell broadcast takes: 15 pages of 93 letters (3GPP TS 23.041).
CELL_BROADCAST = 1395


@dataclass(frozen=True, slots=True)
class NationalAlert:
    """The alert that others send to every phone in a place: its name, the authority that sends it, and whom to call for it.

    `letters` is the most that it takes.
    """

    name: Words
    authority: str
    number: str
    letters: int


@dataclass(frozen=True, slots=True)
class Lent:
    """An approver whom another house lends, as the profile names them: by the address of their account, for so much and so long.

    `post` is one of domain/standing_orders.POSTS. `kinds` and `zones` are never empty: a borrowed approver is narrow.
    """

    email: str
    post: str
    kinds: frozenset[str]
    zones: frozenset[str]
    until: datetime


@dataclass(frozen=True, slots=True)
class Night:
    """What one person awake may do, by the city's own standing orders; nothing, unless the profile says so.

    `reply_approves`: an approver may answer the text that calls them with its code, where data is down. `fallback` maps a kind to the
    playbook that holds its frozen wording; `fallback_zones` are those it may go to; `fallback_itself`: it goes without anybody's
    hand when nobody has answered.
    """

    reply_approves: bool = False
    fallback: Mapping[str, str] = field(default_factory=dict)
    fallback_zones: frozenset[str] = frozenset()
    fallback_itself: bool = False
    lent: tuple[Lent, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A city, read from one YAML file.

    `name` is its short name in file names and zone codes. `sender` is how residents know it; `cap_sender` identifies it
    in CAP. The first of `languages` is the fallback. `numbers` are phone numbers as people write them, by what they are
    for: danger, question, police, health …. `deciders` maps what may be decided (order-evacuation, missing-person …) to
    the authorities that lawfully may. `sms_segments` is the most segments a text may take, per language. `danger_words`
    mark an inbound text as a matter of life and death. `centre` is (lat, lon). `sms_price` is what one segment costs by the city's
    own contract; None: nobody has said. `staff_phones` (E.164) get every text before the residents do. `national_alert` None: the
    country has none, or nobody has said.
    """

    name: str
    title: Words
    sender: Words
    cap_sender: str
    timezone: str
    timezone_name: Words
    languages: tuple[str, ...]
    phone_region: str
    level_set: str
    levels: tuple[Level, ...]
    numbers: Mapping[str, str]
    hashtag: str
    authorities: Mapping[str, Authority]
    deciders: Mapping[str, tuple[str, ...]]
    sms_segments: Mapping[str, int]
    danger_words: Mapping[str, tuple[str, ...]]
    not_monitored: Words
    status_texts: Mapping[str, Words]
    centre: tuple[float, float]
    zoom: int
    question_hours: QuestionHours
    geocoder: Geocoder = Geocoder()
    staff_phones: tuple[str, ...] = ()
    sms_price: Money | None = None
    national_alert: NationalAlert | None = None
    roster: str = ""
    night: Night = Night()
    zones_file: str = ""

    @property
    def danger_number(self) -> str:
        return self.numbers["danger"]

    @property
    def question_number(self) -> str:
        return self.numbers["question"]

    @property
    def fallback(self) -> str:
        """The language of people whose own the alert does not have."""
        return self.languages[0]

    def may_decide(self, authority: str, power: str) -> bool:
        """True when `authority` may lawfully decide `power`; one that the profile does not name belongs to nobody."""
        return authority in self.deciders.get(power, ())

    def in_language(self, words: Words, language: str) -> str:
        """`words` in `language`, else in the fallback language, else in any."""
        return words.get(language) or words.get(self.fallback) or next(iter(words.values()), "")

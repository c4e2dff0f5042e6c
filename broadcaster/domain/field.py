"""What one blank of an alert may hold, as a kind's file declares it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from broadcaster.domain.alert import MsgType
from broadcaster.domain.profile import Words

#: Field name → typed value; a field that was left empty is not in it.
Values = Mapping[str, object]


#: What templates may name beside a kind's fields; a field cannot have one of these names.
RESERVED = frozenset(
    {
        *("channel", "decider", "details", "event", "expires", "instruction", "kind", "language"),
        *("live", "msg_type", "next_update", "now", "numbers", "onset", "parents", "pictures"),
        *("places", "sender", "shorter", "stage", "still", "timezone_name", "title", "words"),
        "zone_names",
    }
)


class FieldType(StrEnum):
    """What a value is once it is read: see `field_reading` for what may be written."""

    TEXT = "text"
    CHOICE = "choice"
    ACTIONS = "actions"
    TIME = "time"
    DATE = "date"
    NUMBER = "number"
    FLAG = "flag"
    PHONE = "phone"
    ZONES = "zones"
    INSTRUCTIONS = "instructions"
    RECORD = "record"


class Visibility(StrEnum):
    """How far a value may go. An SMS cannot be called back, so it sees only what is public."""

    PUBLIC = "public"  # every channel, and CAP
    POSTS = "posts"  # what can be edited or deleted: page, Facebook, X
    PAGE = "page"  # the website only
    JOURNAL = "journal"  # never published

    def reaches(self, channel: str) -> bool:
        """True when texts of `channel` ("cap" included) may show it."""
        if self is Visibility.PUBLIC:
            return True
        if self is Visibility.POSTS:
            return channel in ("website", "facebook", "x")
        return self is Visibility.PAGE and channel == "website"


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a choice, and its words per language."""

    key: str
    label: Words


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One blank.

    `max_length` counts characters of a text in any language; `max_items` how many a `many` field takes. `minimum` and
    `maximum` bound a number; `whole` keeps it an integer. `only` are the message types in which it is used (empty:
    all). `fresh_for` (minutes) refuses a time that is older, or has not come; `hours` (from, to) refuses one outside them on
    the wall clock. `default` is a raw value; `from_profile`
    names what the city's profile gives instead ("sender", "numbers.danger"). `fields` are those of a record.
    """

    name: str
    type: FieldType
    label: Words
    help: Words
    required: bool = False
    many: bool = False
    visibility: Visibility = Visibility.PUBLIC
    max_length: int = 300
    max_items: int = 12
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    options: tuple[Option, ...] = ()
    only: tuple[MsgType, ...] = ()
    fresh_for: int | None = None
    hours: tuple[time, time] | None = None
    default: object = None
    from_profile: str = ""
    fields: tuple["FieldSpec", ...] = ()

    @property
    def closed(self) -> bool:
        """True when nobody can put words of their own into it (SECURITY R1)."""
        if self.type is FieldType.RECORD:
            return all(each.closed for each in self.fields)
        if self.type is FieldType.NUMBER:
            return self.minimum is not None and self.maximum is not None
        return self.type not in (FieldType.TEXT, FieldType.PHONE)

    def option(self, key: str) -> Option | None:
        return next((each for each in self.options if each.key == key), None)

"""What people write and what goes out: the Draft a coordinator fills in, and the Alert it becomes, in the words of CAP 1.2.

Both are documents: frozen, comparable, and the same wherever they are read. Values of enumerations are CAP's own spelling
(OASIS CAP 1.2, section 3.2).
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import PurePath


class Status(StrEnum):
    """Whether it is real. Exercise and Test never reach a live credential."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    TEST = "Test"

    @property
    def live(self) -> bool:
        return self is Status.ACTUAL


class MsgType(StrEnum):
    """What it does to earlier messages."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Category(StrEnum):
    """CAP category."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class ResponseType(StrEnum):
    """CAP responseType: what people are asked to do."""

    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    EXECUTE = "Execute"
    AVOID = "Avoid"
    MONITOR = "Monitor"
    ASSESS = "Assess"
    ALL_CLEAR = "AllClear"
    NONE = "None"


class Urgency(StrEnum):
    """CAP urgency: how soon to act."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """CAP severity: how great the threat is."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """CAP certainty: how sure it is."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Circle:
    """A centre in degrees (WGS 84) and a radius in kilometres."""

    lat: float
    lon: float
    radius_km: float


@dataclass(frozen=True, slots=True)
class Near:
    """An address still to be looked up, and a radius in kilometres."""

    address: str
    radius_km: float


@dataclass(frozen=True, slots=True)
class Selector:
    """Whom an alert is for: zones, and/or one drawn area. `polygon` is (lat, lon) pairs, closed or not.

    `arrivals` says for some of the zones when the hazard is there (aware UTC): those are told first, the soonest before all others.
    """

    zones: tuple[str, ...] = ()
    polygon: tuple[tuple[float, float], ...] = ()
    circle: Circle | None = None
    near: Near | None = None
    arrivals: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not (self.zones or self.polygon or self.circle or self.near)

    @property
    def order(self) -> tuple[tuple[datetime, tuple[str, ...]], ...]:
        """Arrival → its zones, the soonest first. Whoever is in none of them comes after."""
        moments = sorted({self.arrivals[code] for code in self.zones if code in self.arrivals})
        return tuple((at, tuple(code for code in self.zones if self.arrivals.get(code) == at)) for at in moments)


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture that goes with an alert: a file, its text alternative per language, and its licence."""

    file: str
    alt: Mapping[str, str]
    licence: str = ""


#: A field's value as it was given: text, number, flag, a list or a mapping (per language, or a record of several values).
FieldValue = object


@dataclass(frozen=True, slots=True)
class Draft:
    """What a coordinator composes once: the alert file of the command line, the form of the console, the body of the API.

    `languages` empty means: the profile's. Severity, urgency and certainty None mean: the kind's. Times are aware UTC. `short` asks
    for the kind's one-segment text message, because more would come too late. `correction` says per language what is right, should
    all of this turn out wrong: it is approved together with the alert. A language without it has the kind's words.
    """

    incident: str
    kind: str
    status: Status = Status.ACTUAL
    msg_type: MsgType = MsgType.ALERT
    references: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    severity: Severity | None = None
    urgency: Urgency | None = None
    certainty: Certainty | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    area: Selector = Selector()
    channels: tuple[str, ...] = ()
    onset: datetime | None = None
    expires: datetime | None = None
    next_update: datetime | None = None
    resources: tuple[PictureFile, ...] = ()
    short: bool = False
    correction: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resource:
    """CAP resource: something to look at, with its MIME type, size in bytes, SHA-256 digest and place."""

    description: str
    mime_type: str
    uri: str = ""
    size: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """CAP area: words people use for the place, and its shapes. Polygons are closed rings of (lat, lon)."""

    description: str
    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """CAP info: the alert in one language."""

    language: str
    categories: tuple[Category, ...]
    event: str
    response_types: tuple[ResponseType, ...]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    sender_name: str
    headline: str
    description: str
    instruction: str
    effective: datetime
    onset: datetime | None
    expires: datetime
    web: str = ""
    contact: str = ""
    areas: tuple[Area, ...] = ()
    resources: tuple[Resource, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message, as CAP names it: `sender,identifier,sent`."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """CAP alert: the document that goes out. `sent` is the moment of submission, before which nothing is said."""

    identifier: str
    sender: str
    sent: datetime
    status: Status
    msg_type: MsgType
    infos: tuple[Info, ...]
    references: tuple[Reference, ...] = ()
    incidents: tuple[str, ...] = ()
    note: str = ""
    scope: str = "Public"

    def info(self, language: str) -> Info:
        """The info in `language`, else the first."""
        return next((info for info in self.infos if info.language == language), self.infos[0])


@dataclass(frozen=True, slots=True)
class Incident:
    """Groups the alerts of one event. `hashtag` is without the number sign."""

    name: str
    title: str
    hashtag: str = ""


def plain(value: object) -> object:
    """Turn a document into what JSON can hold: dataclasses to mappings, times to ISO 8601 with offset."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a time without zone: {value}")
        return value.isoformat()
    if isinstance(value, StrEnum | PurePath):
        return str(value)
    if isinstance(value, tuple | list | frozenset | set):
        items = [plain(each) for each in value]
        return items if isinstance(value, tuple | list) else sorted(items, key=str)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{type(value).__name__} cannot be part of a document")


def content_hash(*documents: object) -> str:
    """SHA-256 (hex) over the canonical JSON of documents: what an approval is bound to."""
    text = json.dumps([plain(each) for each in documents], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()

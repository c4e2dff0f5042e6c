"""What surrounds an alert when its texts are made, and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from broadcaster.domain.alert import Alert, Circle, Reference
from broadcaster.domain.errors import Problem
from broadcaster.domain.profile import Words
from channels.base import Limits, Message


@dataclass(frozen=True, slots=True)
class Ground:
    """The area, looked up: closed rings of (lat, lon), circles, and zones as id → name per language.

    `elsewhere` are zones that the fields name and that are not part of it.
    """

    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()
    circles: tuple[Circle, ...] = ()
    zones: Mapping[str, Words] = field(default_factory=dict)
    elsewhere: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parent:
    """An earlier alert that this one refers to: its CAP triple, its headline per language, its typed fields, and the key
    of the instruction it opened, if any."""

    reference: Reference
    headline: Words
    fields: Mapping[str, object] = field(default_factory=dict)
    opened: str = ""


@dataclass(frozen=True, slots=True)
class Still:
    """An instruction that stays open: its key (templates/alerts/instructions.yaml) and its places, names per language."""

    key: str
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicPicture:
    """A picture as residents will find it: its address, what it is, and its text alternative per language."""

    uri: str
    mime_type: str
    alt: Words
    size: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything about the moment and the place that a draft does not hold itself.

    `sent` is aware UTC: relative times count from it. `status_url` has no slash at its end. `limits` are those of the
    channels that are set up; a channel that is not among them cannot be used. `hashtag` is without its sign.
    """

    identifier: str
    token: str
    sent: datetime
    status_url: str
    limits: Mapping[str, Limits]
    parents: tuple[Parent, ...] = ()
    still_applies: tuple[Still, ...] = ()
    area: Ground = Ground()
    hashtag: str = ""
    pictures: tuple[PublicPicture, ...] = ()

    @property
    def short_link(self) -> str:
        """For texts: the page in the first language, which links to the others."""
        return f"{self.status_url}/a/{self.token}/"

    def page(self, language: str) -> str:
        return f"{self.status_url}/{language}/alerts/{self.identifier}.html"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The document and the exact texts, which an approval binds."""

    alert: Alert
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """As much as could be made, and what is wrong with the rest. `alert` is None while its CAP texts cannot be made."""

    alert: Alert | None
    messages: tuple[Message, ...]
    problems: tuple[Problem, ...]

"""The two cities, their kinds, and the moment in January 2011 at which the examples play."""

import dataclasses
import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from broadcaster.domain.alert import Draft, MsgType, Reference, Status
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.profile import Profile
from broadcaster.store.documents import load_kinds, load_profile, read_alert_file
from broadcaster.store.rendering import Ground, Parent, Preview, Setting, preview
from channels.base import Limits, Message

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates" / "alerts"
LIMITS = {
    "sms": Limits("segments", 2),
    "x": Limits("weighted", 280, parts=10, pictures=4),
    "facebook": Limits("characters", 63_206, pictures=10),
    "website": Limits("characters", 1_000_000, pictures=20),
}
#: City → tag of its example files.
CITIES = {"brisbane": "en", "kongsvinger": "nb"}
SITES = {"brisbane": "https://bcc.example", "kongsvinger": "https://kongsvinger.example"}
TOKEN = "7k2mq4xz"


@functools.cache
def kinds() -> Mapping[str, AlertKind]:
    return load_kinds(TEMPLATES)


@functools.cache
def city(name: str) -> Profile:
    return load_profile(ROOT / "profiles" / f"{name}.yaml")


def wall(profile: Profile, day: int, clock: str) -> datetime:
    """A time in January 2011 as the city's clocks show it."""
    hour, minute = (int(each) for each in clock.split(":"))
    return datetime(2011, 1, day, hour, minute, tzinfo=ZoneInfo(profile.timezone)).astimezone(UTC)


def now(profile: Profile) -> datetime:
    return wall(profile, 12, "22:40")


def example(kind: str, profile: Profile, /, **fields: object) -> Draft:
    """A kind's example in this city at its usual moment; see `example_at`."""
    return example_at(kind, profile, now(profile), **fields)


def example_at(kind: str, profile: Profile, at: datetime, /, **fields: object) -> Draft:
    """A kind's example in this city; `fields` replace its own, None takes one out."""
    path = TEMPLATES / kind / f"example.{CITIES[profile.name]}.yaml"
    draft = read_alert_file(path, ZoneInfo(profile.timezone), at)
    merged = {name: value for name, value in {**draft.fields, **fields}.items() if value is not None}
    return dataclasses.replace(draft, fields=merged)


def setting(profile: Profile, draft: Draft, at: datetime | None = None, **more: object) -> Setting:
    """The setting of a draft; an Update refers to an alert of 22:51 the evening before last."""
    names = {key: {tag: key.replace("-", " ").title() for tag in profile.languages} for key in draft.area.zones}
    parents = (
        ()
        if draft.msg_type is MsgType.ALERT
        else (Parent(Reference(profile.cap_sender, "earlier", wall(profile, 12, "22:51")), {}),)
    )
    made = Setting(
        identifier="flood-1",
        token=TOKEN,
        sent=at or now(profile),
        status_url=SITES[profile.name],
        limits=LIMITS,
        area=Ground(zones=names),
        parents=parents,
    )
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]


def shown(draft: Draft, profile: Profile, at: datetime | None = None, **more: object) -> Preview:
    return preview(draft, kinds()[draft.kind], profile, setting(profile, draft, at, **more))


def exercise(draft: Draft) -> Draft:
    return dataclasses.replace(draft, status=Status.EXERCISE)


def text(made: Preview, channel: str, language: str) -> Message:
    """The one message of a channel and language; what stands in the way of it is the test's failure."""
    assert not made.problems, "\n".join(map(str, made.problems))
    (message,) = (each for each in made.messages if (each.channel, each.language) == (channel, language))
    return message

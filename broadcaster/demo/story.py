"""The Brisbane flood of January 2011 in eight alerts: which file, when it was, what happened, and what it refers to.

The alerts themselves are alert files under alerts/, such as an operator writes; every time in them counts from now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from broadcaster.domain.alert import Draft
from broadcaster.domain.profile import Profile
from broadcaster.runtime import FOLDER
from broadcaster.store import documents

#: The city of the story, whatever city this installation serves.
PROFILE = FOLDER / "profiles" / "brisbane.yaml"
ZONES = FOLDER / "profiles" / "zones-brisbane.geojson"
ALERTS = Path(__file__).parent / "alerts"


@dataclass(frozen=True, slots=True)
class Scene:
    """One alert of the story: its file, the moment of 2011 that it stands for, and what is told.

    `updates` are the numbers (from 1) of the scenes that it updates; `texted` is what a resident who got it texts back.
    """

    file: str
    then: str
    told: str
    updates: tuple[int, ...] = ()
    texted: str = ""

    @property
    def path(self) -> Path:
        return ALERTS / self.file


STORY: tuple[Scene, ...] = (
    Scene(
        "1-holding.yaml",
        "Tue 11 January 2011, about noon",
        "Oxley Creek rises. Nobody knows yet how far, and that is what is said first.",
    ),
    Scene(
        "2-flood-warning.yaml",
        "Tue 11 January 2011, afternoon",
        "A peak as high as in 1974 is feared. Who lives low in Rocklea and Oxley is to get ready.",
    ),
    Scene(
        "3-evacuation.yaml",
        "Wed 12 January 2011, evening",
        "The low streets of Rocklea must be empty before the water comes: a drawn area, a route and a place to sleep.",
        texted="The water is rising in our street and my mother cannot walk",
    ),
    Scene(
        "4-missing-person.yaml",
        "Wed 12 January 2011, evening",
        "The police look for a woman of 78. Her name and picture go where they can be taken back, so into no text.",
    ),
    Scene(
        "5-volunteer-call.yaml",
        "Wed 12 January 2011, evening",
        "Sandbags are needed. That is information, not a warning: another lane, and who left it is left alone.",
    ),
    Scene(
        "6-rumour-correction.yaml",
        "Wed 12 January 2011, night",
        "Posts say that Wivenhoe Dam has failed. The fact comes first, and what still applies comes with it.",
    ),
    Scene(
        "7-update.yaml",
        "Thu 13 January 2011, early morning",
        "The river peaked at 4.46 m at the City gauge, a metre below 1974. The warning is updated, not repeated.",
        updates=(2,),
    ),
    Scene(
        "8-all-clear.yaml",
        "Sat 15 January 2011, morning",
        "The streets have been checked. What people were told to do is lifted, zone by zone.",
        updates=(1, 3, 7),
    ),
)


def draft_of(scene: Scene, profile: Profile, sent: Sequence[str], now: datetime) -> Draft:
    """The scene's alert as it would be written `now`; `sent` are the ids of the scenes before it, in order."""
    draft = documents.read_alert_file(scene.path.read_text(encoding="utf-8"), ZoneInfo(profile.timezone), now)
    return replace(draft, references=tuple(sent[number - 1] for number in scene.updates))

"""One real-looking alert that the CAP tests bend and break."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.domain.alert import (
    Alert,
    Area,
    Category,
    Certainty,
    Circle,
    Info,
    MsgType,
    Reference,
    Resource,
    ResponseType,
    Severity,
    Status,
    Urgency,
)

SENT = datetime(2011, 1, 12, 12, 40, tzinfo=UTC)


def flood_info(language: str = "en") -> Info:
    return Info(
        language=language,
        categories=(Category.MET, Category.SAFETY),
        event="Flood",
        response_types=(ResponseType.PREPARE,),
        urgency=Urgency.EXPECTED,
        severity=Severity.SEVERE,
        certainty=Certainty.LIKELY,
        sender_name="Brisbane City Council",
        headline="Flood: get ready to leave Rocklea & Oxley",
        description="The river will cover low streets from 2 am Thu 13 Jan.",
        instruction="Move cars and valuables up. Never drive through water.",
        effective=SENT,
        onset=SENT + timedelta(hours=3),
        expires=SENT + timedelta(hours=15),
        web="https://bcc.example/v/7k2abcde",
        contact="07 3403 8888",
        areas=(
            Area(
                description="Rocklea, Oxley",
                polygons=(((-27.53, 152.99), (-27.53, 153.02), (-27.56, 153.02), (-27.53, 152.99)),),
                circles=(Circle(-27.54, 153.0, 2.5),),
                geocodes=(("zone", "rocklea"),),
            ),
        ),
        resources=(Resource("Map of the streets", "image/png", "https://bcc.example/map.png", 1200, "a" * 40),),
        parameters=(("level", "2"),),
    )


@pytest.fixture
def flood() -> Alert:
    """An Update in English and bokmål that replaces an earlier message."""
    return Alert(
        identifier="brisbane-2011-flood-2",
        sender="alerts@bcc.example",
        sent=SENT,
        status=Status.ACTUAL,
        msg_type=MsgType.UPDATE,
        infos=(flood_info("en"), flood_info("nb")),
        references=(Reference("alerts@bcc.example", "brisbane-2011-flood-1", SENT - timedelta(hours=2)),),
        incidents=("brisbane-river-flood", "January 2011"),
        note="",
    )

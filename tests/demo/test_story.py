"""The story's alerts: each can be sent at any hour of any day, says what it must, and reaches whom the counter expects."""

import io
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broadcaster import clock
from broadcaster.demo.count import audience, outlines_of
from broadcaster.demo.residents import invented_csv
from broadcaster.demo.stage import account
from broadcaster.demo.story import PROFILE, STORY, ZONES, draft_of
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime, build
from broadcaster.services import approval, drafting, pictures
from broadcaster.services.residents import import_residents
from broadcaster.services.zones import import_zones
from broadcaster.settings import Settings
from broadcaster.store.zone_files import read_zones

ADA, BEN = Actor("ada", "Ada", Role.AUTHOR), Actor("ben", "Ben", Role.APPROVER)
ROOT = Actor("root", "Root", Role.ADMIN)
#: As long as an address of the demo can be, and a date that takes as much room as a date can.
PUBLIC_URL = "http://127.0.0.1:65535"
DAY = datetime(2031, 11, 26, 0, 52, tzinfo=ZoneInfo("Australia/Brisbane"))
KINDS = [
    "holding",
    "flood-warning",
    "evacuation",
    "missing-person",
    "volunteer-call",
    "rumour-correction",
    "flood-warning",
    "all-clear",
]


@pytest.fixture
def rt(folder: Path, sqlite_template: Path) -> Iterator[Runtime]:
    """A city without providers or queue: nothing that these tests look at leaves it."""
    shutil.copy(sqlite_template, folder / "broadcaster.db")
    nowhere = dict.fromkeys(("twilio", "sinch", "x", "facebook"), "http://127.0.0.1:9")
    values = {"profile": PROFILE, "var_dir": folder, "public_url": PUBLIC_URL, "live": account(nowhere)}
    runtime = build(Settings.model_validate(values | {"secret_key": "a-key-for-tests-that-is-long-enough-0123456789"}))
    import_zones(runtime.db, runtime.profile, ZONES.read_bytes(), actor=ROOT, now=clock.utc_now())
    yield runtime
    runtime.close()


def test_eight_alerts_of_the_kinds_that_were_sent_in_2011() -> None:
    assert len(STORY) == len(KINDS) == 8
    assert all(scene.path.is_file() for scene in STORY)


def test_every_alert_fits_and_is_complete_at_every_hour_of_the_day(rt: Runtime) -> None:
    """Takes about ten seconds: 192 previews, each of every channel, with what the alerts before have opened."""
    sent: list[str] = []
    for scene, kind in zip(STORY, KINDS, strict=True):
        for hour in range(24):
            now = DAY + timedelta(hours=hour)
            draft = pictures.take_in(rt, draft_of(scene, rt.profile, sent, now), scene.path.parent)
            assert draft.kind == kind
            preview = drafting.preview(rt, draft, now)
            assert not preview.problems, (scene.file, f"{now:%H:%M}")
            assert preview.rendered is not None
            assert {text.channel for text in preview.rendered.messages} >= {"sms", "x", "facebook", "website"}
        sent.append(_send(rt, scene.file, sent))


def _send(rt: Runtime, file: str, sent: list[str]) -> str:
    (scene,) = (each for each in STORY if each.file == file)
    now = clock.utc_now()
    draft = pictures.take_in(rt, draft_of(scene, rt.profile, sent, now), scene.path.parent)
    alert_id = drafting.create(rt, draft, ADA, now)
    approval.approve(rt, alert_id, BEN, drafting.submit(rt, alert_id, ADA, now), clock.utc_now())
    return alert_id


def test_the_missing_womans_name_and_picture_are_on_the_page_and_in_no_text(rt: Runtime) -> None:
    (scene,) = (each for each in STORY if "missing" in each.file)
    now = clock.utc_now()
    draft = pictures.take_in(rt, draft_of(scene, rt.profile, [], now), scene.path.parent)
    made = drafting.preview(rt, draft, now).partly.made
    words = {text.channel: "".join(text.parts) for text in made.messages}
    assert "June Example" in words["website"]
    assert "<img" in words["website"]
    assert "June" not in words["sms"]


def test_the_counter_and_the_store_agree_whom_each_alert_reaches(rt: Runtime) -> None:
    zones = read_zones(ZONES.read_bytes(), ZONES.name, "en")
    register = invented_csv(zones, 2_000, rt.profile.languages)
    now = clock.utc_now()
    report = import_residents(rt.db, rt.profile, io.BytesIO(register), "replace", actor=ROOT, now=now)
    assert report.refused_lines == 0
    outlines = outlines_of(ZONES.read_bytes())
    for scene in STORY:
        draft = draft_of(scene, rt.profile, ["any"] * len(STORY), now)
        counted = drafting.preview(rt, draft, now).audience
        assert counted is not None
        assert counted.phones == len(audience(register, outlines, draft.area)) > 50, scene.file

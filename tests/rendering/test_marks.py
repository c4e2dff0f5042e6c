"""An exercise looks like one wherever it is read, and nothing live does."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Invalid
from broadcaster.store.documents import load_kinds
from broadcaster.store.rendering import render
from broadcaster.store.rendering_shapes import verify
from channels.base import Message
from tests.rendering import stage

BRISBANE = stage.city("brisbane")
LANGUAGES = stage.kinds()["holding"].languages


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
def test_the_marks_are_first_and_last_in_every_channel_and_in_cap(status: Status) -> None:
    draft = dataclasses.replace(stage.example("evacuation", BRISBANE), status=status)
    made = stage.shown(draft, BRISBANE)
    sms, x = stage.text(made, "sms", "en"), stage.text(made, "x", "en")
    facebook, page = stage.text(made, "facebook", "en"), stage.text(made, "website", "en")
    assert sms.parts[0].startswith("EXERCISE EXERCISE: Brisbane City Council: LEAVE NOW.")
    assert sms.parts[0].endswith(f" This is an exercise. {sms.link}")
    assert all(part.startswith("EXERCISE EXERCISE: ") for part in x.parts)
    assert len(x.parts) > 1
    assert "This is an exercise." in x.parts[-1]
    assert facebook.parts[0].startswith("EXERCISE EXERCISE: ")
    assert f"\n\nThis is an exercise.\n\n{facebook.link}" in facebook.parts[0]
    assert page.title.startswith("EXERCISE EXERCISE: ")
    first, *_, last = [line for line in page.parts[0].splitlines() if "xercise" in line]
    assert page.parts[0].splitlines()[1] == first == '<p class="exercise"><strong>EXERCISE EXERCISE:</strong></p>'
    assert page.parts[0].splitlines()[-2] == last == '<p class="exercise"><strong>This is an exercise.</strong></p>'
    assert made.alert is not None
    info = made.alert.infos[0]
    assert made.alert.status is status
    assert info.headline.startswith("EXERCISE EXERCISE: ")
    assert info.description.startswith("EXERCISE EXERCISE")
    assert info.description.endswith("This is an exercise.")
    assert info.instruction.endswith("This is an exercise.")


def test_each_language_has_its_own_marks() -> None:
    profile = stage.city("kongsvinger")
    made = stage.shown(stage.exercise(stage.example("holding", profile)), profile)
    assert stage.text(made, "sms", "nb").parts[0].startswith("ØVELSE ØVELSE: Kongsvinger kommune")
    assert " Dette er en øvelse. https" in stage.text(made, "sms", "nb").parts[0]
    assert stage.text(made, "sms", "en").parts[0].startswith("EXERCISE EXERCISE: Kongsvinger municipality")


@pytest.mark.parametrize(
    "words", ["This is an exercise", "exercise EXERCISE", "Øvelse øvelse: vann", "Dette er en øvelse."]
)
def test_a_live_text_with_an_exercises_marks_is_refused(words: str) -> None:
    made = stage.shown(stage.example("holding", BRISBANE, seen=f"{words}.".replace("..", ".")), BRISBANE)
    assert {f"{channel}.en" for channel in stage.LIMITS} <= {problem.place for problem in made.problems}
    assert not made.messages
    assert made.alert is None


def test_without_its_marks_no_text_of_an_exercise_passes() -> None:
    language = LANGUAGES["en"]
    for channel, text in (
        ("sms", "Brisbane City Council: FLOOD. This is an exercise. https://bcc.example/a/7k2mq4xz/"),
        ("sms", "EXERCISE EXERCISE: Brisbane City Council: FLOOD. https://bcc.example/a/7k2mq4xz/"),
        ("website", "<article><p>FLOOD</p></article>"),
    ):
        problems = verify(Message(channel, "en", (text,)), language, LANGUAGES, live=False)
        assert [problem.place for problem in problems] == [f"{channel}.en"]
    thread = ("EXERCISE EXERCISE: one (1/2)", "two. This is an exercise. (2/2)")
    assert verify(Message("x", "en", thread), language, LANGUAGES, live=False)


def test_a_call_that_ends_in_a_colon_still_ends_as_an_exercise() -> None:
    made = stage.shown(stage.exercise(stage.example("volunteer-call", BRISBANE)), BRISBANE)
    text = stage.text(made, "sms", "en").parts[0]
    assert "when it is full. This is an exercise. https://" in text


def test_a_language_without_marks_cannot_be_loaded(tmp_path: Path) -> None:
    root = tmp_path / "alerts"
    shutil.copytree(stage.TEMPLATES, root)
    languages = root / "languages.yaml"
    languages.write_text(languages.read_text().replace("  exercise_last: Dette er en øvelse.\n", ""))
    with pytest.raises(Invalid, match="exercise_last is missing"):
        load_kinds(root)


def test_render_gives_nothing_when_anything_is_wrong() -> None:
    draft = stage.example("holding", BRISBANE, seen="This is an exercise")
    with pytest.raises(Invalid):
        render(draft, stage.kinds()["holding"], BRISBANE, stage.setting(BRISBANE, draft))

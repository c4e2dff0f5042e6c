"""Operators write words and fields, never templates: whatever they type is shown as it was typed, or refused."""

import dataclasses
import shutil
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broadcaster.domain.alert import content_hash
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.field import FieldType, Visibility
from broadcaster.store import rendering
from broadcaster.store.documents import load_kinds
from broadcaster.store.rendering import PublicPicture
from tests.rendering import stage
from tests.rendering.test_every_text import Page

BRISBANE = stage.city("brisbane")
ATTACKS = [
    "{{ config }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% for x in range(10**9) %}x{% endfor %}",
    "{{ 'a' * 10**9 }}",
    "{# gone #}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
]


def texts_with(field: str, attack: str) -> list[str]:
    spec = stage.kinds()["flood-warning"].fields[field]
    value = [attack] if spec.many else attack
    made = stage.shown(stage.example("flood-warning", BRISBANE, **{field: value}), BRISBANE)
    return [part for message in made.messages if message.channel != "sms" for part in message.parts]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(
    "field",
    [
        name
        for name, spec in stage.kinds()["flood-warning"].fields.items()
        if spec.type is FieldType.TEXT and spec.visibility is not Visibility.JOURNAL and name != "what_changed"
    ],
)
def test_no_field_is_ever_run_as_a_template_or_shown_as_html(field: str, attack: str) -> None:
    for text in texts_with(field, attack[: stage.kinds()["flood-warning"].fields[field].max_length]):
        page = Page(text) if text.startswith("<article") else None
        if page:
            assert not {"script", "iframe"} & set(page.tags)
            assert not any(name.startswith("on") for name, _ in page.attributes)
        assert "&lt;class" not in text
        assert "<class" not in text
        assert len(text) < 20_000


def test_braces_are_shown_as_they_were_typed() -> None:
    made = stage.shown(stage.example("holding", BRISBANE, seen="{{ 7 * 7 }} rising"), BRISBANE)
    assert "{{ 7 * 7 }} RISING" in stage.text(made, "facebook", "en").parts[0]
    assert "{{ 7 * 7 }} rising" in stage.text(made, "website", "en").parts[0]


def test_html_is_escaped_on_the_page_and_refused_in_cap() -> None:
    made = stage.shown(stage.example("holding", BRISBANE, seen="<b>Rising</b>"), BRISBANE)
    assert "cap.en.headline" in {problem.place for problem in made.problems}
    (page,) = [message for message in made.messages if message.channel == "website"]
    assert "&lt;b&gt;Rising&lt;/b&gt;" in page.parts[0]
    assert "<b>" not in page.parts[0]


def test_a_picture_has_words_instead_and_its_address_stays_inside_its_attribute() -> None:
    picture = PublicPicture('x.png" onerror="alert(1)', "image/png", {"en": 'A "map" <of> Rocklea'})
    made = stage.shown(stage.example("holding", BRISBANE), BRISBANE, pictures=(picture,))
    page = Page(stage.text(made, "website", "en").parts[0])
    assert dict(page.attributes)["alt"] == 'A "map" <of> Rocklea'
    assert "onerror" not in dict(page.attributes)


def test_only_an_address_of_the_web_becomes_a_link() -> None:
    fields = {"form": "child", "sex": None, "hair": None, "clothes": None, "condition": None, "age": None}
    fields |= {"last_seen_place": None, "last_seen_at": None, "police_post": "javascript:alert(1)"}
    made = stage.shown(stage.example("missing-person", BRISBANE, **fields), BRISBANE)
    (problem,) = made.problems
    assert problem.place == "website.en"
    assert "is not an address that begins with https://" in problem.message


def test_the_environment_refuses_what_could_reach_out_or_fill_memory(tmp_path: Path) -> None:
    environment = rendering._environment(str(stage.TEMPLATES))
    for source in (
        "{{ ''.__class__.__mro__ }}",
        "{{ 'a' * 10 }}",
        "{{ 10 ** 10 }}",
        "{{ language.moment.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ [].append(1) }}",
        "{% for x in range(1000000) %}x{% endfor %}",
    ):
        with pytest.raises(Exception, match=r"unsafe|not used|undefined|too big"):
            environment.from_string(source).render(language=stage.kinds()["holding"].languages["en"])


def told(folder: Path, name: str, text: str) -> tuple[Problem, ...]:
    """What is wrong with a holding message when one of its templates reads like this."""
    root = folder / "alerts"
    shutil.copytree(stage.TEMPLATES, root)
    (root / "holding" / name).write_text(text)
    draft = stage.example("holding", BRISBANE)
    with pytest.raises(Invalid) as caught:
        rendering.render(draft, load_kinds(root)["holding"], BRISBANE, stage.setting(BRISBANE, draft))
    return caught.value.problems


def test_a_text_that_runs_away_is_cut_off_and_told(tmp_path: Path) -> None:
    problems = told(tmp_path, "facebook.en.txt", "{{ source }}{% for x in range(99999) %}water {% endfor %}")
    assert [problem.place for problem in problems] == ["facebook.en"]
    assert "longer than 200000 characters" in problems[0].message


def test_an_empty_field_that_a_text_needs_is_named(tmp_path: Path) -> None:
    problems = told(tmp_path, "sms.en.txt", "{{ source }}: {{ seen_at | when }}")
    (problem,) = problems
    assert (problem.place, problem.message) == ("fields.seen_at", "is empty, but sms in en needs it")


def test_a_field_that_is_missing_is_complained_of_once_however_many_texts_need_it() -> None:
    draft = stage.example("holding", BRISBANE)
    empty = dataclasses.replace(draft, fields={each: value for each, value in draft.fields.items() if each != "seen"})
    found = rendering.preview(empty, stage.kinds()["holding"], BRISBANE, stage.setting(BRISBANE, draft)).problems
    assert [(each.place, each.message) for each in found] == [("fields.seen", "must be filled in")]


def test_a_journal_field_is_nowhere() -> None:
    profile = stage.city("brisbane")
    for name, kind in stage.kinds().items():
        secret = "Only for the journal 4711"
        hidden = [
            field
            for field, spec in kind.fields.items()
            if spec.visibility is Visibility.JOURNAL and spec.type is FieldType.TEXT
        ]
        draft = stage.example(name, profile, **dict.fromkeys(hidden, secret))
        made = stage.shown(draft, profile)
        assert not made.problems
        assert secret not in repr((made.alert, made.messages))


def test_texts_do_not_depend_on_the_machines_own_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = stage.example("flood-warning", BRISBANE)
    here = stage.shown(draft, BRISBANE)
    monkeypatch.setenv("TZ", "America/Lima")
    time.tzset()
    try:
        assert stage.shown(draft, BRISBANE) == here
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_same_draft_gives_the_same_document_and_texts() -> None:
    for name, kind in stage.kinds().items():
        draft = stage.example(name, BRISBANE)
        setting = stage.setting(BRISBANE, draft)
        first = rendering.render(draft, kind, BRISBANE, setting)
        again = rendering.render(dataclasses.replace(draft), kind, BRISBANE, setting)
        assert content_hash(first.alert, *first.messages) == content_hash(again.alert, *again.messages)
        settled, _, _ = kind.settle(draft, BRISBANE, ZoneInfo(BRISBANE.timezone), setting.sent)
        assert rendering.render(settled, kind, BRISBANE, setting) == first

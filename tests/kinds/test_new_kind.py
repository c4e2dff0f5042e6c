"""A kind is a folder: adding one needs no Python, and a bad one is told with line and column."""

import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broadcaster.domain.errors import Invalid
from broadcaster.store.documents import load_kinds, read_alert_file
from broadcaster.store.rendering import preview, render
from tests.rendering import stage

KIND = """
title: {en: Power cut, nb: Strømbrudd}
event: {en: Power cut, nb: Strømbrudd}
lane: information
channels: [website, sms, x, facebook]
cap: {category: Infra, response: Prepare, urgency: Expected, severity: Minor, certainty: Observed}
needs: [area, next_update]
omit: [impact, action, cannot, confidence, decided_ref, basis]
fields:
  back_by:
    type: time
    required: true
    label: {en: Power is back by, nb: Strømmen er tilbake innen}
  phones_work:
    type: flag
    default: true
    label: {en: Phones work, nb: Telefonene virker}
"""
TEXTS = {
    "sms.en.txt": "{{ source }}: POWER CUT in {{ places | listed }} until {{ back_by | when }}.\n"
    "{% if not phones_work %}Phones may fail.{% endif %}\nDanger: {{ danger_number }}.\n",
    "x.en.txt": "{{ source }}: POWER CUT in {{ places | listed }}.\n\nUntil {{ back_by | when }}.\n",
    "facebook.en.txt": '{% extends "layouts/facebook.en.txt" %}\n{% block lead %}{{ source }}: POWER CUT{% endblock %}\n',
    "website.en.html": '{% extends "layouts/website.html" %}\n{% block what %}{{ facts(["back_by"]) }}{% endblock %}\n',
    "cap.en.txt": "{% block headline %}{{ source }}: POWER CUT{% endblock %}"
    "{% block description %}Until {{ back_by | when }}.{% endblock %}{% block instruction %}{% endblock %}",
}
ALERT = """
incident: storm
kind: power-cut
fields: {back_by: "+1d 06:00", phones_work: false}
area: {zones: [rocklea]}
next_update: "23:30"
"""


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """The templates that ship, with one more folder."""
    root = tmp_path / "alerts"
    shutil.copytree(stage.TEMPLATES, root)
    folder = root / "power-cut"
    folder.mkdir()
    (folder / "kind.yaml").write_text(KIND)
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    return root


def test_a_new_folder_is_a_new_kind(templates: Path) -> None:
    profile = stage.city("brisbane")
    kinds = load_kinds(templates)
    assert set(kinds) == {*stage.kinds(), "power-cut"}
    draft = read_alert_file(ALERT, ZoneInfo(profile.timezone), stage.now(profile))
    rendered = render(draft, kinds["power-cut"], profile, stage.setting(profile, draft))
    texts = {message.channel: message.parts[0] for message in rendered.messages}
    assert texts["sms"] == (
        "Brisbane City Council: POWER CUT in Rocklea until 6 am Thu 13 Jan. Phones may fail. Danger: 000. "
        f"https://bcc.example/a/{stage.TOKEN}/"
    )
    assert "<dt>Power is back by</dt>" in texts["website"]
    assert rendered.alert.infos[0].headline == "Brisbane City Council: POWER CUT"
    assert "2 am" not in texts["x"]
    assert "POWER CUT in Rocklea" in texts["x"]


def test_a_language_without_a_text_is_told_and_nothing_else_suffers(templates: Path) -> None:
    profile = stage.city("kongsvinger")
    draft = read_alert_file(ALERT, ZoneInfo(profile.timezone), stage.now(profile))
    kind = load_kinds(templates)["power-cut"]
    made = preview(draft, kind, profile, stage.setting(profile, draft))
    assert {problem.place for problem in made.problems} == {f"{c}.nb" for c in ("cap", *stage.LIMITS)}
    assert all("does not exist" in problem.message for problem in made.problems)
    assert {message.language for message in made.messages} == {"en"}


@pytest.mark.parametrize(
    ("old", "new", "place", "complaint"),
    [
        ("lane: information", "lane: urgent", "4:7", "life-safety, information"),
        ("category: Infra", "category: Weather", "6:17", "'Weather' is not allowed"),
        ("needs: [area", "needs: [where", "7:8", "'where' is not a part of a draft"),
        ("omit: [impact", "omit: [impakt", "8:7", "no common field 'impakt'"),
        ("  back_by:", "  places:", "11:5", "already means something in texts"),
        ("    type: time", "    type: moment", "11:11", "not allowed here"),
        ("    required: true", "    requred: true", "12:14", "Did you mean required?"),
        ("{en: Power is back by, nb: Strømmen er tilbake innen}", "{en: Power is back by}", "13:12", "no words in nb"),
        ("omit:", "opens: {key: run, level: 3}\nomit:", "8:14", "not in instructions.yaml"),
        ("omit:", "never_where: [run]\nomit:", "8:14", "'run' is not in instructions.yaml"),
        ("omit:", "lifts: back_by\nomit:", "8:8", "not a field of type instructions"),
        ("omit:", "rules: [{when: {colour: red}, place: x, message: {en: a, nb: b}}]\nomit:", "8:8", "'colour'"),
    ],
)
def test_a_bad_kind_is_told_with_its_place(templates: Path, old: str, new: str, place: str, complaint: str) -> None:
    path = templates / "power-cut" / "kind.yaml"
    assert old in KIND
    path.write_text(KIND.replace(old, new, 1))
    with pytest.raises(Invalid) as caught:
        load_kinds(templates)
    told = {problem.place: f"{problem.message} {problem.cure}" for problem in caught.value.problems}
    assert complaint in told[f"{path}:{place}"]


def test_a_text_that_names_an_unknown_or_hidden_field_says_which(templates: Path) -> None:
    profile = stage.city("brisbane")
    (templates / "power-cut" / "sms.en.txt").write_text("{{ source }}: {{ colour }}")
    (templates / "power-cut" / "x.en.txt").write_text("{{ source }}: {% if secret %}x{% endif %}")
    kind_file = templates / "power-cut" / "kind.yaml"
    secret = "  secret: {type: text, visibility: journal, label: {en: Secret, nb: Hemmelig}}\n"
    kind_file.write_text(KIND + secret)
    draft = read_alert_file(ALERT, ZoneInfo(profile.timezone), stage.now(profile))
    with pytest.raises(Invalid) as caught:
        render(draft, load_kinds(templates)["power-cut"], profile, stage.setting(profile, draft))
    told = {problem.place: problem.message for problem in caught.value.problems}
    assert "'colour' is undefined" in told["sms.en"]
    assert "secret is for journal only, so x may not say it" in told["x.en"]
    assert len(told) == 2


def test_a_folder_without_kinds_says_so(templates: Path) -> None:
    for folder in templates.iterdir():
        if (folder / "kind.yaml").exists():
            (folder / "kind.yaml").unlink()
    with pytest.raises(Invalid, match="holds no kind"):
        load_kinds(templates)

"""`broadcaster lint`: forty texts with exactly their findings, alert files, and what it answers to those who use it wrongly."""

import json
from pathlib import Path

import yaml

from tests.cli.conftest import Say

CORPUS = Path(__file__).parents[1] / "lint" / "corpus"
PROFILES = {"en": "profiles/brisbane.yaml", "nb": "profiles/kongsvinger.yaml"}
EXAMPLES = Path(__file__).parents[2] / "templates" / "alerts"


def test_each_of_forty_texts_has_exactly_the_findings_that_were_expected_of_it(say: Say) -> None:
    expected = yaml.safe_load((CORPUS / "expected.yaml").read_text(encoding="utf-8"))
    texts = sorted(CORPUS.glob("*.txt"))
    assert len(texts) == 40
    assert {each.stem for each in texts} == set(expected)
    for file in texts:
        tag = file.stem.split("-")[1]
        options = expected[file.stem].get("options", [])
        result = say("lint", file, "--language", tag, "--json", *options, BROADCASTER_PROFILE=PROFILES[tag])
        answer = json.loads(result.stdout)
        found = ["=".join(filter(None, (each["rule"], each["said"]))) for each in answer["findings"]]
        assert found == expected[file.stem]["findings"], file.stem
        assert result.exit_code == (1 if answer["errors"] else 0)
        assert not (file.stem.startswith("good") and answer["errors"]), file.stem


def test_an_alert_file_is_checked_with_its_fields(say: Say, folder: Path) -> None:
    shipped = EXAMPLES / "flood-warning" / "example.en.yaml"
    assert say("lint", shipped).stdout == "nothing to say\n"
    file = folder / "flood.yaml"
    file.write_text(
        shipped.read_text().replace("The river will cover low streets in", "The river might cover [STREETS] in")
    )
    result = say("lint", file)
    assert result.exit_code == 1
    assert "error placeholder: fields.impact (en) says “[STREETS]”" in result.stdout
    assert "warning uncertain-tone: fields.impact (en) says “might”" in result.stdout
    assert "1 error, 1 warning\n" in result.stdout


def test_a_text_comes_by_stdin_too_and_wrong_use_is_refused(say: Say, folder: Path) -> None:
    assert say("lint", "-", stdin="More: https://bcc.example/flood").exit_code == 1
    assert "is empty" in say("lint", "-", stdin=" \n").stderr
    assert say("lint", "-", "--language", "xx", stdin="Leave now.").exit_code == 2
    assert say("lint", EXAMPLES / "holding" / "example.en.yaml", "--exercise").exit_code == 2
    assert say("lint", folder / "none.txt").exit_code == 2
